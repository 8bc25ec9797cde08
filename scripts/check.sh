#!/usr/bin/env bash
# Formatting, layers, static analysis, sanitizers and a minute of fuzzing: what a change must pass beside its tests.
#   scripts/check.sh [format] [layers] [tidy] [asan] [tsan] [fuzz]     default: all of them
set -euo pipefail
cd "$(dirname "$0")/.."
steps=("$@")
[ ${#steps[@]} -gt 0 ] || steps=(format layers tidy asan tsan fuzz)
sources() { git ls-files '*.h' '*.cc'; }
need() { command -v "$1" >/dev/null || { echo "check: $1 is missing; install the Debian package $2" >&2; exit 1; }; }

for step in "${steps[@]}"; do
  echo "check: $step"
  case $step in
    format) need clang-format-19 clang-format-19; sources | xargs clang-format-19 --dry-run --Werror ;;
    layers) tools/layers/check_layers.sh ;;
    tidy)
      need clang-tidy-19 clang-tidy-19
      cmake --preset dev -DCMAKE_CXX_COMPILER=clang++-19 -B build/tidy >/dev/null
      git ls-files 'quantier/*.cc' | xargs -P "$(nproc)" -n 4 clang-tidy-19 --quiet -p build/tidy ;;
    asan | tsan)
      cmake --preset "$step" >/dev/null
      cmake --build --preset "$step"
      ctest --preset "$step" ;;
    fuzz)
      need clang++-19 "clang-19 and libclang-rt-19-dev"
      cmake --preset fuzz >/dev/null
      cmake --build --preset fuzz
      for target in build/fuzz/fuzz/*_fuzz; do "$target" -max_total_time=15 -rss_limit_mb=2048 -print_final_stats=1; done ;;
    *) echo "check: unknown step '$step'" >&2; exit 2 ;;
  esac
done
