#!/usr/bin/env bash
# The whole proof: check, unit tests, integration tests, then end-to-end tests in real containers.
#   scripts/test.sh                 everything
#   scripts/test.sh unit [words]    one part (check, unit, integration, clients, e2e), and of it the files whose path has a word
# Ends with one line for each part and one of sums. With CI=true a test that is skipped for want of root or
# containers counts as failed.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

# The end-to-end tests call what a user calls: the built command, with the host's packages in place.
# Examples import the package as others do.
ensure_library
case "${1:-e2e}" in
  e2e)
    ensure_bundle
    if [ "$(id -u)" = 0 ]; then "$node" bin/skiff.mjs host install --quiet || true; fi
    ;;
esac
# The tests of the store start etcd. On somebody's own machine they rather say that there is none: its package starts a service.
if [ "${CI:-}" = true ] && [ "$(id -u)" = 0 ] && ! command -v etcd >/dev/null && command -v apt-get >/dev/null; then
  apt-get install -qq -y --no-install-recommends etcd-server etcd-client >&2 || { apt-get update -qq && apt-get install -qq -y --no-install-recommends etcd-server etcd-client >&2; } || true
fi
exec "$node" scripts/test.ts "$@"
