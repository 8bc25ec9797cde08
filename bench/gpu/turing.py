#!/usr/bin/env python3
"""What would the CUDA engine's Turing kernels take on a T4? Modelled: nothing here ran on one.

  for r in fp16 int8-rtn; do
    ncu --clock-control none --csv --page raw --metrics smsp__inst_executed.sum,sm__inst_executed_pipe_tensor.sum,\\
l1tex__data_pipe_lsu_wavefronts_mem_shared.sum,lts__t_bytes.sum,dram__bytes.sum \\
      bench_gpu_engine --geometry modernbert-base --recipes $r --kernel-arch 75 --batches 32 --rounds 1 >modernbert-base_$r.csv
  done
  bench/gpu/turing.py modernbert-base_fp16.csv modernbert-base_int8-rtn.csv ... [--json FILE]

The counts are those of the engine's own sm_75 kernels, compiled by the driver for the card that counted them: instructions, passes of
shared memory, bytes at the second-level cache. Bytes of memory are counted from the shapes, because a T4's cache (4 MB) keeps less than
that of the card that counted (50 MB). Products of halves are cuBLASLt's, whose kernels on a T4 are others: of these operations and
bytes are counted from the shapes, and nothing else.

A kernel takes the longest of: its tensor operations, its issued instructions (4 a clock and multiprocessor), its passes of shared
memory (one a clock and multiprocessor), its bytes of cache (1,270 GB/s at boost) and of memory (270 GB/s); plus 4 us for a launch.
  fast  everything at boost, 1,590 MHz, tensor cores at three quarters of the data sheet (65 Tflop/s, 130 Top/s)
  slow  everything at the base clock, 585 MHz, tensor cores at what a T4's 70 W sustain (24 Tflop/s, 48 Top/s)
A T4 under load is bound by its power and runs near its base clock, so the slow end is what to expect of a loaded one.
Sources: data sheet (clocks, rates, 40 multiprocessors, 320 GB/s); docs/methods/roofline.md (sustained rates, 270 GB/s of memory, launch);
Jia, Maggioni, Smith, Scarpazza 2019, "Dissecting the NVidia Turing T4 GPU via Microbenchmarking" (cache, issue, shared memory).
"""
import argparse
import collections
import csv
import json
import pathlib

MULTIPROCESSORS = 40
ISSUED_PER_CLOCK = 4
MEMORY_BYTES_PER_S = 270e9
CACHE_BYTES_PER_CLOCK = 1270e9 / 1.59e9
LAUNCH_S = 4e-6
ENDS = {"fast": {"clock": 1.59e9, "half": 0.75 * 65e12, "int8": 0.75 * 130e12},
        "slow": {"clock": 0.585e9, "half": 24e12, "int8": 48e12}}
ROWS, TEXTS, TOKENS = 4096, 32, 128
GEOMETRIES = {
    "modernbert-base": {"hidden": 768, "wide": 1152, "heads": 12, "kv_heads": 12, "causal": False},
    "qwen2.5-0.5b": {"hidden": 896, "wide": 4864, "heads": 14, "kv_heads": 2, "causal": True},
}
COUNTS = {"instructions": "smsp__inst_executed.sum", "shared": "l1tex__data_pipe_lsu_wavefronts_mem_shared.sum",
          "cache_bytes": "lts__t_bytes.sum"}
UNITS = {"": 1, "inst": 1, "byte": 1, "Kbyte": 1e3, "Mbyte": 1e6, "Gbyte": 1e9}


def launches(path):
    """Rows of one launch each, of the last whole pass in the file, in order."""
    lines = [line for line in open(path, encoding="utf-8") if line.startswith('"')]
    reader = csv.reader(lines)
    header, units = next(reader), next(reader)
    rows = []
    for row in reader:
        name = row[header.index("Kernel Name")]
        entry = {"kernel": name}
        for key, metric in COUNTS.items():
            at = header.index(metric)
            entry[key] = float(row[at].replace(",", "")) * UNITS[units[at]]
        rows.append(entry)
    starts = [i for i, row in enumerate(rows) if "embed_kernel" in row["kernel"]]
    assert len(starts) >= 2, f"{path}: no whole pass"
    return rows[starts[-2]:starts[-1]] if len(rows) - starts[-1] < starts[-1] - starts[-2] else rows[starts[-1]:]


def kind_of(kernel):
    """attention, norm, quantize, gate, gather; product; other."""
    for kind in ("attention", "norm", "quantize", "gate", "gather"):
        if f"{kind}_kernel" in kernel:
            return kind
    is_other = "quantier" in kernel and "product" not in kernel
    return "other" if is_other or "splitKreduce" in kernel else "product"


def named_products(kinds):
    """Which product of a layer each launch is: what attention reads is qkv; what follows it is its output; then gates and ups, the way
    down, and these again where a layer's rows are taken in parts. Behind the last layer they are the head's."""
    names = [None] * len(kinds)
    products = [i for i, kind in enumerate(kinds) if kind == "product"]
    last_attention = max(i for i, kind in enumerate(kinds) if kind == "attention")
    before = "down"
    for i in products:
        following = next((kind for kind in kinds[i + 1:] if kind != "other"), "")
        if following == "attention":
            before = "qkv"
        elif before == "qkv":
            before = "output"
        elif before in ("output", "down"):
            before = "gate+up"
        elif before == "gate+up":
            before = "down"
        names[i] = before
    parts = max(sum(name == "down" for name in names[:last_attention]) // sum(kind == "attention" for kind in kinds[:last_attention]), 1)
    behind = [i for i in products if i > last_attention]
    for i in behind[1 + 2 * parts:] if "gather" not in kinds else behind[3:]:
        names[i] = "head"
    return names, parts


def work_of(row, kind, name, geometry, is_i8, rows, parts):
    """Tensor operations and bytes of memory of a launch, from the shapes."""
    shape = GEOMETRIES[geometry]
    hidden, wide = shape["hidden"], shape["wide"]
    attended = shape["heads"] * 64
    qkv = (shape["heads"] + 2 * shape["kv_heads"]) * 64
    part = rows // parts
    if kind == "attention":
        pairs = TOKENS * TOKENS / (2 if shape["causal"] else 1)
        return 4 * TEXTS * pairs * attended, 2 * ROWS * (qkv + attended)
    if kind == "norm":
        return 0, rows * hidden * (3 if is_i8 else 4)
    if kind == "quantize":
        return 0, rows * (hidden + wide) // 2 * 3  # two widths in turns
    if kind == "gate":
        return 0, part * wide * 6
    if kind != "product" or name == "head":
        return 0, 0
    outputs, inputs, taken = {"qkv": (qkv, hidden, rows), "output": (hidden, attended, rows), "gate+up": (2 * wide, hidden, part),
                              "down": (hidden, wide, part)}[name]
    element = 1 if is_i8 else 2
    stored = outputs / 2 if is_i8 and name == "gate+up" else outputs  # the int8 product gates by itself
    passes = 2 if name in ("output", "down") else 1  # a sum is read and written
    return 2 * taken * outputs * inputs, element * (taken + outputs) * inputs + 2 * taken * stored * passes


def model(path, geometry, recipe):
    is_i8 = recipe.startswith("int8")
    rows_of_pass = launches(path)
    kinds = [kind_of(row["kernel"]) for row in rows_of_pass]
    names, parts = named_products(kinds)
    result = {end: collections.Counter() for end in ENDS}
    bound = {end: collections.Counter() for end in ENDS}
    rows = ROWS
    for row, kind, name in zip(rows_of_pass, kinds, names):
        if kind == "gather" and rows == ROWS:
            rows, parts = TEXTS, 1  # behind the last attention pooled rows are enough
        operations, memory = work_of(row, kind, name, geometry, is_i8, rows, parts)
        for end, rates in ENDS.items():
            per_clock = MULTIPROCESSORS * rates["clock"]
            times = {"tensor cores": operations / rates["int8" if is_i8 and kind == "product" else "half"],
                     "memory": memory / MEMORY_BYTES_PER_S}
            if "quantier" in row["kernel"]:
                times["instructions"] = row["instructions"] / (ISSUED_PER_CLOCK * per_clock)
                times["shared memory"] = row["shared"] / per_clock
                times["cache"] = row["cache_bytes"] / (CACHE_BYTES_PER_CLOCK * rates["clock"])
            longest = max(times, key=times.get)
            result[end][name or kind] += times[longest] + LAUNCH_S
            bound[end][longest] += times[longest]
    return {"geometry": geometry, "recipe": recipe, "launches": len(kinds),
            "ends": {end: {"ms_per_example": sum(times.values()) / TEXTS * 1e3,
                           "parts": {name: seconds / TEXTS * 1e3 for name, seconds in times.most_common()},
                           "bound_by": {name: seconds / sum(bound[end].values()) for name, seconds in bound[end].most_common()}}
                     for end, times in result.items()}}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("files", nargs="+", help="GEOMETRY_RECIPE.csv")
    parser.add_argument("--json")
    arguments = parser.parse_args()
    found = []
    print("modelled for a T4, 32 x 128 tokens, ms an example: fast (boost clock) to slow (base clock, as under load)")
    for file in arguments.files:
        geometry, recipe = pathlib.Path(file).stem.removeprefix("t4_").rsplit("_", 1)
        entry = model(file, geometry, recipe)
        found.append(entry)
        fast, slow = entry["ends"]["fast"], entry["ends"]["slow"]
        print(f"{geometry:<16} {recipe:<9} {fast['ms_per_example']:6.2f} to {slow['ms_per_example']:6.2f}   {entry['launches']} launches")
        print("  slow: " + ", ".join(f"{name} {value:.3f}" for name, value in slow["parts"].items()))
        print("  slow, bound by: " + ", ".join(f"{name} {share:.0%}" for name, share in slow["bound_by"].items()))
    if arguments.json:
        pathlib.Path(arguments.json).write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
