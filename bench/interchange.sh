#!/bin/sh
# Checkpoints in both directions between Quantier and the programs that own the formats: one row for each format,
# demo model and direction.
#
#   bench/interchange.sh [QUANTIER_BINARY] [EXAMPLES]
#
# QUANTIER_INTERCHANGE_ROWS: an extended regular expression; only rows whose first four columns, with single spaces between
# them ("gptq demo-decoder read int4-rtn"), match it are run, for example '^compressed-tensors demo-encoder read ct-fp8$'.
# QUANTIER_ORACLE_PYTHON: a Python with torch, transformers, bitsandbytes, compressed-tensors, safetensors, peft and gguf; without
# it a throw-away environment is made and removed. "loads and logits agree": the other program opens the directory, and
# over the examples (one text at a time) no more predictions differ than the stated number, with the largest difference
# of a logit beside it. "tensors equal": weights are compared, where no program here can run the format.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
quantier=${1:-$root/build/release/quantier/quantier}
examples=${2:-200}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM
export PYTHONDONTWRITEBYTECODE=1 HF_HUB_OFFLINE=1 TRANSFORMERS_VERBOSITY=error TOKENIZERS_PARALLELISM=false
python=${QUANTIER_ORACLE_PYTHON:-}
if [ -z "$python" ]; then
  python3 -m venv "$work/venv"
  "$work/venv/bin/pip" install -q torch transformers bitsandbytes compressed-tensors safetensors peft gguf accelerate numpy
  python=$work/venv/bin/python
fi
oracle() { "$python" "$root/bench/interchange.py" "$@" 2>>"$work/oracle.log"; }
data=$root/demo/data/validation.jsonl
head -n "$examples" "$data" >"$work/data.jsonl"
failures=0

wanted() { printf '%s\n' "$1 $2 $3 $4" | grep -Eq "${QUANTIER_INTERCHANGE_ROWS:-.}"; }
row() { printf '%-20s %-14s %-8s %-26s %s\n' "$1" "$2" "$3" "$4" "$5"; }
ours() {  # MODEL OUT [how]
  ours_model=$1; ours_out=$2; shift 2
  "$quantier" predict "$ours_model" --data "$work/data.jsonl" --max-length 128 --batch-size 1 --out "$ours_out" "$@" \
    >/dev/null 2>>"$work/quantier.log"
}
# Whether two files of logits agree: no more than one prediction in fifty differs, or than the recipe itself turns, and logits
# differ by less (mean) than the recipe moves them from half precision. Inputs that are rounded, to int8 or E4M3, round otherwise
# after the smallest difference, and every layer makes it larger, so there the two numbers are of one size. How far the other
# program's own logits move when nothing but the order of sums in its attention changes (its "sdpa" instead of "eager") is
# measured for these rows: that many flips, and a quarter more of that difference, are no disagreement either.
verdict() {  # MODEL RECIPE CHECKPOINT
  again=
  case $2 in
    int8* | fp8* | bnb-int8 | ct-w8a8 | ct-fp8)
      oracle logits "$3" "$data" "$examples" "$work/again.npz" sdpa >/dev/null && again=$work/again.npz ;;
  esac
  oracle compare "$work/ours.npz" "$work/theirs.npz" "$work/half-$1.npz" ${again:+"$again"}
}
# The command alone, with texts of the training split for recipes that look at some.
convert() {  # FORMAT MODEL RECIPE OUT
  case $3 in
    int4-gptq* | int4-awq*) set -- "$@" --calibration "$root/demo/data/calibration.jsonl" --calibration-count 200 --max-length 128 ;;
  esac
  convert_model=$2; convert_recipe=$3; convert_format=$1; convert_out=$4; shift 4
  "$quantier" quantize "$root/demo/$convert_model" --recipe "$convert_recipe" --format "$convert_format" --out "$convert_out" "$@" >/dev/null
}
# Writes a checkpoint, or the row that says why there is none.
quantize() {  # FORMAT MODEL RECIPE OUT
  code=0
  convert "$@" 2>"$work/refused" || code=$?
  [ "$code" -ne 0 ] || return 0
  layer=$(sed -n 's/^ *where: //p' "$work/refused"); rule=$(sed -n 's/^ *why: //p' "$work/refused")
  if [ "$code" -eq 7 ]; then
    row "$1" "$2" written "$3" "inexpressible: $layer, $rule"
  else
    row "$1" "$2" written "$3" "FAILED with exit code $code: $layer, $rule"; failures=$((failures + 1))
  fi
  return 1
}
# Written by Quantier, run by the other program.
written() {  # FORMAT MODEL RECIPE
  wanted "$1" "$2" written "$3" || return 0
  out=$work/ours-$2; how=
  rm -rf "$out"
  quantize "$1" "$2" "$3" "$out" || return 0
  if how=$(oracle logits "$out" "$data" "$examples" "$work/theirs.npz") && ours "$out" "$work/ours.npz"; then
    text=$(verdict "$2" "$3" "$out") || failures=$((failures + 1))
  else
    text="DOES NOT LOAD"; failures=$((failures + 1))
  fi
  row "$1" "$2" written "$3" "$text$how"
}
# Written by the other program, read by Quantier.
read_back() {  # FORMAT MODEL KIND
  wanted "$1" "$2" read "$3" || return 0
  out=$work/theirs-$2; how=
  rm -rf "$out"
  if oracle write "$3" "$root/demo/$2" "$out" && how=$(oracle logits "$out" "$data" "$examples" "$work/theirs.npz") && ours "$out" "$work/ours.npz"; then
    text=$(verdict "$2" "$3" "$out") || failures=$((failures + 1))
  else
    text="DOES NOT LOAD"; failures=$((failures + 1))
  fi
  row "$1" "$2" read "$3" "$text$how"
}
# Formats that nothing here runs: their tensors against a definition that is not ours.
equal() {  # FORMAT MODEL RECIPE, a row for each direction
  wanted "$1" "$2" written "$3" || wanted "$1" "$2" read "$3" || return 0
  rm -rf "$work/packed" "$work/reference"
  quantize "$1" "$2" "$3" "$work/packed" || return 0
  convert compressed-tensors "$2" "$3" "$work/reference" 2>>"$work/quantier.log"
  if text=$(oracle unpacked "$1" "$work/packed" "$work/reference"); then :; else failures=$((failures + 1)); text="DIFFER: $text"; fi
  row "$1" "$2" written "$3" "$text"
  rm -rf "$work/repacked"
  if oracle pack "$1" "$work/reference" "$work/repacked" && ours "$work/repacked" "$work/ours.npz" && ours "$work/reference" "$work/theirs.npz"; then
    text=$(oracle compare "$work/ours.npz" "$work/theirs.npz" 0) || failures=$((failures + 1))
    text=$(printf '%s' "$text" | sed 's/loads and logits agree/tensors equal: packed by numpy, logits the same/')
  else
    text="DOES NOT LOAD"; failures=$((failures + 1))
  fi
  row "$1" "$2" read "$3" "$text"
}
# Merged weights are rounded to the half precision of the base; peft runs them in float here, unmerged.
adapter() {  # MODEL KIND
  wanted peft "$1" read "$2" || return 0
  rm -rf "$work/adapter"
  if oracle adapter "$2" "$root/demo/$1" "$work/adapter" "$data" "$examples" "$work/theirs.npz" &&
    ours "$work/adapter" "$work/ours.npz" --base "$root/demo/$1" --recipe fp32; then
    text=$(oracle compare "$work/ours.npz" "$work/theirs.npz" 0.01) || failures=$((failures + 1))
  else
    text="DOES NOT LOAD"; failures=$((failures + 1))
  fi
  row "peft" "$1" read "$2" "$text"
}

oracle versions
"$quantier" --version
row format model direction "recipe or kind" result
for model in demo-encoder demo-decoder; do
  ours "$root/demo/$model" "$work/half-$model.npz" --recipe fp16
  for recipe in int8 int8-rtn int4 int4:double=off int4-rtn; do written bitsandbytes $model $recipe; done
  for kind in bnb-int8 bnb-nf4 bnb-nf4-double; do read_back bitsandbytes $model $kind; done
  for recipe in int8-rtn int4-rtn int4-rtn:group=64 int4-rtn:group=64,zero=on int4-rtn:group=row int4-gptq:group=64 int4-awq:group=64 fp8 fp8:scale=tensor int4; do
    written compressed-tensors $model $recipe
  done
  for kind in ct-w8a8 ct-w4a16 ct-w4a16-zeros ct-fp8; do read_back compressed-tensors $model $kind; done
  for recipe in int4-rtn int4-rtn:group=64 int4-rtn:group=32,zero=on int4-gptq:group=64 int4-gptq:group=64,zero=off; do equal gptq $model $recipe; done
  for recipe in int4-rtn int4-rtn:group=64,zero=on int4-gptq:group=64 int4-awq:group=64; do equal awq $model $recipe; done
  for kind in rslora plain; do adapter $model $kind; done
done
if wanted gguf demo-decoder both all; then
  "$python" "$root/bench/interchange_gguf.py" "$quantier" 2>>"$work/oracle.log" || failures=$((failures + 1))
fi
echo "$failures rows failed"
[ "$failures" -eq 0 ]
