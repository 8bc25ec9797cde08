#!/usr/bin/env python3
"""Writes testdata/formats/ggml_blocks.json: what the Python package gguf makes of blocks of floats, and back again.

  gguf_goldens.py

Needs gguf 0.19.0 and numpy. Arrays are {"dtype", "shape", "hex"}: little-endian bytes in row-major order.
"""

import json
import pathlib
import platform
import warnings

import gguf
import numpy as np

ROOT = pathlib.Path(__file__).resolve().parents[2]
VERSION = "0.19.0"
BLOCK = 32
TYPES = ("F16", "BF16", "Q8_0", "Q4_0", "Q4_1")


def array(values):
    values = np.ascontiguousarray(values)
    return {"dtype": str(values.dtype), "shape": list(values.shape), "hex": values.tobytes().hex()}


def filled(*first, rest=0.0):
    block = np.full(BLOCK, rest, np.float32)
    block[: len(first)] = first
    return block


def random_blocks():
    rng = np.random.default_rng(19)
    ordinary = rng.normal(0, 0.05, (24, BLOCK))
    spread = rng.normal(0, 1, (12, BLOCK)) * 10.0 ** rng.uniform(-6, 3, (12, 1))
    skewed = np.abs(rng.normal(0, 1, (6, BLOCK))) + 3.0
    halves = rng.normal(0, 0.02, (12, BLOCK)).astype(np.float16)
    return {"ordinary": ordinary, "spread over nine decades": spread, "all positive": skewed,
            "all negative": -skewed, "halves": halves}


def chosen_blocks():
    steps = np.arange(BLOCK, dtype=np.float32)
    return {
        "zeros": filled(),
        "one element": filled(0.75),
        "one negative element": filled(-0.75),
        "all equal": filled(rest=0.3),
        "all equal and negative": filled(rest=-0.3),
        # With a scale of exactly one every other element lies between two codes.
        "ties of Q8_0": np.where(steps == 0, 127.0, (steps - 16) + 0.5),
        "ties of Q8_0, negative": np.where(steps == 0, -127.0, -(steps - 16) - 0.5),
        "ties of Q4_0": np.where(steps == 0, -8.0, np.clip((steps - 16) / 2, -8, 7.5)),
        "ties of Q4_0, scale of -1": np.where(steps == 0, 8.0, np.clip((steps - 16) / 2, -7.5, 8)),
        "ties of Q4_1": np.where(steps == 0, 15.0, steps / 2),
        # Which of two equally large elements comes first decides the sign of Q4_0's scale.
        "largest twice, negative first": filled(0.1, -1.5, 0.2, 1.5),
        "largest twice, positive first": filled(0.1, 1.5, 0.2, -1.5),
        # The product with the rounded reciprocal lies next to a border between codes.
        "thirds": ((steps - 16) / 3),
        "tenths": ((steps - 16) / 10),
        "sevenths of a large number": ((steps - 20) * 1000 / 7),
        "subnormal half as scale": (steps - 16) * 1e-7,
        "scale below the smallest half": (steps - 16) * 1e-10,
        "smallest normal floats": (steps - 16) * 2.0**-126,
        "subnormal floats": (steps - 16) * 2.0**-131,
        "smallest subnormal floats": (steps - 16) * 2.0**-149,
        "scale just fits a half": filled(65504.0 * 7.9, -65504.0 * 8),
        "scale overflows a half": (steps - 16) * 65536.0,
        "scale of Q8_0 overflows a half": (steps - 16) * 65536.0 * 16,
        "smallest of Q4_1 overflows a half": filled(rest=-70000.0),
        "range overflows a float": filled(-3e38, 3e38, 1.0),
    }


def half_values():
    edges = [0.0, 1.0, -1.0, 1 + 2.0**-11, 1 + 3 * 2.0**-11, 65504.0, 65519.996, 65520.0, -65520.0, 1e30,
             2.0**-14, 2.0**-14 - 2.0**-26, 2.0**-24, 2.0**-25, 2.0**-25 * 1.0000001, 3 * 2.0**-25, 1e-30,
             1e-40, 3.3895314e38, 3.39e38, 2.0**-126, 2.0**-133, 1 + 2.0**-8, 1 + 3 * 2.0**-8]
    return np.resize(np.float32(edges), BLOCK)


def case(name, blocks):
    values = np.ascontiguousarray(np.atleast_2d(np.asarray(blocks)).astype(np.float32))
    item = {"name": name, "values": array(values), "types": {}}
    for type_name in TYPES:
        qtype = gguf.GGMLQuantizationType[type_name]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # overflow and division are what some cases are about
            stored = gguf.quantize(values, qtype)
            decoded = gguf.dequantize(stored, qtype).astype(np.float32)
        item["types"][type_name] = {"stored": array(stored.view(np.uint8)), "decoded": array(decoded)}
    return item


def main():
    version = __import__("importlib.metadata").metadata.version("gguf")
    assert version == VERSION, f"these goldens are of gguf {VERSION}, not {version}"
    cases = [case(name, blocks) for name, blocks in {**random_blocks(), **chosen_blocks()}.items()]
    cases.append(case("edges of half and bfloat16", half_values()))
    sizes = {t.name: {"id": int(t), "elements": gguf.GGML_QUANT_SIZES[t][0], "bytes": gguf.GGML_QUANT_SIZES[t][1]}
             for t in gguf.GGMLQuantizationType}
    goldens = {"made_by": "tools/goldens/gguf_goldens.py", "gguf": version, "numpy": np.__version__,
               "machine": platform.machine(), "types": sizes, "cases": cases}
    (ROOT / "testdata/formats/ggml_blocks.json").write_text(json.dumps(goldens, indent=0, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
