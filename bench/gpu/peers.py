#!/usr/bin/env python3
"""How fast do the peers run the same networks on the same card?

  bench/gpu/peers.py [--geometry modernbert-base qwen2.5-0.5b] [--batches 1 8 32 128] [--tokens 128] [--json FILE]
                     [--ours BENCH_GPU_ENGINE] [--bitsandbytes] [--lengths FILE] [--csv FILE]

Random weights in the shape of ModernBERT-base and Qwen2.5-0.5B with a sequence classifier, in half precision: transformers eager
(sdpa), transformers under torch.compile, and with --bitsandbytes LLM.int8() with the head left out, as here. A time is the wall
clock from ids in host memory to logits in host memory, the median of rounds; with --ours this project's own benchmark runs before
and after them, so that a card that got slower in between shows, and ratios are printed: the median of a peer's rounds over that of
ours, with a 95 % interval from 10,000 bootstrap samples of both. The CSV file is evidence that `quantier import FILE --device CARD` takes,
so that peers stand beside our own runs; the JSON file keeps every round's time, the device and the versions. Needs torch and transformers;
bitsandbytes where asked for.
"""
import argparse
import json
import random
import statistics
import subprocess
import tempfile
import time

import torch
import transformers

CLASSES = 50
BOOTSTRAPS = 10_000


def config_of(geometry):
    if geometry == "modernbert-base":
        return transformers.ModernBertConfig(num_labels=CLASSES, reference_compile=False, attn_implementation="sdpa")
    return transformers.Qwen2Config(hidden_size=896, intermediate_size=4864, num_hidden_layers=24, num_attention_heads=14,
                                    num_key_value_heads=2, vocab_size=151936, max_position_embeddings=32768, rope_theta=1e6,
                                    tie_word_embeddings=True, num_labels=CLASSES, pad_token_id=151643, attn_implementation="sdpa")


def model_of(geometry):
    config = config_of(geometry)
    torch.manual_seed(0)
    with torch.device("cuda"):
        torch.set_default_dtype(torch.float16)
        model = transformers.AutoModelForSequenceClassification.from_config(config)
        torch.set_default_dtype(torch.float32)
    return model.eval().half()


def quantized(model):
    """LLM.int8() layers in the place of every linear layer but the head's."""
    import bitsandbytes
    head = ("score", "classifier", "head.dense")
    for name, module in list(model.named_modules()):
        for child_name, child in list(module.named_children()):
            full = (name + "." if name else "") + child_name
            if not isinstance(child, torch.nn.Linear) or full.startswith(head):
                continue
            layer = bitsandbytes.nn.Linear8bitLt(child.in_features, child.out_features, child.bias is not None,
                                                 has_fp16_weights=False, threshold=6.0)
            layer.weight = bitsandbytes.nn.Int8Params(child.weight.data.cpu(), requires_grad=False, has_fp16_weights=False)
            if child.bias is not None:
                layer.bias = torch.nn.Parameter(child.bias.data, requires_grad=False)
            setattr(module, child_name, layer.cuda())
    return model


def batches_of(lengths, batch):
    return [lengths[i:i + batch] for i in range(0, len(lengths), batch)]


def inputs_of(lengths, vocabulary):
    longest = max(lengths)
    ids = torch.zeros(len(lengths), longest, dtype=torch.long)
    mask = torch.zeros(len(lengths), longest, dtype=torch.long)
    for row, length in enumerate(lengths):
        ids[row, :length] = torch.arange(length) * 7919 % vocabulary
        mask[row, :length] = 1
    return ids.pin_memory(), None if min(lengths) == longest else mask.pin_memory()


@torch.inference_mode()
def time_ms(call, rounds, budget_s=20.0):
    times = []
    begin = time.perf_counter()
    for round_ in range(rounds + 3):
        torch.cuda.synchronize()
        start = time.perf_counter()
        call()
        torch.cuda.synchronize()
        if round_ < 3:  # compiles, warms up
            begin = time.perf_counter()
            continue
        times.append((time.perf_counter() - start) * 1e3)
        if time.perf_counter() - begin > budget_s:
            break
    return times


def run(model, inputs, rounds):
    def once():
        for ids, mask in inputs:
            ids = ids.cuda(non_blocking=True)
            if mask is not None:
                mask = mask.cuda(non_blocking=True)
            model(input_ids=ids, attention_mask=mask).logits.cpu()
    return time_ms(once, rounds)


def our_rows(program, geometry, tokens, batches):
    """Rows of our benchmark, in the form of the peers'. It prints its own table."""
    with tempfile.NamedTemporaryFile(suffix=".json") as file:
        subprocess.run([program, "--geometry", geometry, "--tokens", str(tokens), "--batches", *map(str, batches), "--json", file.name],
                       check=True)
        document = json.load(open(file.name))
    memory = document.get("memory", {})
    return [{"geometry": geometry, "stack": f"quantier {row['recipe']}", "name": row["name"], "texts": row["texts"], "ms": row["ms"],
             "peak_bytes": memory.get(row["recipe"])} for row in document["rows"]]


def interval(peer, own):
    generator = random.Random(0)
    ratios = sorted(statistics.median(generator.choices(peer, k=len(peer))) / statistics.median(generator.choices(own, k=len(own)))
                    for _ in range(BOOTSTRAPS))
    return ratios[int(0.025 * BOOTSTRAPS)], ratios[int(0.975 * BOOTSTRAPS) - 1]


def by_stack(rows):
    """Times of each geometry and batch, stack by stack; ours of before and after the peers together."""
    found = {}
    for row in rows:
        entry = found.setdefault((row["geometry"], row["name"]), {}).setdefault(row["stack"], {**row, "ms": []})
        entry["ms"].extend(row["ms"])
    return found


def print_ratios(rows):
    for (geometry, name), stacks in by_stack(rows).items():
        for own in stacks:
            if not own.startswith("quantier"):
                continue
            for other, entry in stacks.items():
                if other == own or (other.startswith("quantier") and other != "quantier fp16"):
                    continue
                low, high = interval(entry["ms"], stacks[own]["ms"])
                ratio = statistics.median(entry["ms"]) / statistics.median(stacks[own]["ms"])
                print(f"{geometry:<16} {name:<12} {other:<14} / {own:<18} {ratio:7.2f} [{low:.2f}, {high:.2f}]")


def write_evidence(path, rows):
    with open(path, "w") as file:
        file.write("model,precision,latency_ms,memory_gb\n")
        for (geometry, name), stacks in by_stack(rows).items():
            for stack, row in stacks.items():
                memory = f"{row['peak_bytes'] / 1e9:.4f}" if row["peak_bytes"] else ""
                file.write(f"{geometry},{stack} {name},{statistics.median(row['ms']) / row['texts']:.5f},{memory}\n")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--geometry", nargs="+", default=["modernbert-base", "qwen2.5-0.5b"])
    parser.add_argument("--batches", nargs="+", type=int, default=[1, 8, 32, 128])
    parser.add_argument("--tokens", type=int, default=128)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--stacks", nargs="+", default=["eager", "compile"])
    parser.add_argument("--bitsandbytes", action="store_true")
    parser.add_argument("--lengths")
    parser.add_argument("--ours")
    parser.add_argument("--json")
    parser.add_argument("--csv")
    arguments = parser.parse_args()
    rows = []
    for geometry in arguments.geometry:
        def ours():
            if arguments.ours:
                rows.extend(our_rows(arguments.ours, geometry, arguments.tokens, arguments.batches))
        ours()
        for stack in arguments.stacks + (["bitsandbytes"] if arguments.bitsandbytes else []):
            torch.cuda.empty_cache()
            model = model_of(geometry)
            if stack == "bitsandbytes":
                model = quantized(model)
            runner = torch.compile(model) if stack == "compile" else model
            work = [(f"{batch} x {arguments.tokens}", [[arguments.tokens] * batch]) for batch in arguments.batches]
            if arguments.lengths:
                lengths = [int(word) for word in open(arguments.lengths).read().split()]
                work = [(f"{len(lengths)} texts by 32", batches_of(lengths, 32))]
            for name, lists in work:
                inputs = [inputs_of(lengths, model.config.vocab_size) for lengths in lists]
                torch.cuda.reset_peak_memory_stats()
                times = run(runner, inputs, arguments.rounds)
                texts = sum(map(len, lists))
                median = statistics.median(times)
                peak = torch.cuda.max_memory_allocated() / 1e9
                print(f"{name:<20} {stack:<12} {geometry:<16} {median:9.3f} ms {median / texts:9.4f} ms/ex  best {min(times) / texts:9.4f}"
                      f"  peak {peak:.3f} GB", flush=True)
                rows.append({"geometry": geometry, "stack": stack, "name": name, "texts": texts, "ms": times, "peak_bytes": peak * 1e9})
            del runner, model
        ours()
    print_ratios(rows)
    if arguments.csv:
        write_evidence(arguments.csv, rows)
    if arguments.json:
        versions = {"torch": torch.__version__, "transformers": transformers.__version__, "device": torch.cuda.get_device_name()}
        json.dump({"versions": versions, "rows": rows}, open(arguments.json, "w"), indent=1)


if __name__ == "__main__":
    main()
