#!/usr/bin/env bash
# Do real geometries load, quantize and predict within the memory that the plan names? ModernBERT-base (150 M) and Qwen2.5-0.5B
# (494 M) with random weights, sharded, as bf16 and as f32: inspects each, then predicts 64 texts of the demo's validation data at
# every recipe. Goal: the process's peak (counted by the kernel, read from outside) <= 1.2 * (the plan's bytes + activations).
#   bench/big_models.sh [GEOMETRY-DTYPE ...]      default: modernbert-base-bf16 modernbert-base-f32 qwen2.5-0.5b-bf16 qwen2.5-0.5b-f32
# BIG_MODELS=DIR keeps the generated models (up to 3.9 GB) for another time; else each is removed after use (2 GB of disk at most).
# BUILD=DIR takes a build that is there (with benchmarks). RECIPES="fp16 int4" limits the recipes.
set -euo pipefail
cd "$(dirname "$0")/.."
build=${BUILD:-build/bench}
if [ -z "${BUILD:-}" ]; then
  cmake -S . -B "$build" -G Ninja -DCMAKE_BUILD_TYPE=Release -DQUANTIER_BENCH=ON -DQUANTIER_TESTS=OFF >/dev/null
  cmake --build "$build" --target quantier bench_random_model bench_peak_of >/dev/null
fi
models=("$@")
[ ${#models[@]} -gt 0 ] || models=(modernbert-base-bf16 modernbert-base-f32 qwen2.5-0.5b-bf16 qwen2.5-0.5b-f32)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
head -n 64 demo/data/validation.jsonl >"$work/texts.jsonl"
# The number behind a key of the JSON that `quantier predict --json` prints.
number() { sed -n "s/.*\"$1\": \([0-9.]*\).*/\1/p" "$work/answer.json"; }
status=0
printf '%-21s %-5s %9s %9s %9s %6s %9s %9s\n' model recipe 'plan MB' 'activ. MB' 'peak MB' ratio 'wall s' 'cpu s'
for model in "${models[@]}"; do
  directory=${BIG_MODELS:-$work}/$model
  base=demo/demo-encoder
  [ "${model%%-*}" = modernbert ] || base=demo/demo-decoder
  [ -f "$directory/tokenizer.json" ] || "$build/bench/bench_random_model" "${model%-*}" "${model##*-}" "$base" "$directory"
  "$build/bench/bench_peak_of" "$work/figures" "$build/quantier/quantier" inspect "$directory" >"$work/inspected"
  read -r peak wall cpu <"$work/figures"
  awk -v m="$model" -v p="$peak" -v w="$wall" -v c="$cpu" \
    'BEGIN {printf "%-21s %-5s %9s %9s %9.1f %6s %9.2f %9.2f\n", m, "(inspect)", "", "", p / 1e6, "", w, c}'
  for recipe in ${RECIPES:-fp32 fp16 int8 int4}; do
    "$build/bench/bench_peak_of" "$work/figures" "$build/quantier/quantier" predict "$directory" --data "$work/texts.jsonl" \
      --recipe "$recipe" --max-length 128 --out "$work/p.npz" --json >"$work/answer.json"
    read -r peak wall cpu <"$work/figures"
    awk -v m="$model" -v r="$recipe" -v plan="$(number plan_bytes)" -v act="$(number activations_peak_bytes)" -v p="$peak" \
      -v w="$wall" -v c="$cpu" 'BEGIN {
        ratio = p / (plan + act)
        above = (ratio > 1.2)
        printf "%-21s %-5s %9.1f %9.1f %9.1f %6.2f %9.2f %9.2f%s\n", m, r, plan / 1e6, act / 1e6, p / 1e6, ratio, w, c,
          above ? "  above 1.2" : ""
        exit above }' || status=1
  done
  [ -n "${BIG_MODELS:-}" ] || rm -rf "$directory"
done
exit $status
