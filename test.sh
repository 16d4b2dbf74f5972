#!/bin/sh
# Runs the tests against a real PostgreSQL that they start themselves.
#   ./test.sh              everything, the short versions
#   ./test.sh Feed         only tests whose namespace, class or method contains the word (several words: any of them)
#   ./test.sh long [word]  the long versions of stress, crash and chaos tests too
#   ./test.sh chaos [--minutes 30] [--seed N]
#                          only the chaos test, for so long, with faults drawn from the seed; its last line counts faults, events and errors
# Ends with `N passed, N failed, N skipped`. The only thing needed beforehand is the .NET 10 SDK.
set -u
exec </dev/null
cd "$(dirname "$0")" || exit 1
results=$PWD/artifacts/test-results

fail() {
    echo "test.sh: $*" >&2
    exit 1
}

postgres_is_there() {
    for directory in "${PUP_POSTGRES_BIN:-/usr/lib/postgresql/*/bin}" "$(dirname "$(command -v initdb || echo /none/initdb)")"; do
        # Unquoted on purpose: the pattern stands for any version.
        for initdb in $directory/initdb; do
            [ -x "$initdb" ] && return 0
        done
    done
    return 1
}

# Only the programs: a private server is all the tests want, so the package's own cluster is neither made nor started.
install_postgres() {
    marker=/etc/postgresql-common/createcluster.d/pup-no-cluster.conf
    mkdir -p "${marker%/*}" && echo "create_main_cluster = false" >"$marker" || return 1
    export DEBIAN_FRONTEND=noninteractive
    apt-get -qq -o DPkg::Lock::Timeout=120 update &&
        apt-get -qq -o DPkg::Lock::Timeout=120 install -y --no-install-recommends postgresql >"$results/apt.log" 2>&1
    status=$?
    rm -f "$marker"
    [ $status -eq 0 ] || tail -n 20 "$results/apt.log" >&2
    return $status
}

rm -rf "$results" && mkdir -p "$results" || fail "cannot write to $results"
command -v dotnet >/dev/null || fail "dotnet is not in PATH: install the .NET 10 SDK (https://dot.net)"
if ! postgres_is_there; then
    [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null ||
        fail "no PostgreSQL server programs: install them (\`apt-get install postgresql\`), or set PUP_POSTGRES_BIN to the folder of initdb"
    echo "Installing PostgreSQL (programs only)"
    install_postgres && postgres_is_there || fail "could not install PostgreSQL: \`apt-get install postgresql\` by hand, then again"
fi

limit=25m
if [ "${1:-}" = long ]; then
    export PUP_LONG=1
    limit=5h
    shift
elif [ "${1:-}" = chaos ]; then
    shift
    PUP_CHAOS_MINUTES=30
    while [ $# -gt 0 ]; do
        case $1:${2:-} in
            --minutes:*[!0-9]* | --seed:*[!0-9]* | *:) fail "'$*' is not understood: chaos [--minutes 30] [--seed N]" ;;
            --minutes:*) PUP_CHAOS_MINUTES=$2 ;;
            --seed:*) export PUP_SEED="$2" ;;
            *) fail "'$1' is not understood: chaos [--minutes 30] [--seed N]" ;;
        esac
        shift 2
    done
    limit=$((PUP_CHAOS_MINUTES + 20))m
    export PUP_CHAOS_MINUTES PUP_CHAOS_REPORT="$results/chaos.txt"
    set -- ChaosTests
fi
filters=
for word; do
    case $word in *[!A-Za-z0-9_.]*) fail "'$word' is no part of a test's name" ;; esac
    filters="$filters -method *$word*"
done

# Some build agents have no home, and the SDK wants one.
export HOME="${HOME:-$(getent passwd "$(id -u)" | cut -d: -f6)}" DOTNET_NOLOGO=1 DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_SKIP_FIRST_TIME_EXPERIENCE=1 DOTNET_SKIP_WORKLOAD_INTEGRITY_CHECK=1
# No build servers are left behind: they would hold the caller's pipes open.
dotnet build Pup.Tests -nodeReuse:false -p:UseSharedCompilation=false -v quiet '-clp:NoSummary;ErrorsOnly' || fail "the build failed"

set -f
# shellcheck disable=SC2086 # the filters are words
timeout --kill-after=30 "$limit" dotnet Pup.Tests/bin/Debug/net10.0/Pup.Tests.dll \
    -noColor -noLogo -longRunning 120 ${PUP_CHAOS_REPORT:+-showLiveOutput} -result-xml "$results/results.xml" $filters
status=$?
set +f

if [ ! -s "$results/results.xml" ]; then
    [ $status -eq 124 ] && echo "test.sh: stopped after $limit" >&2
    echo "test.sh: the test process ended with $status and left no report" >&2
    echo "0 passed, 1 failed, 0 skipped"
    exit 1
fi

# The report is one element after another; an attribute never contains '<'.
awk '
    function attribute(name) { return match($0, " " name "=\"[^\"]*\"") ? substr($0, RSTART + length(name) + 3, RLENGTH - length(name) - 4) : "" }
    function text(value) { gsub(/&quot;/, "\"", value); gsub(/&lt;/, "<", value); gsub(/&gt;/, ">", value); gsub(/&amp;/, "\\&", value); return value }
    BEGIN { RS = "<" }
    /^assembly / { passed += attribute("passed"); failed += attribute("failed") + attribute("errors"); skipped += attribute("skipped") }
    /^test / { name = attribute("result") == "Skip" ? attribute("type") "." attribute("method") : "" }
    /^!\[CDATA\[/ && inside == "reason" && name != "" { sub(/^!\[CDATA\[/, ""); sub(/\]\]>.*/, ""); gsub(/[\r\n]+/, " "); print text(name) ": " $0 > skips; name = "" }
    /^reason>./ && name != "" { sub(/^reason>/, ""); gsub(/[\r\n]+/, " "); print text(name) ": " text($0) > skips; name = "" }
    { inside = /^reason>/ ? "reason" : "" }
    END { printf "%d %d %d\n", passed, failed, skipped }
' skips="$results/skipped.txt" "$results/results.xml" >"$results/counts.txt"
read -r passed failed skipped <"$results/counts.txt"

[ "$status" -ne 0 ] || [ "$failed" -eq 0 ] || status=1
if [ $((passed + failed)) -eq 0 ]; then
    echo "test.sh: no test was run${filters:+ by$filters}" >&2
    status=1
fi
[ "$skipped" -eq 0 ] || { echo "Skipped:"; sed 's/^/  /' "$results/skipped.txt"; }
echo "$passed passed, $failed failed, $skipped skipped"
[ ! -s "${PUP_CHAOS_REPORT:-}" ] || cat "$PUP_CHAOS_REPORT"
exit "$status"
