#!/bin/sh
# Verifies what is in deploy/ with real tools: manifests, unit and rules as they stand; then, in a container engine, the images and every
# compose file: starts them, places orders, scales and kills silos, and asks the database and Prometheus whether everything is right.
#   deploy/verify.sh          all of it; as root, on Debian
#   deploy/verify.sh static   only what needs no engine
# Exits with 77 when something cannot be verified here, and says in artifacts/deploy/skipped.txt what and why. Its last line says what was.
set -eu
cd "$(dirname "$0")/.."
work=$PWD/artifacts/deploy
name=pupverify$$
rm -rf "$work/skipped.txt"
mkdir -p "$work"

say() { echo "verify: $*"; }
fail() { echo "verify: FAILED: $*" >&2; exit 1; }
skip() { echo "deploy/verify.sh: $*" >>"$work/skipped.txt"; say "SKIPPED: $*"; }
has() { command -v "$1" >/dev/null 2>&1; }
# Compose v2 where it is installed, else docker-compose 1.29.
composer() { if docker compose version >/dev/null 2>&1; then docker compose "$@"; else docker-compose "$@"; fi; }
has_composer() { composer version >/dev/null 2>&1; }
milliseconds() { date +%s%3N; }

# Installs packages, if it may, without starting any service that is in them.
install() {
    [ "$(id -u)" -eq 0 ] && has apt-get || return 1
    say "installing $*"
    policy=/usr/sbin/policy-rc.d
    if [ -e $policy ]; then policy=; else printf '#!/bin/sh\nexit 101\n' >$policy && chmod +x $policy; fi
    export DEBIAN_FRONTEND=noninteractive
    installed=0
    { [ -n "${updated:-}" ] || apt-get -qq -o DPkg::Lock::Timeout=120 update; } >"$work/apt.log" 2>&1 &&
        apt-get -qq -o DPkg::Lock::Timeout=120 install -y --no-install-recommends "$@" >>"$work/apt.log" 2>&1 || installed=1
    updated=yes
    [ -z "$policy" ] || rm -f $policy
    [ $installed -eq 0 ] || tail -n 3 "$work/apt.log" >&2
    return $installed
}

finish() {
    status=$?
    trap - EXIT INT TERM
    stop_engine
    exit $status
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

for part in static engine images stack patterns; do
    . "deploy/verify/$part.sh"
done

manifests
unit
rules
compose_files
done="manifests, unit, rules and compose files"
if [ "${1:-}" != static ]; then
    if engine; then
        images
        stack
        patterns
        done="$done, images, stack and patterns"
    else
        skip "images and compose stacks: no container engine can be started here ($why)"
    fi
fi
[ -e "$work/skipped.txt" ] && { say "$done verified, as far as that can be done here"; exit 77; }
say "$done verified"
