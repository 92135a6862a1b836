#!/usr/bin/env bash
# Everything that can be known without starting a cluster: format, lint, types, layers, generated files, unit tests.
# With --no-tests all but the tests, which scripts/test.sh runs by itself.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

step() {
  local name=$1
  shift
  if out=$("$@" 2>&1); then
    echo "check: $name ok"
  else
    printf '%s\n' "$out"
    echo "check: $name FAILED" >&2
    failed=1
  fi
}

failed=0
bin=node_modules/.bin
step format "$node" "$bin/oxfmt" --check
step lint "$node" "$bin/oxlint" --type-aware --quiet
step types "$node" "$bin/tsc" --noEmit
step layers "$node" scripts/layers.ts
if [ -f scripts/generate/main.ts ]; then step generated "$node" scripts/generate/main.ts --check; fi
if [ "${1:-}" != --no-tests ]; then
  ensure_library
  "$node" scripts/test.ts unit || failed=1
fi
exit $failed
