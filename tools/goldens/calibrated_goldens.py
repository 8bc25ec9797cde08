#!/usr/bin/env python3
"""Writes testdata/formats/gptq.json, awq.json and smooth.json: the calibrated methods as their papers state them.

  calibrated_goldens.py

GPTQ here forms the inverse Hessian and its Cholesky factor and updates all remaining weights after each input (Frantar
et al. 2022, algorithm 1), in float64: another road to the codes than the program's. AWQ and SmoothQuant evaluate every
exponent of their grids on a layer of their own and name the best. Needs numpy. Arrays are {"dtype", "shape", "hex"}:
little-endian bytes in row-major order.
"""

import json
import pathlib

import numpy as np

ROOT = pathlib.Path(__file__).resolve().parents[2]


def array(values):
    values = np.ascontiguousarray(values)
    return {"dtype": str(values.dtype), "shape": list(values.shape), "hex": values.tobytes().hex()}


def grid(weights, symmetric, shrink=1.0):
    """Scale (a half) and zero point of one group."""
    low, high = min(0.0, weights.min()) * shrink, max(0.0, weights.max()) * shrink
    if symmetric:
        return np.float32(np.float16(np.float32(max(-low, high)) / np.float32(7.5))), 8
    scale = np.float32(np.float16((np.float32(high) - np.float32(low)) / np.float32(15)))
    zero = int(np.clip(np.rint(-np.float32(low) / scale), 0, 15)) if scale > 0 else 0
    return scale, zero


def code(weight, scale, zero):
    return int(np.clip(np.rint(weight / scale) + zero, 0, 15)) if scale > 0 else zero


def value(c, scale, zero):
    return np.float64(np.float16(np.float32(c - zero) * scale))


def groups_of(inputs, group):
    step = group or inputs
    return [(first, min(first + step, inputs)) for first in range(0, inputs, step)]


def gptq(weight, gram, rows, cross, group, symmetric, ordered, damping):
    inputs = weight.shape[1]
    hessian = gram.astype(np.float64) / rows
    diagonal = np.diag(hessian).copy()
    dead = diagonal <= 0
    mean = diagonal[~dead].mean()
    hessian[dead, dead] = mean
    hessian += damping * mean * np.eye(inputs)
    weight = weight.astype(np.float64)
    if cross is not None:
        weight = weight + np.linalg.solve(hessian, (weight @ (cross.astype(np.float64) / rows)).T).T
    order = np.argsort(-diagonal, kind="stable") if ordered else np.arange(inputs)
    upper = np.linalg.cholesky(np.linalg.inv(hessian[np.ix_(order, order)])).T
    step = group or inputs
    codes = np.zeros(weight.shape, np.uint8)
    for n in range(weight.shape[0]):
        grids = [grid(weight[n, a:b].astype(np.float32), symmetric) for a, b in groups_of(inputs, group)]
        rest = weight[n, order].copy()
        for i in range(inputs):
            scale, zero = grids[order[i] // step]
            c = code(rest[i], scale, zero)
            codes[n, order[i]] = c
            error = (rest[i] - value(c, scale, zero)) / upper[i, i]
            rest[i:] -= error * upper[i, i:]
    return codes


def inputs_of(rng, rows, inputs, correlation):
    mixing = rng.standard_normal((inputs, inputs)) * correlation + np.eye(inputs)
    return (rng.standard_normal((rows, inputs)) @ mixing * np.exp(rng.normal(0, 0.7, inputs))).astype(np.float32)


def gptq_cases():
    rng = np.random.default_rng(20261129)
    cases = []
    for name, outputs, inputs, group, symmetric, ordered, damping, extra in [
        ("symmetric groups, large inputs first", 24, 96, 32, True, True, 0.01, None),
        ("zero points, a short last group", 21, 72, 32, False, True, 0.01, None),
        ("one group a row, inputs as stored", 16, 64, 0, True, False, 0.1, None),
        ("a dead input and a row of zeros", 18, 64, 64, True, True, 0.01, "dead"),
        ("towards the float model", 20, 64, 32, True, True, 0.1, "cross"),
    ]:
        x = inputs_of(rng, 400, inputs, 0.25)
        weight = (rng.standard_normal((outputs, inputs)) * 0.05).astype(np.float16)
        if extra == "dead":
            x[:, 5] = 0
            weight[3, :] = 0
        gram = (x.T @ x).astype(np.float32)
        cross = None
        if extra == "cross":
            drift = (rng.standard_normal(x.shape) * 0.1 * np.abs(x).mean() + 0.03 * x).astype(np.float32)
            cross = (drift.T @ x).astype(np.float32)
        codes = gptq(weight.astype(np.float32), gram, len(x), cross, group, symmetric, ordered, damping)
        case = {"name": name, "group": group, "symmetric": symmetric, "ordered": ordered, "damping": damping,
                "rows": len(x), "weight": array(weight), "gram": array(gram), "codes": array(codes)}
        if cross is not None:
            case["cross"] = array(cross)
        cases.append(case)
    return cases


def quantize_groups(weight, group, symmetric):
    out = np.zeros_like(weight, np.float64)
    for n in range(weight.shape[0]):
        for a, b in groups_of(weight.shape[1], group):
            scale, zero = grid(weight[n, a:b], symmetric)
            out[n, a:b] = [value(code(w, scale, zero), scale, zero) for w in weight[n, a:b]]
    return out


def awq_case():
    rng = np.random.default_rng(7)
    x = inputs_of(rng, 256, 64, 0.1)
    x[:, [3, 40]] *= 12
    weight = (rng.standard_normal((32, 64)) * 0.05).astype(np.float16)
    abs_mean = np.abs(x).mean(axis=0).astype(np.float32)
    steps = []
    for step in range(20):
        scales = np.maximum(np.power(abs_mean, np.float32(step / 20)), np.float32(1e-4)).astype(np.float32)
        scales = (scales / np.sqrt(scales.max() * scales.min())).astype(np.float32)
        dequantized = quantize_groups((weight.astype(np.float32) * scales), 32, False) / scales
        loss = float((((dequantized - weight.astype(np.float64)) @ x.T) ** 2).mean())
        steps.append({"scales": array(scales), "loss": loss})
    best = min(range(20), key=lambda s: steps[s]["loss"])
    return {"group": 32, "weight": array(weight), "x": array(x), "abs_mean": array(abs_mean), "best": best,
            "steps": steps}


def smooth_case():
    rng = np.random.default_rng(8)
    x = inputs_of(rng, 128, 48, 0.1)
    x[:, [2, 30]] *= 40
    weight = (rng.standard_normal((24, 48)) * 0.05).astype(np.float16)
    absmax_x = np.abs(x).max(axis=0).astype(np.float32)
    absmax_w = np.abs(weight.astype(np.float32)).max(axis=0)

    def by_row(values):
        scale = np.abs(values).max(axis=1, keepdims=True) / 127
        return np.rint(values / scale) * scale

    steps = []
    exact = x.astype(np.float64) @ weight.astype(np.float64).T
    for step in range(20):
        alpha = np.float32(step / 20)
        scales = np.maximum(absmax_x ** alpha / np.maximum(absmax_w, np.float32(1e-5)) ** (1 - alpha),
                            np.float32(1e-5)).astype(np.float32)
        y = by_row(x.astype(np.float64) / scales) @ by_row(weight.astype(np.float64) * scales).T
        steps.append({"scales": array(scales), "loss": float(((y - exact) ** 2).mean())})
    best = min(range(20), key=lambda s: steps[s]["loss"])
    return {"weight": array(weight), "x": array(x), "absmax_x": array(absmax_x), "absmax_w": array(absmax_w),
            "best": best, "steps": steps}


def write(name, content):
    head = {"made_by": "tools/goldens/calibrated_goldens.py", "numpy": np.__version__}
    (ROOT / "testdata" / "formats" / name).write_text(json.dumps(head | content, indent=1) + "\n")


write("gptq.json", {"cases": gptq_cases()})
write("awq.json", awq_case())
write("smooth.json", smooth_case())
