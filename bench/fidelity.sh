#!/usr/bin/env bash
# How faithful is the engine? Predicts every validation and test example of both demo models and compares the logits with what
# transformers computes in float64 from the same weights (demo/reference). Goals: fp32 <= 1e-4 and 0 flips; fp16 0.03, <= 5 flips.
#   bench/fidelity.sh [recipe ...]      default: fp32 fp16
set -euo pipefail
cd "$(dirname "$0")/.."
cmake -S . -B build/bench -G Ninja -DCMAKE_BUILD_TYPE=Release -DQUANTIER_BENCH=ON -DQUANTIER_TESTS=OFF >/dev/null
cmake --build build/bench --target quantier bench_fidelity >/dev/null
recipes=("$@")
[ ${#recipes[@]} -gt 0 ] || recipes=(fp32 fp16)
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
for model in demo-encoder demo-decoder; do
  for recipe in "${recipes[@]}"; do
    for split in validation test; do
      start=${EPOCHREALTIME/./}
      build/bench/quantier/quantier predict "demo/$model" --data "demo/data/$split.jsonl" --recipe "$recipe" --max-length 128 --out "$out/p.npz" >/dev/null
      milliseconds=$(((${EPOCHREALTIME/./} - start) / 1000))
      printf '%-13s %-5s %-11s %s  (%d ms)\n' "$model" "$recipe" "$split" \
        "$(build/bench/bench/bench_fidelity "$out/p.npz" "demo/reference/${model}_logits.npz" "$split")" "$milliseconds"
    done
  done
done
