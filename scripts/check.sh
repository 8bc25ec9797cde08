#!/usr/bin/env bash
# Formatting, layers, static analysis, sanitizers and a minute of fuzzing: what a change must pass beside its tests.
#   scripts/check.sh [format] [layers] [tidy] [asan] [tsan] [fuzz] [cuda] [page]
# default: all but page, which needs chromium, and cuda, which needs nvcc: it compiles and links the CUDA engine and runs what
# of its tests needs no device.
# Says at the end which steps failed; one that fails does not keep the others from running. About half an hour on two cores;
# build/asan, build/tsan, build/fuzz and build/tidy are kept, so a second call only builds what changed.
# FUZZ_SECONDS (20) is the time for each fuzz target.
set -euo pipefail
cd "$(dirname "$0")/.."
steps=("$@")
[ ${#steps[@]} -gt 0 ] || steps=(format layers tidy asan tsan fuzz)
sources() { git ls-files '*.h' '*.cc' '*.cu' '*.cuh'; }
need() { command -v "$1" >/dev/null || { echo "check: $1 is missing; install the Debian package $2" >&2; exit 1; }; }

run_step() {
  case $1 in
    format) need clang-format-19 clang-format-19; sources | xargs clang-format-19 --dry-run --Werror ;;
    layers) tools/layers/check_layers.sh ;;
    page) scripts/check_page.sh ;;
    cuda)
      need nvcc "nvidia-cuda-toolkit, or NVIDIA's own"
      cmake -S . -B build/cuda -G Ninja -DCMAKE_BUILD_TYPE=Release -DQUANTIER_CUDA=ON >/dev/null
      cmake --build build/cuda --target cuda_tests
      ctest --test-dir build/cuda -R '^cuda_' --output-on-failure </dev/null ;;
    tidy)
      need clang-tidy-19 clang-tidy-19
      cmake --preset dev -DCMAKE_CXX_COMPILER=clang++-19 -DQUANTIER_CUDA=OFF -B build/tidy >/dev/null
      git ls-files 'quantier/*.cc' | grep -v '^quantier/engine/cuda/' | xargs -P "$(nproc)" -n 4 clang-tidy-19 --quiet -p build/tidy ;;
    asan | tsan)
      cmake --preset "$1" >/dev/null
      # Races can only be where threads are: the pool, the engine, the workers, the statistics.
      targets=()
      [ "$1" = asan ] || targets=(--target base_test engine_test tokenizer_test stats_estimators_test stats_comparisons_test pipeline_test predict_test)
      cmake --build --preset "$1" "${targets[@]}"
      only=()
      [ "$1" = asan ] || only=(-R '^(base|engine|tokenizer|stats_estimators|stats_comparisons|pipeline|predict_test)$')
      ctest --preset "$1" "${only[@]}" </dev/null ;;
    fuzz)
      need clang++-19 "clang-19 and libclang-rt-19-dev"
      cmake --preset fuzz >/dev/null
      cmake --build --preset fuzz --target fuzzers
      for target in build/fuzz/fuzz/*_fuzz; do
        "$target" -max_total_time="${FUZZ_SECONDS:-20}" -timeout=20 -rss_limit_mb=2048 -verbosity=0 -print_final_stats=1 \
          -artifact_prefix=build/fuzz/ 2>build/fuzz/log ||
          { tail -n 60 build/fuzz/log >&2; return 1; }
        echo "check: fuzz: $(basename "$target"): $(awk '/number_of_executed_units/ {print $2}' build/fuzz/log) inputs, no fault"
      done ;;
    *) echo "check: unknown step '$1'" >&2; return 2 ;;
  esac
}

# Each step in a shell of its own, so that `set -e` holds inside it and its failure is seen here.
if [ "${CHECK_STEP:-}" = 1 ]; then
  run_step "${steps[0]}"
  exit
fi
failed=()
for step in "${steps[@]}"; do
  echo "check: $step"
  CHECK_STEP=1 scripts/check.sh "$step" || failed+=("$step")
done
[ ${#failed[@]} -eq 0 ] || { echo "check: failed: ${failed[*]}" >&2; exit 1; }
echo "check: all passed: ${steps[*]}"
