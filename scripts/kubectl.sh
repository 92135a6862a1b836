#!/usr/bin/env bash
# Fetches the kubectl programs that the end-to-end tests drive: Debian's packages of two suites, unpacked into a cache
# folder and not installed. Prints one line for each, `version path`; what is in the cache already costs nothing.
#   scripts/kubectl.sh [SUITE...]      trixie (1.32) and sid (1.36) unless others are named
# A suite that cannot be had is named on stderr and left out; fails only when there is none at all.
set -euo pipefail
cache=${SKIFF_KUBECTL_CACHE:-${XDG_CACHE_HOME:-${HOME:-/var/tmp}/.cache}/skiff/kubectl}
[ $# -gt 0 ] || set -- trixie sid

# The archive this machine uses, for another suite of it, with lists and cache of its own.
download() {
  local suite=$1 work=$2 archive options
  archive=$({ cat /etc/apt/sources.list /etc/apt/sources.list.d/* 2>/dev/null || true; } |
    grep -oE 'https?://[^ ]*/debian/?( |$)' | grep -v 'snapshot\.' | head -n 1 || true)
  archive=${archive:-http://deb.debian.org/debian}
  mkdir -p "$work/lists/partial" "$work/cache/archives/partial"
  : >"$work/status"
  echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] ${archive% } $suite main" >"$work/list"
  options=(-o "Dir::Etc::sourcelist=$work/list" -o Dir::Etc::sourceparts=/dev/null -o "Dir::State::lists=$work/lists"
    -o "Dir::State::status=$work/status" -o "Dir::Cache=$work/cache" -o Acquire::Languages=none -o APT::Sandbox::User=root)
  (
    cd "$work"
    apt-get "${options[@]}" update -qq && apt-get "${options[@]}" download -qq kubectl
  ) >&2
}

# A folder appears in the cache at once and whole, so that a run that is broken off leaves no half.
fetch() {
  local suite=$1 work
  [ -x "$cache/$suite/usr/bin/kubectl" ] && return
  command -v apt-get dpkg-deb >/dev/null || return 1
  work=$(mktemp -d)
  mkdir -p "$cache"
  if download "$suite" "$work" && dpkg-deb -x "$work"/kubectl_*.deb "$work/unpacked"; then
    rm -rf "${cache:?}/$suite"
    mv "$work/unpacked" "$cache/$suite"
  fi
  rm -rf "$work"
  [ -x "$cache/$suite/usr/bin/kubectl" ]
}

found=0
for suite in "$@"; do
  program=$cache/$suite/usr/bin/kubectl
  if ! fetch "$suite"; then
    echo "kubectl of Debian $suite is not to be had here" >&2
    continue
  fi
  version=$("$program" version --client -o json | grep -oE '"gitVersion": *"v[^"]*"' | grep -oE 'v[0-9]+\.[0-9]+\.[0-9]+' | head -n 1)
  echo "$version $program"
  found=1
done
[ $found = 1 ]
