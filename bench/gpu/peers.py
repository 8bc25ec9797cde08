#!/usr/bin/env python3
"""How fast do the peers run the same networks on the same card?

  bench/gpu/peers.py [--geometry modernbert-base qwen2.5-0.5b] [--batches 1 8 32 128] [--tokens 128] [--json FILE]
                     [--ours BENCH_GPU_ENGINE] [--bitsandbytes] [--lengths FILE]

Random weights in the shape of ModernBERT-base and Qwen2.5-0.5B with a sequence classifier, in half precision: transformers eager
(sdpa), transformers under torch.compile, and with --bitsandbytes LLM.int8() with the head left out, as here. A time is the wall
clock from ids in host memory to logits in host memory, the median of rounds; with --ours this project's own benchmark runs before
and after them, so that a card that got slower in between shows. Needs torch and transformers; bitsandbytes where asked for.
"""
import argparse
import json
import statistics
import subprocess
import time

import torch
import transformers

CLASSES = 50


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
    arguments = parser.parse_args()
    rows = []
    for geometry in arguments.geometry:
        def ours():
            if arguments.ours:
                subprocess.run([arguments.ours, "--geometry", geometry, "--tokens", str(arguments.tokens), "--batches",
                                *map(str, arguments.batches)], check=False)
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
    if arguments.json:
        versions = {"torch": torch.__version__, "transformers": transformers.__version__, "device": torch.cuda.get_device_name()}
        json.dump({"versions": versions, "rows": rows}, open(arguments.json, "w"), indent=1)


if __name__ == "__main__":
    main()
