# An engine that is there is used; else one is started, in a network of its own, so that it changes nothing on this machine.
engine() {
    why=
    docker info >/dev/null 2>&1 && has_composer && has debootstrap && return 0
    [ "$(id -u)" -eq 0 ] || { why="not root"; return 1; }
    missing=
    has_composer || missing=" docker-compose"
    for tool in dockerd:docker.io debootstrap:debootstrap ip:iproute2 nsenter:util-linux; do
        has "${tool%%:*}" || missing="$missing ${tool##*:}"
    done
    # shellcheck disable=SC2086
    [ -z "$missing" ] || install $missing || { why="these cannot be installed:$missing"; return 1; }
    docker info >/dev/null 2>&1 && return 0
    ip netns add "$name" 2>"$work/dockerd.log" || { why=$(tail -n 1 "$work/dockerd.log"); return 1; }
    ip -n "$name" link set lo up
    # Sockets have paths of at most 108 characters, wherever this checkout is.
    DOCKER_HOST=unix:///run/$name.sock
    export DOCKER_HOST
    rm -rf "$work/docker" "$work/docker.pid"
    nsenter --net="/var/run/netns/$name" dockerd --data-root "$work/docker" --exec-root "/run/$name" -H "$DOCKER_HOST" --pidfile "$work/docker.pid" >"$work/dockerd.log" 2>&1 &
    dockerd=$!
    for _ in $(seq 120); do
        docker info >/dev/null 2>&1 && return 0
        kill -0 $dockerd 2>/dev/null || break
        sleep 0.5
    done
    why=$(tail -n 1 "$work/dockerd.log")
    return 1
}

# Nothing is left: no container, network, volume, image of ours, engine or file of it.
stop_engine() {
    for group in ${base:-}; do kill -- "-$group" 2>/dev/null && wait "$group" 2>/dev/null || true; done
    umount "$work/root/proc" "$work/root/sys" 2>/dev/null || true
    rm -rf --one-file-system "$work/root" "$work/secrets"
    if [ -n "${dockerd:-}" ]; then
        # It would wait for as long as each container may take to stop.
        docker ps -q 2>/dev/null | xargs -r docker kill >/dev/null 2>&1 || true
        kill "$dockerd" 2>/dev/null || true
        wait "$dockerd" 2>/dev/null || true
        rm -rf --one-file-system "$work/docker" "$work/docker.pid" "/run/$name" "/run/$name.sock"
    elif [ -n "${projects:-}" ]; then
        for project in $projects; do
            docker ps -aq --filter "label=com.docker.compose.project=$project" | xargs -r docker rm -fv >/dev/null 2>&1 || true
            for what in network volume; do
                docker $what ls -q --filter "label=com.docker.compose.project=$project" | xargs -r docker $what rm >/dev/null 2>&1 || true
            done
        done
        docker images -q 'pup-verify-*' | sort -u | xargs -r docker image rm -f >/dev/null 2>&1 || true
    fi
    ip netns delete "$name" 2>/dev/null || true
}
