#!/usr/bin/env bash
# Makes dist/quantier-VERSION-linux-x86_64.tar.gz: the program with its libraries beside it, so that it starts on any x86-64
# Linux with glibc 2.35 or newer and nobody must build to analyse their own files.
# Only glibc itself stays outside. Fails when anything in the package needs a newer glibc than promised.
set -euo pipefail
cd "$(dirname "$0")/.."
promised_glibc=2.35
scripts/setup.sh >/dev/null
cmake -S . -B build/package -G Ninja -DCMAKE_BUILD_TYPE=Release -DQUANTIER_TESTS=OFF \
  -DCMAKE_BUILD_WITH_INSTALL_RPATH=ON -DCMAKE_INSTALL_RPATH='$ORIGIN/../lib' \
  -DCMAKE_EXE_LINKER_FLAGS='-Wl,--disable-new-dtags' >/dev/null
cmake --build build/package --target quantier
version=$(build/package/quantier/quantier --version)
name=quantier-$version-linux-x86_64
rm -rf "dist/$name"
mkdir -p "dist/$name/bin" "dist/$name/lib"
install -s build/package/quantier/quantier "dist/$name/bin/quantier"
# The Debian package a file came with, which may know it with or without /usr in front.
owner() {
  { dpkg-query -S "$1" 2>/dev/null || dpkg-query -S "${1#/usr}" 2>/dev/null || dpkg-query -S "/usr$1"; } | head -n 1 | cut -d: -f1
}
# The old-style run path of the program also serves the libraries that its libraries load.
ldd build/package/quantier/quantier | awk '$2 == "=>" {print $1, $3}' | while read -r soname path; do
  case $soname in
    libc.so.* | libm.so.* | libpthread.so.* | libdl.so.* | librt.so.* | ld-linux*) ;;
    *)
      cp -L "$path" "dist/$name/lib/$soname"
      # Whoever passes a library on passes its licence on.
      package=$(owner "$(realpath "$path")")
      mkdir -p "dist/$name/licenses"
      cp -L "/usr/share/doc/$package/copyright" "dist/$name/licenses/$package.txt" ;;
  esac
done
# libstdc++ asks for a newer glibc for one function that Quantier never calls (tools/package/weaken_version.cc says why).
g++ -O1 -std=c++20 tools/package/weaken_version.cc -o build/package/weaken_version
build/package/weaken_version "dist/$name/lib/libstdc++.so.6" GLIBC_2.36
# Versions marked weak are not required: readelf prints their flags, objdump lists the rest.
required() { readelf -V "$@" | grep -oE 'Name: GLIBC_[0-9.]+  Flags: none' | grep -oE '[0-9.]+[0-9]' | sort -V | uniq; }
newest=$(required "dist/$name/bin/quantier" "dist/$name"/lib/* | tail -n 1)
if [ "$(printf '%s\n' "$newest" "$promised_glibc" | sort -V | tail -n 1)" != "$promised_glibc" ]; then
  echo "package: something needs glibc $newest; promised is $promised_glibc:" >&2
  for file in "dist/$name/bin/quantier" "dist/$name"/lib/*; do
    required "$file" | grep -qx "$newest" && echo "  $file" >&2
  done
  exit 1
fi
cp LICENSE README.md "dist/$name/"
tar -C dist -czf "dist/$name.tar.gz" "$name"
# It starts without the libraries of this machine: what the loader takes from outside the package is glibc alone.
LD_TRACE_LOADED_OBJECTS=1 "dist/$name/bin/quantier" | awk '$2 == "=>" {print $3}' | while read -r path; do
  case $(realpath -s "$path") in
    "$PWD/dist/$name/"* | */libc.so.* | */libm.so.* | */libpthread.so.* | */libdl.so.* | */librt.so.*) ;;
    *) echo "package: $path would come from the machine" >&2; exit 1 ;;
  esac
done
"dist/$name/bin/quantier" --version >/dev/null
"dist/$name/bin/quantier" predict demo/demo-encoder --text "a chess program" >/dev/null
echo "package: dist/$name.tar.gz ($(du -h "dist/$name.tar.gz" | cut -f1)), needs glibc $newest"
