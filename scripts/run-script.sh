#!/usr/bin/env bash
# Runs one of the repository's TypeScript programs: scripts/run-script.sh bench/run.ts [arguments]
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
exec "$node" "$@"
