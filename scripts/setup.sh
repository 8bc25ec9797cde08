#!/usr/bin/env bash
# Installs the Debian packages that Quantier needs (scripts/packages.txt) and builds it in build/release.
# Needs root or sudo for the packages; installs nothing when all are there. Sourced by nothing: demo.sh and test.sh run it.
#   scripts/setup.sh [--tests | --packages]     --tests: build the tests as well; --packages: build nothing
set -euo pipefail
cd "$(dirname "$0")/.."
tests=OFF
[ "${1:-}" = --tests ] && tests=ON

mapfile -t packages < <(grep -vE '^\s*(#|$)' scripts/packages.txt)
missing=()
for package in "${packages[@]}"; do
  [ "$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null || true)" = installed ] || missing+=("$package")
done
if [ ${#missing[@]} -gt 0 ]; then
  as_root=()
  if [ "$(id -u)" != 0 ]; then
    command -v sudo >/dev/null || { echo "setup: needs root or sudo to install: ${missing[*]}" >&2; exit 1; }
    as_root=(sudo)
  fi
  echo "setup: installing ${#missing[@]} Debian packages: ${missing[*]}"
  export DEBIAN_FRONTEND=noninteractive
  "${as_root[@]}" apt-get update -qq
  "${as_root[@]}" apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
fi

if [ "${1:-}" = --packages ]; then exit; fi

cmake -S . -B build/release -G Ninja -DCMAKE_BUILD_TYPE=Release -DQUANTIER_TESTS=$tests >/dev/null
echo "setup: building (Release, $(nproc) jobs)"
cmake --build build/release
