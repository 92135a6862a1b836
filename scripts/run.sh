#!/usr/bin/env bash
# Runs the skiff command of this checkout: scripts/run.sh up, scripts/run.sh status -o json, ...
set -euo pipefail
here=$PWD
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
ensure_bundle
cd "$here"
exec "$node" "$root/bin/skiff.mjs" "$@"
