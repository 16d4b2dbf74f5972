# The images: pup and shop by deploy/Dockerfile, and what stands for PostgreSQL's and Prometheus' own.

# No registry is asked: Debian, the shared framework of the SDK that is here, PostgreSQL and Prometheus make one base for all.
begin_base() {
    base=
    docker image inspect pup-verify-base >/dev/null 2>&1 && return 0
    . /etc/os-release
    mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' | grep -v -i security | head -n 1)
    rm -rf "$work/root"
    # In a process group of its own, so that all of it can be ended.
    setsid debootstrap --variant=minbase --include=ca-certificates,postgresql,prometheus,libssl3,zlib1g "$VERSION_CODENAME" "$work/root" "$mirror" >"$work/debootstrap.log" 2>&1 &
    base=$!
}

end_base() {
    [ -n "$base" ] || return 0
    wait "$base" || fail "debootstrap: $(tail -n 3 "$work/debootstrap.log")"
    base=
    root=$work/root
    dotnet=$(dirname "$(readlink -f "$(command -v dotnet)")")
    mkdir -p "$root/usr/share/dotnet"
    cp -a "$dotnet/dotnet" "$dotnet/host" "$dotnet/shared" "$root/usr/share/dotnet/"
    ln -sf /usr/share/dotnet/dotnet "$root/usr/bin/dotnet"
    rm -rf "$root/var/cache/apt" "$root/var/lib/apt/lists"
    tar -C "$root" -c . | docker import - pup-verify-base >/dev/null
    rm -rf "$root"
}

build() { docker build -q "$@" >"$work/build.log" 2>&1 || fail "docker build: $(tail -n 5 "$work/build.log")"; }

images() {
    say "making a base image, and publishing"
    begin_base
    for published in Pup.Silo:pup samples/Shop:shop samples/Mounted:mounted; do
        dotnet publish "${published%%:*}" -c Release -o "artifacts/publish/${published##*:}" -nodeReuse:false -p:UseSharedCompilation=false -v quiet -nologo >"$work/publish.log" 2>&1 ||
            fail "publish: $(tail -n 5 "$work/publish.log")"
    done
    end_base
    mkdir -p "$work/images"
    cp deploy/verify/postgres.sh "$work/images/"
    printf 'FROM pup-verify-base\nCOPY postgres.sh /usr/local/bin/\nENTRYPOINT ["/usr/local/bin/postgres.sh"]\n' >"$work/images/postgres.Dockerfile"
    printf 'FROM pup-verify-base\nRUN mkdir -p /prometheus && chown nobody /prometheus\nENTRYPOINT ["prometheus"]\n' >"$work/images/prometheus.Dockerfile"
    for image in postgres prometheus; do
        build -f "$work/images/$image.Dockerfile" -t "pup-verify-$image" "$work/images"
    done
    for image in pup shop; do
        build -f deploy/Dockerfile --target published --build-arg RUNTIME_IMAGE=pup-verify-base --build-arg "PUBLISHED=artifacts/publish/$image" -t "pup-verify-$image" .
    done
    say "images are built"
}
