#!/usr/bin/env python3
"""Writes testdata/formats/llm_int8.json and nf4.json: what bitsandbytes computes, operator by operator, for the tests.

  bitsandbytes_goldens.py

Needs bitsandbytes 0.50.2 on an x86-64 CPU without AVX-512: with it, the library takes other paths (bf16 products, and
block maxima of the wrong block where rows are no multiple of 64). Arrays are {"dtype", "shape", "hex"}: little-endian
bytes in row-major order.
"""

import json
import pathlib
import platform

import bitsandbytes as bnb
import bitsandbytes.functional as F
import numpy as np
import torch

ROOT = pathlib.Path(__file__).resolve().parents[2]
VERSION = "0.50.2"
THRESHOLD = 6.0
JUST_BELOW = float(np.nextafter(np.float16(THRESHOLD), np.float16(0)))


def array(tensor):
    values = tensor.detach().contiguous().numpy() if isinstance(tensor, torch.Tensor) else np.ascontiguousarray(tensor)
    return {"dtype": str(values.dtype), "shape": list(values.shape), "hex": values.tobytes().hex()}


def header():
    return {
        "made_by": "tools/goldens/bitsandbytes_goldens.py",
        "bitsandbytes": bnb.__version__,
        "torch": torch.__version__,
        "backend": "cpu (native library for 8-bit blocks and for 4-bit dequantization of even rows, \"default\" otherwise)",
        "machine": f"{platform.machine()}, {torch.backends.cpu.get_cpu_capability()}",
    }


def half(values):
    return torch.tensor(np.asarray(values), dtype=torch.float32).to(torch.float16)


# LLM.int8() ---------------------------------------------------------------------------------------------------------


def int8_case(name, weight, bias, x):
    """Every operator of a bitsandbytes linear layer in inference, and the layer itself."""
    codes, absmax, _ = F.int8_vectorwise_quant(weight.clone())
    x_codes, x_absmax, columns = F.int8_vectorwise_quant(x.clone(), threshold=THRESHOLD)
    case = {
        "name": name,
        "weight": array(weight), "bias": array(bias), "x": array(x),
        "weight_codes": array(codes), "weight_absmax": array(absmax),
        "x_codes": array(x_codes), "x_absmax": array(x_absmax), "outlier_columns": columns.tolist(),
        "sums": array(F.int8_linear_matmul(x_codes, codes)),
        "outlier_weights": array((torch.ops.bitsandbytes.int8_vectorwise_dequant(codes[:, columns].contiguous(), absmax)
                                  .to(torch.float16))),
    }
    for key, layer_bias in (("y", None), ("y_bias", bias)):
        layer = bnb.nn.Linear8bitLt(weight.shape[1], weight.shape[0], bias=layer_bias is not None,
                                    has_fp16_weights=False, threshold=THRESHOLD)
        layer.weight = bnb.nn.Int8Params(weight.clone(), requires_grad=False, has_fp16_weights=False)
        if layer_bias is not None:
            layer.bias = torch.nn.Parameter(layer_bias.clone(), requires_grad=False)
        layer = layer.to("cpu").eval()
        with torch.no_grad():
            case[key] = array(layer(x.clone()))
    return case


def int8_goldens():
    rng = np.random.default_rng(20)
    n, k = 24, 70
    weight = half(rng.normal(0, 0.05, (n, k)))
    weight[3] = 0
    weight[4] = half(np.concatenate([[127.0], np.arange(k - 1) - 34.5]))  # every other code is a tie
    weight[5] = -weight[5].abs()
    weight[6] = half(rng.normal(0, 1e-6, k))  # subnormal halves
    # Half an absmax is a tie in exact arithmetic. w * (127 / absmax) and w / absmax * 127 round to another code than
    # torch's w * (1 / absmax * 127): one in the first row, the other in the second.
    weight[7], weight[8] = half(np.resize([1.0927734, 0.5463867], k)), half(np.resize([1.0117188, 0.5058594], k))
    bias = half(rng.normal(0, 1, n))

    def activations(rows):
        return half(np.clip(rng.normal(0, 1, (rows, k)), -4, 4))

    cases = [int8_case("no outliers", weight, bias, activations(7))]
    x = activations(9)
    x[2, 11], x[5, 11], x[7, 40], x[8, 69], x[0, 0] = 8.5, -30.25, -77.0, 6.5, 12.0
    cases.append(int8_case("outliers of both signs", weight, bias, x))
    x = activations(4)
    x[0, 5], x[1, 6], x[2, 7], x[3, 8] = THRESHOLD, -THRESHOLD, JUST_BELOW, -JUST_BELOW
    cases.append(int8_case("at the threshold", weight, bias, x))
    cases.append(int8_case("one row without outliers", weight, bias, activations(1)))
    x = activations(1)
    x[0, 3], x[0, 50] = 25.0, -9.0
    cases.append(int8_case("one row with outliers", weight, bias, x))
    x = activations(5)
    x[0] = half(np.resize([1.1269531, -0.56347656, 0.56347656], k))  # as weight[7]
    x[1], x[3], x[4] = 0, half(np.where(np.arange(k) % 2, 7.5, -9.0)), half(rng.normal(0, 1e-6, k))
    cases.append(int8_case("rows of zeros, of outliers only, of subnormal halves", weight, bias, x))
    x = activations(6)
    for row in range(6):
        x[row, 10 * row + 1] = (-1.0) ** row * (6 + row)
        x[row, 33] = 50.0 + row
    cases.append(int8_case("outliers in every row", weight, bias, x))
    cases.append(int8_case("one column", weight[:, :1].contiguous(), bias, half([[0.5], [-3.0], [0.0], [7.0]])))
    return {**header(), "threshold": THRESHOLD, "cases": cases}


# NF4 ----------------------------------------------------------------------------------------------------------------


def nf4_case(name, weight, rows=3):
    n, k = weight.shape
    rng = np.random.default_rng(n * 1000 + k)
    x, bias = half(rng.normal(0, 1, (rows, k))), half(rng.normal(0, 1, n))
    _, plain = F.quantize_4bit(weight, blocksize=64, quant_type="nf4")
    packed, state = F.quantize_4bit(weight, blocksize=64, quant_type="nf4", compress_statistics=True)
    stored = F.dequantize_blockwise(state.absmax, state.state2) + state.offset
    case = {
        "name": name, "weight": array(weight), "x": array(x), "bias": array(bias),
        "packed": array(packed), "absmax": array(plain.absmax), "offset": array(state.offset.reshape(1)),
        "absmax_codes": array(state.absmax), "nested_absmax": array(state.state2.absmax),
        "stored_absmax": array(stored), "dequantized": array(F.dequantize_4bit(packed, state)),
    }
    for key, layer_bias in (("y", None), ("y_bias", bias)):
        layer = bnb.nn.Linear4bit(k, n, bias=layer_bias is not None, compute_dtype=torch.float16, quant_type="nf4")
        layer.weight = bnb.nn.Params4bit(weight.clone(), requires_grad=False, quant_type="nf4", blocksize=64,
                                         compress_statistics=True)
        if layer_bias is not None:
            layer.bias = torch.nn.Parameter(layer_bias.clone(), requires_grad=False)
        layer = layer.to("cpu").eval()
        with torch.no_grad():
            case[key] = array(layer(x.clone()))
    return case


def tie_block(whole):
    """64 (or 60) halves of which as many as can be found fall, once scaled, on the midpoint of two table entries."""
    table = F.get_4bit_type("nf4", device="cpu").numpy()
    middles = (table[:-1] + table[1:]) / np.float32(2)
    best = []
    for absmax in (np.arange(1024, 2048, dtype=np.float32) / 1024):
        near = np.float16(middles * absmax)
        scaled = near.astype(np.float32) * (np.float32(1) / absmax) if whole else near.astype(np.float32) / absmax
        if (scaled == middles).sum() > len(best):
            best = [absmax, *near[scaled == middles]]
    assert len(best) > 1, "no half falls on a midpoint"
    return np.resize(np.float32(best), 64 if whole else 60)


def absmax_goldens():
    """Block maxima chosen to be hard: near the boundaries between the 65536 points that the library looks codes up for."""
    rng = np.random.default_rng(50)
    points = rng.integers(0, 65535, 1500)
    offset = np.float32(0)
    near = ((points + 0.5) / 65535 * 2 - 1).astype(np.float32)
    near = np.nextafter(near, rng.choice([-2, 2], near.size).astype(np.float32)).astype(np.float32)
    small = (10.0 ** rng.uniform(-7, 0, 500) * rng.choice([-1, 1], 500)).astype(np.float32)
    values = np.concatenate([[1.0], near, small]).astype(np.float32)
    values[256::256] = 1.0  # each nested block has absmax 1, so that scaling keeps the values
    codes, state = F.quantize_blockwise(torch.from_numpy(values), blocksize=256)
    return {"values": array(values), "offset": float(offset), "codes": array(codes), "nested_absmax": array(state.absmax)}


def nf4_goldens():
    rng = np.random.default_rng(4)
    spread = rng.normal(0, 1, (127, 130)) * (10.0 ** rng.uniform(-4, 0.5, 127))[:, None]
    tied = np.concatenate([tie_block(True), tie_block(False)])
    zeros = np.concatenate([rng.normal(0, 0.1, 64), np.zeros(64), rng.normal(0, 0.1, 64), np.zeros(7)])
    cases = [
        nf4_case("a single block", half(rng.normal(0, 0.05, (1, 64)))),
        nf4_case("a single incomplete block", half(rng.normal(0, 0.05, (3, 10)))),
        nf4_case("blocks straddle rows", half(rng.normal(0, 0.05, (24, 70)))),
        nf4_case("odd count, last block of one element", half(rng.normal(0, 0.05, (5, 13)))),
        nf4_case("two nested blocks, the last of two blocks", half(spread)),
        nf4_case("ties", half(tied.reshape(4, 31))),
        nf4_case("blocks of zeros, whole and incomplete", half(zeros.reshape(1, -1))),
        nf4_case("zeros only", half(np.zeros((2, 64)))),
        nf4_case("subnormal halves", half(rng.normal(0, 1e-6, (3, 66)))),
        nf4_case("rows of a whole number of blocks", half(rng.normal(0, 0.02, (6, 192))), rows=1),
    ]
    return {**header(), "table": array(F.get_4bit_type("nf4", device="cpu")), "dynamic_map": array(F.create_dynamic_map()),
            "absmax": absmax_goldens(), "cases": cases}


def main():
    assert bnb.__version__ == VERSION, f"these goldens are of bitsandbytes {VERSION}, not {bnb.__version__}"
    assert torch.backends.cpu.get_cpu_capability() != "AVX512", "see the text above"
    folder = ROOT / "testdata/formats"
    folder.mkdir(parents=True, exist_ok=True)
    for name, goldens in (("llm_int8", int8_goldens()), ("nf4", nf4_goldens())):
        (folder / f"{name}.json").write_text(json.dumps(goldens, indent=0, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
