"""The CPU engine beside what people use instead, on the same model, inputs and threads: ONNX Runtime, OpenVINO, PyTorch, and
for the decoder llama.cpp and CTranslate2.

    bench/peers.sh                       makes the environment and runs this
    peers.py BENCH_ENGINE MODEL [--shapes 32x128 8x128 1x128] [--rounds 15] [--seconds S] [--json FILE] [--csv FILE]

MODEL is a directory in Hugging Face's layout (bench_engine writes one with random weights). Peers run in this
process, the engine in another one that waits for its turn; one round times everyone once, in an order that turns, so
that a drifting clock hits all. The CSV file is evidence that `quantier import` takes: peers stand beside our own runs. A ratio
is the median over rounds of peer time / our time, with a 95 % interval from 10,000 bootstrap samples of rounds. Before
anything is timed, the peers' logits are compared with ours in float. --seconds ends the rounds of a shape early.
"""

import argparse
import json
import os
import platform
import random
import statistics
import subprocess
import sys
import time
import warnings

warnings.filterwarnings("ignore")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
os.environ.setdefault("HF_HUB_OFFLINE", "1")

import numpy as np
import torch

VOCABULARY = 1024  # what bench_engine loads of the embedding
CLASSES = 50  # of the random models
BOOTSTRAPS = 10_000
ENCODER_PEERS = ["ort-fp32", "ort-int8", "ov-fp32", "ov-bf16", "ov-int8", "torch-fp32", "torch-bf16"]
DECODER_PEERS = ["ort-fp32", "ort-int8", "torch-fp32", "torch-bf16", "llama-q4_0", "llama-q8_0", "llama-bf16", "ct2-float32", "ct2-int8"]


def ids_of(batch, tokens):
    return (np.arange(batch * tokens, dtype=np.int64) * 7919 % VOCABULARY).reshape(batch, tokens)


class Ours:
    def __init__(self, program, model, recipes, threads):
        self.process = subprocess.Popen(
            [program, "--model", model, "--threads", str(threads), "--serve", "--logits", "--recipes", *recipes],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout.readline().strip() == "ready"

    def ask(self, recipe, batch, tokens, repeats):
        self.process.stdin.write(f"{recipe} {batch} {tokens} {repeats}\n")
        self.process.stdin.flush()
        words = self.process.stdout.readline().split()
        return [float(word) * 1e-9 for word in words[:repeats]], [float(word) for word in words[repeats:]]

    def seconds(self, recipe, batch, tokens, repeats):
        return statistics.mean(self.ask(recipe, batch, tokens, repeats)[0])


def timed(run, repeats):
    start = time.perf_counter()
    for _ in range(repeats):
        run()
    return (time.perf_counter() - start) / repeats


def exported(model, work):
    """The ONNX file of the model, in float, with free batch and length."""
    from transformers import AutoModelForSequenceClassification

    path = os.path.join(work, "model.onnx")
    if not os.path.exists(path):
        network = AutoModelForSequenceClassification.from_pretrained(model, dtype=torch.float32).eval()
        example = torch.from_numpy(ids_of(2, 64))
        sizes = {0: torch.export.Dim("batch"), 1: torch.export.Dim("tokens")}
        torch.onnx.export(network, (example, torch.ones_like(example)), path, dynamo=True, external_data=True,
                          input_names=["input_ids", "attention_mask"], output_names=["logits"],
                          dynamic_shapes={"input_ids": sizes, "attention_mask": sizes}, verbose=False)
    return path


def onnx_runtime(path, threads):
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    # Idle threads of one peer must not take processors from the next.
    options.add_session_config_entry("session.intra_op.allow_spinning", "1")
    options.add_session_config_entry("session.force_spinning_stop", "1")
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    names = [argument.name for argument in session.get_inputs()]
    return lambda ids: session.run(None, {name: ids if name == "input_ids" else np.ones_like(ids) for name in names})[0]


def onnx_runtime_int8(path, work, threads):
    from onnxruntime.quantization import QuantType, quantize_dynamic

    quantized = os.path.join(work, "model.int8.onnx")
    if not os.path.exists(quantized):
        quantize_dynamic(path, quantized, weight_type=QuantType.QInt8, per_channel=True, op_types_to_quantize=["MatMul", "Gemm"],
                         use_external_data_format=True)
    return onnx_runtime(quantized, threads)


def openvino_model(path, threads, precision, compress=False):
    import openvino

    core = openvino.Core()
    network = core.read_model(path)
    if compress:
        import nncf

        network = nncf.compress_weights(network, mode=nncf.CompressWeightsMode.INT8_SYM)
    config = {"INFERENCE_NUM_THREADS": threads, "NUM_STREAMS": 1, "INFERENCE_PRECISION_HINT": precision,
              "PERFORMANCE_HINT": "LATENCY"}
    if compress:
        config["DYNAMIC_QUANTIZATION_GROUP_SIZE"] = str(2**64 - 1)  # one scale a token
    compiled = core.compile_model(network, "CPU", config)
    names = [port.get_any_name() for port in compiled.inputs]
    return lambda ids: compiled({name: ids if name == "input_ids" else np.ones_like(ids) for name in names})[0]


def pytorch(model, dtype):
    from transformers import AutoModelForSequenceClassification

    network = AutoModelForSequenceClassification.from_pretrained(model, dtype=dtype, attn_implementation="sdpa").eval()

    def run(ids):
        with torch.inference_mode():
            return network(torch.from_numpy(ids), attention_mask=torch.ones_like(torch.from_numpy(ids))).logits.float().numpy()

    return run


def llama(model, work, kind, threads):
    from peers_llama import Llama

    return Llama(model, work, kind, threads, VOCABULARY, CLASSES)


def ctranslate2_model(model, work, kind, threads):
    from peers_ctranslate2 import CTranslate2

    return CTranslate2(model, work, kind, threads, VOCABULARY, CLASSES)


def shape(text):
    batch, tokens = text.split("x")
    return int(batch), int(tokens)


def interval(values):
    generator = random.Random(0)
    medians = sorted(statistics.median(generator.choices(values, k=len(values))) for _ in range(BOOTSTRAPS))
    return medians[int(0.025 * BOOTSTRAPS)], medians[int(0.975 * BOOTSTRAPS) - 1]


def versions():
    found = {"python": platform.python_version(), "torch": torch.__version__}
    for name in ("onnxruntime", "openvino", "transformers", "nncf", "llama_cpp", "ctranslate2"):
        try:
            found[name] = __import__(name).__version__
        except ImportError:
            pass
    return found


def rounds_of(ours, options, peers, batch, tokens):
    """Every participant's seconds for one pass, one number a round."""
    ids = ids_of(batch, tokens)
    repeats = max(1, 512 // (batch * tokens))
    seconds = {name: [] for name in [*options.recipes, *peers]}
    start = time.perf_counter()
    for turn in range(options.rounds + 1):
        if turn > 1 and time.perf_counter() - start > options.seconds:
            break
        order = list(seconds)
        order = order[turn % len(order):] + order[: turn % len(order)]
        for name in order:
            if name in peers:
                elapsed = timed(lambda: peers[name](ids), repeats)
            else:
                elapsed = ours.seconds(name, batch, tokens, repeats)
            if turn > 0:  # the first warms up
                seconds[name].append(elapsed)
    return seconds


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("bench_engine")
    parser.add_argument("model")
    parser.add_argument("--recipes", nargs="+", default=["fp32", "bf16", "int8-rtn", "int4-w4a8"])
    parser.add_argument("--peers", nargs="+", help="default: all that the geometry has")
    parser.add_argument("--shapes", nargs="+", type=shape, default=[(32, 128), (8, 128), (1, 128)], help="texts x tokens")
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--seconds", type=float, default=float("inf"), help="no new round of a shape after so long")
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--work", default="/tmp/quantier-peers")
    parser.add_argument("--json")
    parser.add_argument("--csv", help="model,precision,latency_ms of the first batch size and length")
    options = parser.parse_args()
    os.makedirs(options.work, exist_ok=True)
    torch.set_num_threads(options.threads)
    if options.peers is None:
        with open(os.path.join(options.model, "config.json")) as file:
            options.peers = DECODER_PEERS if json.load(file)["model_type"] == "qwen2" else ENCODER_PEERS

    path = exported(options.model, options.work) if any(peer.startswith(("ort", "ov")) for peer in options.peers) else None
    makers = {
        "ort-fp32": lambda: onnx_runtime(path, options.threads),
        "ort-int8": lambda: onnx_runtime_int8(path, options.work, options.threads),
        "ov-fp32": lambda: openvino_model(path, options.threads, "f32"),
        "ov-bf16": lambda: openvino_model(path, options.threads, "bf16"),
        "ov-int8": lambda: openvino_model(path, options.threads, "f32", compress=True),
        "torch-fp32": lambda: pytorch(options.model, torch.float32),
        "torch-bf16": lambda: pytorch(options.model, torch.bfloat16),
        **{f"llama-{kind}": lambda kind=kind: llama(options.model, options.work, kind, options.threads) for kind in ("q4_0", "q8_0", "bf16")},
        **{f"ct2-{kind}": lambda kind=kind: ctranslate2_model(options.model, options.work, kind, options.threads) for kind in ("float32", "int8")},
    }
    peers = {}
    for name in options.peers:
        try:
            peers[name] = makers[name]()
        except Exception as error:  # a peer that does not run here is said, not hidden
            print(f"{name}: does not run here: {str(error).splitlines()[0][:200]}", file=sys.stderr)
    ours = Ours(options.bench_engine, options.model, options.recipes, options.threads)

    probe = ids_of(1, 64)
    if "fp32" in options.recipes:
        own = np.array(ours.ask("fp32", 1, 64, 1)[1])
        for name, run in peers.items():
            print(f"{name}: largest difference of a logit from our fp32: {np.abs(run(probe)[0] - own).max():.2e}")

    results = []
    for batch, tokens in options.shapes:
        seconds = rounds_of(ours, options, peers, batch, tokens)
        rounds = len(next(iter(seconds.values())))
        print(f"\n{batch} x {tokens} tokens, {options.threads} threads, {rounds} rounds, ms per example (median), peer time / our time [95 %]")
        print(f"  {'':<12} {'ms/ex':>8}" + "".join(f" {recipe:>20}" for recipe in options.recipes))
        for name, values in seconds.items():
            line = f"  {name:<12} {statistics.median(values) / batch * 1e3:>8.2f}"
            for recipe in options.recipes:
                ratios = [peer / own for peer, own in zip(values, seconds[recipe])]
                low, high = interval(ratios)
                line += f"  {statistics.median(ratios):>5.2f} [{low:.2f}, {high:.2f}]"
                results.append({"batch": batch, "tokens": tokens, "rounds": rounds, "peer": name, "ours": recipe,
                                "ratio": statistics.median(ratios), "low": low, "high": high, "peer_ms": statistics.median(values) / batch * 1e3})
            print(line, flush=True)
        if options.json:  # after every shape: what was measured stays, whatever happens to the next
            with open(options.json, "w") as file:
                json.dump({"versions": versions(), "threads": options.threads, "results": results}, file, indent=1)
    if options.csv:
        name = os.path.basename(os.path.normpath(options.model))
        rows = {result["peer"]: result["peer_ms"] for result in results if (result["batch"], result["tokens"]) == options.shapes[0]}
        with open(options.csv, "w") as file:
            file.write("model,precision,latency_ms\n")
            for peer, milliseconds in rows.items():
                file.write(f"{name},{peer},{milliseconds:.4f}\n")


if __name__ == "__main__":
    main()
