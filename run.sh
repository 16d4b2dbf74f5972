#!/bin/sh
# Builds and runs the demo; all arguments are the demo's (./run.sh --help).
set -eu
here=$(CDPATH= cd -- "$(dirname -- "$0")" && pwd)
if ! command -v dotnet >/dev/null 2>&1; then
    echo "run.sh: the .NET 10 SDK is needed: install it (https://dotnet.microsoft.com/download), so that 'dotnet' is in PATH." >&2
    exit 1
fi
export DOTNET_NOLOGO=1 DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_SKIP_FIRST_TIME_EXPERIENCE=1
if [ -t 2 ]; then echo "Building; the first time takes a minute." >&2; fi
# Quiet unless it fails; standard output belongs to the demo.
if ! log=$(cd "$here" && dotnet build Pup.Silo -c Release -v quiet -nologo -nodeReuse:false 2>&1); then
    printf '%s\n' "$log" >&2
    echo "run.sh: the build failed; see above." >&2
    exit 1
fi
# exec: signals reach the demo itself.
exec dotnet "$here/Pup.Silo/bin/Release/net10.0/pup.dll" demo "$@"
