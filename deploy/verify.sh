#!/bin/sh
# Verifies what is in deploy/ with real tools: manifests, unit and rules as they stand; then, in a container engine, the images and the compose stack:
# starts it, places orders, kills and scales silos, and asks the database and Prometheus whether everything is right.
#   deploy/verify.sh          all of it; as root, on Debian
#   deploy/verify.sh static   only what needs no engine
# Exits with 77 when no engine can be started here. Its last line says what was verified.
set -eu
cd "$(dirname "$0")/.."
work=$PWD/artifacts/deploy
name=pupverify$$
mkdir -p "$work"

say() { echo "verify: $*"; }
fail() { echo "verify: FAILED: $*" >&2; exit 1; }
has() { command -v "$1" >/dev/null 2>&1; }

tools() {
    missing=
    has promtool || missing="$missing prometheus"
    has systemd-analyze || missing="$missing systemd"
    [ "${1:-}" = static ] || { has dockerd || missing="$missing docker.io iproute2"; has docker-compose || missing="$missing docker-compose"; has debootstrap || missing="$missing debootstrap"; }
    [ -z "$missing" ] && return 0
    [ "$(id -u)" -eq 0 ] || fail "these are missing, and only root can install them:$missing"
    say "installing$missing"
    DEBIAN_FRONTEND=noninteractive apt-get -qq update
    # shellcheck disable=SC2086
    DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends $missing >"$work/apt.log" 2>&1 || fail "apt-get install$missing: see $work/apt.log"
}

manifests() {
    if has kubectl; then
        for folder in deploy/kubernetes/base deploy/kubernetes/overlays/*; do
            kubectl kustomize "$folder" >"$work/manifest.yaml" || fail "$folder cannot be built"
            [ "$(grep -c '^kind:' "$work/manifest.yaml")" -gt 3 ] || fail "$folder is nearly empty"
            grep -q 'kind: StatefulSet' "$work/manifest.yaml" && fail "$folder has a StatefulSet"
            for key in runAsNonRoot readOnlyRootFilesystem automountServiceAccountToken; do
                grep -q "$key" "$work/manifest.yaml" || fail "$folder: no $key"
            done
        done
        say "Kubernetes: base and overlays build"
    fi
    # The program itself need not be there; a unit with unknown or wrong keys is told about in words, not by the exit code.
    sed 's#^ExecStart=/opt/pup/pup#ExecStart=/bin/true#' deploy/systemd/pup@.service >"$work/pup@.service"
    said=$(systemd-analyze verify "$work/pup@1.service" 2>&1 | grep -v -i 'failed to prepare filename' || true)
    [ -z "$said" ] || fail "systemd: $said"
    say "systemd: $(systemd-analyze security --offline=true "$work/pup@.service" 2>/dev/null | tail -n 1 | sed 's/^[^A-Za-z]*//')"
    promtool check rules deploy/prometheus/*-rules.yml >"$work/rules.log" 2>&1 || fail "rules: $(cat "$work/rules.log")"
    promtool test rules deploy/prometheus/*-tests.yml >"$work/rules.log" 2>&1 || fail "rules: $(cat "$work/rules.log")"
    promtool check config --syntax-only deploy/compose/prometheus.yml >"$work/rules.log" 2>&1 || fail "prometheus.yml: $(cat "$work/rules.log")"
    say "Prometheus: rules checked and tested"
}

# An engine that is there is used; else one is started, in a network of its own, so that it changes nothing on this machine.
engine() {
    docker info >/dev/null 2>&1 && return 0
    [ "$(id -u)" -eq 0 ] && has dockerd && has nsenter || return 1
    ip netns add "$name" 2>/dev/null || return 1
    ip -n "$name" link set lo up
    DOCKER_HOST=unix://$work/docker.sock
    export DOCKER_HOST
    nsenter --net="/var/run/netns/$name" dockerd --data-root "$work/docker" --exec-root "$work/docker-run" -H "$DOCKER_HOST" --pidfile "$work/docker.pid" >"$work/dockerd.log" 2>&1 &
    for _ in $(seq 60); do
        docker info >/dev/null 2>&1 && return 0
        sleep 0.5
    done
    tail -n 5 "$work/dockerd.log" >&2
    return 1
}

finish() {
    status=$?
    trap - EXIT INT TERM
    [ -z "${project:-}" ] || compose down -v --timeout 5 >/dev/null 2>&1 || true
    if [ -s "$work/docker.pid" ]; then
        kill "$(cat "$work/docker.pid")" 2>/dev/null || true
        for _ in $(seq 40); do [ -e "$work/docker.pid" ] && sleep 0.5; done
        ip netns delete "$name" 2>/dev/null || true
        rm -rf "$work/docker" "$work/docker-run" "$work/docker.sock"
    fi
    exit $status
}

# No registry is asked: Debian, the shared framework of the SDK that is here, PostgreSQL and Prometheus make one base for all images.
base_image() {
    docker image inspect pup-verify-base >/dev/null 2>&1 && return 0
    . /etc/os-release
    mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' | grep -v -i security | head -n 1)
    root=$work/root
    rm -rf "$root"
    say "making a base image"
    debootstrap --variant=minbase --include=ca-certificates,postgresql,prometheus,libssl3,zlib1g "$VERSION_CODENAME" "$root" "$mirror" >"$work/debootstrap.log" 2>&1 || fail "debootstrap: see $work/debootstrap.log"
    dotnet=$(dirname "$(readlink -f "$(command -v dotnet)")")
    mkdir -p "$root/usr/share/dotnet"
    cp -a "$dotnet/dotnet" "$dotnet/host" "$dotnet/shared" "$root/usr/share/dotnet/"
    ln -sf /usr/share/dotnet/dotnet "$root/usr/bin/dotnet"
    rm -rf "$root/var/cache/apt" "$root/var/lib/apt/lists"
    tar -C "$root" -c . | docker import - pup-verify-base >/dev/null
    rm -rf "$root"
}

images() {
    base_image
    say "publishing"
    for project in Pup.Silo:pup samples/Shop:shop; do
        dotnet publish "${project%%:*}" -c Release -o "artifacts/publish/${project##*:}" -nodeReuse:false -v quiet -nologo >"$work/publish.log" 2>&1 || fail "publish: $(tail -n 5 "$work/publish.log")"
        docker build -q -f deploy/Dockerfile --target published --build-arg RUNTIME_IMAGE=pup-verify-base --build-arg "PUBLISHED=artifacts/publish/${project##*:}" -t "pup-verify-${project##*:}" . >/dev/null || fail "docker build ${project##*:}"
    done
    unset project
    mkdir -p "$work/images"
    cat >"$work/images/postgres.sh" <<'SCRIPT'
#!/bin/sh
# As far as this verification goes, what the official image does.
set -eu
export PATH=$(echo /usr/lib/postgresql/*/bin):$PATH PGDATA=/var/lib/postgresql/data
mkdir -p "$PGDATA" && chown postgres "$PGDATA" && chmod 700 "$PGDATA"
if [ ! -s "$PGDATA/PG_VERSION" ]; then
    printf %s "${POSTGRES_PASSWORD:-$(cat "${POSTGRES_PASSWORD_FILE:-/dev/null}")}" >/tmp/pw && chown postgres /tmp/pw
    setpriv --reuid=postgres --regid=postgres --init-groups initdb -U "${POSTGRES_USER:-postgres}" --pwfile=/tmp/pw --auth-local=trust --auth-host=scram-sha-256 >/dev/null
    echo 'host all all all scram-sha-256' >>"$PGDATA/pg_hba.conf"
    setpriv --reuid=postgres --regid=postgres --init-groups pg_ctl -w -o '-c listen_addresses= -k /tmp' start >/dev/null
    [ "${POSTGRES_DB:-postgres}" = postgres ] || createdb -h /tmp -U "${POSTGRES_USER:-postgres}" "$POSTGRES_DB"
    setpriv --reuid=postgres --regid=postgres --init-groups pg_ctl -w stop >/dev/null
fi
exec setpriv --reuid=postgres --regid=postgres --init-groups postgres -c 'listen_addresses=*' -k /tmp
SCRIPT
    chmod +x "$work/images/postgres.sh"
    printf 'FROM pup-verify-base\nCOPY postgres.sh /usr/local/bin/\nENTRYPOINT ["/usr/local/bin/postgres.sh"]\n' >"$work/images/postgres.Dockerfile"
    printf 'FROM pup-verify-base\nRUN mkdir -p /prometheus && chown nobody /prometheus\nENTRYPOINT ["prometheus"]\n' >"$work/images/prometheus.Dockerfile"
    docker build -q -f "$work/images/postgres.Dockerfile" -t pup-verify-postgres "$work/images" >/dev/null
    docker build -q -f "$work/images/prometheus.Dockerfile" -t pup-verify-prometheus "$work/images" >/dev/null
    say "images are built"
}

compose() { docker-compose -p "$project" -f deploy/compose/docker-compose.yml "$@"; }
sql() { compose exec -T postgres psql -h /tmp -U pup -d pup -Atc "$1" | tr -d '\r'; }
load() { compose run --rm -T --no-deps shop load --rate "$1" --seconds "$2" --json; }
silos() { docker ps -q --filter "label=com.docker.compose.project=$project" --filter label=com.docker.compose.service=silo; }

# Everything appended is applied: lag 0 by the guide's own statement.
behind() { sql "select coalesce(max((select coalesce(max(global_position), 0) from events) - last_global_position), -1) from projection_checkpoints"; }
caught_up() {
    begun=$(date +%s)
    while [ "$(behind)" != 0 ]; do
        [ $(($(date +%s) - begun)) -lt "$1" ] || { compose logs --tail=40 silo >&2; fail "still $(behind) behind after $1 s ($2)"; }
        sleep 0.5
    done
    say "$2: lag 0 after $(($(date +%s) - begun)) s"
}

# The oracle: what the read models must say, straight from the log.
right() {
    wrong=$(sql "select (select count(*) from events where event_type = 'OrderPlaced') - (select count(*) from shop_orders)")
    [ "$wrong" = 0 ] || fail "$1: $wrong orders are missing in the read model"
    twice=$(sql "select count(*) - count(distinct order_id) from shop_orders")
    [ "$twice" = 0 ] || fail "$1: $twice orders are there twice"
    [ "$(sql 'select count(*) from projection_dead_letters')" = 0 ] || fail "$1: there are dead letters"
    say "$1: the read model has all $(sql 'select count(*) from shop_orders') orders once"
}

stack() {
    project=$name
    export PUP_IMAGE=pup-verify-pup SHOP_IMAGE=pup-verify-shop POSTGRES_IMAGE=pup-verify-postgres PROMETHEUS_IMAGE=pup-verify-prometheus SECRETS=$work/secrets COMPOSE_INTERACTIVE_NO_CLI=1
    mkdir -p "$SECRETS"
    pw=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
    key=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
    printf %s "$pw" >"$SECRETS/postgres_password"
    printf 'postgres:5432:*:pup:%s\n' "$pw" >"$SECRETS/pgpass"
    printf %s "$key" >"$SECRETS/metrics_key"
    printf '[{"name":"prometheus","key":"%s","role":"read"}]' "$key" >"$SECRETS/api_keys"
    for file in docker-compose.yml guide.yml; do
        docker-compose -f "deploy/compose/$file" config -q || fail "$file is not valid"
    done
    for file in per-projection.yml combined.yml; do
        compose -f "deploy/compose/$file" config -q || fail "$file is not valid"
    done

    begun=$(date +%s)
    compose up -d >"$work/up.log" 2>&1 || { tail -n 20 "$work/up.log" >&2; fail "docker-compose up"; }
    load 1000 5 | grep -q '"orders":5000' || fail "the load did not place its orders"
    caught_up 60 "10,000 events on three silos"
    took=$(($(date +%s) - begun))
    [ "$took" -le 60 ] || fail "from up to lag 0 took $took s, more than 60"
    right "three silos"

    load 200 40 >"$work/load.json" &
    loading=$!
    sleep 5
    docker kill -s KILL "$(silos | head -n 1)" >/dev/null
    compose up -d --no-recreate --scale silo=6 silo >/dev/null 2>&1
    sleep 12
    compose up -d --no-recreate --scale silo=2 silo >/dev/null 2>&1
    wait $loading || fail "the load failed while silos were killed and scaled"
    caught_up 60 "200 orders a second while a silo is killed and 3 become 6 become 2"
    right "after scaling"

    ask() { docker run --rm --network "container:$(compose ps -q prometheus)" pup-verify-base promtool query instant http://127.0.0.1:9090 "$1" 2>/dev/null || true; }
    for _ in $(seq 40); do
        lag=$(ask 'max(pupsourcing_projection_lag)' | sed -n 's/.*=> \([0-9.]*\).*/\1/p')
        [ "$lag" = 0 ] && break
        sleep 1
    done
    [ "${lag:-}" = 0 ] || fail "Prometheus says lag '${lag:-nothing}'"
    say "Prometheus scrapes the silos, and says lag 0"
    if compose logs 2>/dev/null | grep -q -e "$pw" -e "$key"; then fail "a secret is in the logs"; fi
    for silo in $(silos); do
        [ "$(docker inspect -f '{{.State.Health.Status}}' "$silo")" = healthy ] || fail "a silo is not healthy: $(docker inspect -f '{{json .State.Health}}' "$silo")"
        docker exec "$silo" id -u | grep -qx 10001 || fail "a silo runs as root"
    done
    docker stop -t 40 "$(silos | head -n 1)" >/dev/null
    compose logs silo 2>/dev/null | grep -q 'stopped gracefully' || fail "a silo that is stopped does not say so"
    say "health, user and graceful stop are right"
}

tools "${1:-}"
manifests
[ "${1:-}" = static ] && { say "manifests, unit and rules verified"; exit 0; }
trap finish EXIT INT TERM
engine || { say "SKIPPED the images and the stack: no container engine can be started here"; exit 77; }
images
stack
say "manifests, unit, rules, images and stack verified"
