#!/usr/bin/env python3
"""The oracle's side of bench/interchange.sh: what transformers, bitsandbytes, compressed-tensors and peft compute.

  interchange.py write KIND MODEL OUT            a checkpoint of MODEL, quantized by the stack itself
  interchange.py logits MODEL DATA COUNT OUT [ATTENTION]   logits of the first COUNT texts, one text at a time
  interchange.py compare A.npz B.npz [BOUND [AGAIN.npz]]   flips and differences of logits
  interchange.py unpacked KIND A REFERENCE       GPTQ or AWQ tensors against compressed-tensors' of the same plan
  interchange.py pack KIND REFERENCE OUT         a GPTQ or AWQ checkpoint made with numpy from the definitions
  interchange.py adapter KIND MODEL OUT DATA COUNT LOGITS   a LoRA adapter by peft, and peft's logits
  interchange.py versions

Needs torch, transformers, bitsandbytes, compressed-tensors, safetensors; llmcompressor is not needed: the stack's own
quantizers are driven directly.
"""

import json
import pathlib
import sys

import numpy as np


def versions():
    import importlib.metadata as metadata
    found = []
    for name in ("torch", "transformers", "bitsandbytes", "compressed-tensors", "peft"):
        try:
            found.append(f"{name} {metadata.version(name)}")
        except metadata.PackageNotFoundError:
            found.append(f"{name} absent")
    print(", ".join(found))


def texts(data, count):
    with open(data, encoding="utf-8") as file:
        return [json.loads(line)["text"] for line, _ in zip(file, range(count))]


def load(model, attention):
    import torch
    from transformers import AutoModelForSequenceClassification
    options = {"dtype": torch.float16, "attn_implementation": attention}
    try:
        return AutoModelForSequenceClassification.from_pretrained(model, **options).eval()
    except (AttributeError, RuntimeError) as error:
        config = json.loads((pathlib.Path(model) / "config.json").read_text())
        if config.get("quantization_config", {}).get("quant_method") != "compressed-tensors":
            raise
        from transformers import CompressedTensorsConfig
        print(f" with dequantize=True ({type(error).__name__} without)")
        return AutoModelForSequenceClassification.from_pretrained(
            model, quantization_config=CompressedTensorsConfig(dequantize=True), **options).eval()


def logits(model, data, count, out, attention="eager"):
    import torch
    from transformers import AutoTokenizer
    tokenizer = AutoTokenizer.from_pretrained(model)
    loaded = load(model, attention)
    rows = []
    with torch.no_grad():
        for text in texts(data, int(count)):
            encoding = tokenizer(text, truncation=True, max_length=128, return_tensors="pt")
            inputs = {key: value for key, value in encoding.items() if key in ("input_ids", "attention_mask")}
            rows.append(loaded(**inputs).logits[0].float().numpy())
    np.savez(out, logits=np.stack(rows).astype(np.float32))


def compare(a, b, bound=None, again=None):
    """bound: a file of the same model in half precision, the largest difference that passes, or nothing: print only.
    again: b once more by the same program, its attention summed in another order: what it differs by from itself."""
    first, second = np.load(a)["logits"], np.load(b)["logits"]
    count = min(len(first), len(second))
    first, second = first[:count].astype(np.float64), second[:count].astype(np.float64)
    flips = int((first.argmax(1) != second.argmax(1)).sum())
    largest, mean = float(np.abs(first - second).max()), float(np.abs(first - second).mean())
    text = f"{flips} of {count} predictions differ, logits by {mean:.5f} (mean) and {largest:.4f} (most)"
    good = bool(np.isfinite(first).all() and np.isfinite(second).all())
    if bound is not None and pathlib.Path(bound).suffix == ".npz":
        half = np.load(bound)["logits"][:count]
        moved, moved_flips = float(np.abs(first - half).mean()), int((first.argmax(1) != half.argmax(1)).sum())
        text += f"; the recipe itself moves {moved_flips} of them, and logits by {moved:.5f}"
        allowed_flips, allowed = max(-(-count // 50), moved_flips), moved
        if again is not None:
            other = np.load(again)["logits"][:count]
            own, own_flips = float(np.abs(second - other).mean()), int((second.argmax(1) != other.argmax(1)).sum())
            text += f"; with its attention in another order the stack itself moves {own_flips}, and logits by {own:.5f}"
            allowed_flips, allowed = max(allowed_flips, own_flips), max(allowed, 1.25 * own)
        good = good and flips <= allowed_flips and mean <= allowed
    elif bound is not None:
        good = good and flips == 0 and largest <= float(bound)
    print(f"{'loads and logits agree' if good else 'DISAGREE'}: {text}")
    if not good:
        raise SystemExit(1)


def read_all(folder):
    from safetensors import safe_open
    found = {}
    for path in sorted(pathlib.Path(folder).glob("*.safetensors")):
        with safe_open(path, framework="np") as file:
            for name in file.keys():
                found[name] = file.get_tensor(name)
    return found


def nibbles(words):
    """int32 [..., W] -> codes [..., W, 8], place j from bits 4 j."""
    return (words.astype(np.uint32)[..., None] >> (4 * np.arange(8, dtype=np.uint32)) & 15).astype(np.int32)


AWQ_ORDER = [0, 2, 4, 6, 1, 3, 5, 7]  # place -> output of eight


def codes_of(kind, tensors, module):
    """Codes [N, K], zero points [N, G], scales [N, G] and the group of each input, from the definitions."""
    qweight, qzeros = nibbles(tensors[module + ".qweight"]), nibbles(tensors[module + ".qzeros"])
    scales = tensors[module + ".scales"].T
    if kind == "gptq":
        codes = qweight.transpose(1, 0, 2).reshape(qweight.shape[1], -1)
        zeros = (qzeros.reshape(qzeros.shape[0], -1) + 1 & 15).T
        groups = tensors[module + ".g_idx"]
    else:
        place = np.argsort(AWQ_ORDER)
        codes = qweight[..., place].reshape(qweight.shape[0], -1).T
        zeros = qzeros[..., place].reshape(qzeros.shape[0], -1).T
        groups = np.arange(codes.shape[1]) // (codes.shape[1] // scales.shape[1])
    return codes, zeros, scales, groups


def ct_codes_of(tensors, module):
    rows, columns = tensors[module + ".weight_shape"]
    codes = nibbles(tensors[module + ".weight_packed"]).reshape(rows, -1)[:, :columns]
    scales = tensors[module + ".weight_scale"]
    zeros = np.full(scales.shape, 8, np.int32)
    if module + ".weight_zero_point" in tensors:
        zeros = nibbles(tensors[module + ".weight_zero_point"].T).reshape(scales.shape[1], -1)[:, :rows].T
    groups = np.arange(columns) // (columns // scales.shape[1])
    return codes, zeros, scales, groups


def modules_in(tensors, suffix):
    return [name[:-len(suffix)] for name in tensors if name.endswith(suffix)]


def unpacked(kind, packed, reference):
    """GPTQ or AWQ tensors against compressed-tensors' of the same plan: codes, zero points, scales."""
    first, second = read_all(packed), read_all(reference)
    modules = modules_in(first, ".qweight")
    if not modules or sorted(modules) != sorted(modules_in(second, ".weight_packed")):
        raise SystemExit("other modules are quantized")
    for module in modules:
        for name, a, b in zip(("codes", "zero points", "scales", "groups"), codes_of(kind, first, module), ct_codes_of(second, module)):
            if a.shape != b.shape or not (a == b).all():
                raise SystemExit(f"{module}: {name} differ")
    text = f"tensors equal: {len(modules)} layers by numpy from the definition"
    if kind == "awq" and any(name.endswith(".weight_zero_point") for name in second):
        text += " and by compressed-tensors' converter"
        import torch
        from compressed_tensors.entrypoints.convert.converters import AutoAWQConverter
        config = json.loads((pathlib.Path(packed) / "config.json").read_text())["quantization_config"]
        converter = AutoAWQConverter.from_autoawq_config(config)
        converted = converter.process({name: torch.from_numpy(value.copy()) for name, value in first.items()})
        for module in modules:
            for suffix in (".weight_packed", ".weight_scale", ".weight_zero_point", ".weight_shape"):
                a, b = converted[module + suffix].numpy(), second[module + suffix]
                if a.shape != b.shape or not (a == b).all():
                    raise SystemExit(f"{module}{suffix}: compressed-tensors' converter gives another tensor")
    print(text)


def words(codes):
    """codes [..., 8] -> int32 [...]."""
    return (codes.astype(np.uint32) << (4 * np.arange(8, dtype=np.uint32))).sum(-1, dtype=np.uint32).view(np.int32)


def pack(kind, reference, out):
    """A GPTQ or AWQ checkpoint made with numpy, from the definitions, of a compressed-tensors one."""
    from safetensors.numpy import save_file
    import shutil
    tensors = read_all(reference)
    modules = modules_in(tensors, ".weight_packed")
    kept = {name: value for name, value in tensors.items()
            if not any(name.startswith(module + ".weight") for module in modules)}
    for module in modules:
        codes, zeros, scales, groups = ct_codes_of(tensors, module)
        n, k = codes.shape
        kept[module + ".scales"] = np.ascontiguousarray(scales.T)
        if kind == "gptq":
            kept[module + ".qweight"] = np.ascontiguousarray(words(codes.T.reshape(k // 8, 8, n).transpose(0, 2, 1)))
            kept[module + ".qzeros"] = words((zeros.T.reshape(-1, n // 8, 8) - 1) & 15)
            kept[module + ".g_idx"] = groups.astype(np.int32)
        else:
            kept[module + ".qweight"] = words(codes.T.reshape(k, n // 8, 8)[..., AWQ_ORDER])
            kept[module + ".qzeros"] = words(zeros.T.reshape(-1, n // 8, 8)[..., AWQ_ORDER])
    target = pathlib.Path(out)
    target.mkdir()
    # safetensors writes memory as it lies.
    kept = {name: np.ascontiguousarray(value) for name, value in kept.items()}
    save_file(kept, target / "model.safetensors", metadata={"format": "pt"})
    config = json.loads((pathlib.Path(reference) / "config.json").read_text())
    weights = config["quantization_config"]["config_groups"]["group_0"]["weights"]
    config["quantization_config"] = {"quant_method": kind, "bits": 4, "group_size": weights["group_size"] or -1,
                                     "sym": weights["symmetric"], "desc_act": False, "zero_point": True, "version": "gemm"}
    (target / "config.json").write_text(json.dumps(config))
    for name in ("tokenizer.json", "tokenizer_config.json"):
        shutil.copy(pathlib.Path(reference) / name, target / name)


def adapter(kind, model, out, data, count, logits_out):
    """A LoRA adapter on the demo model with a saved head, as peft writes it, and peft's own logits."""
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForSequenceClassification, AutoTokenizer
    torch.manual_seed(7)
    loaded = AutoModelForSequenceClassification.from_pretrained(model, dtype=torch.float32)
    encoder = type(loaded).__name__.startswith("Modern")
    targets = ["Wqkv", "attn.Wo", "mlp.Wi", "mlp.Wo"] if encoder else ["q_proj", "v_proj", "down_proj"]
    config = LoraConfig(r=6, lora_alpha=16, use_rslora=kind == "rslora", target_modules=targets,
                        task_type="SEQ_CLS", modules_to_save=["classifier", "head.dense"] if encoder else ["score"])
    adapted = get_peft_model(loaded, config).eval()
    with torch.no_grad():
        for name, parameter in adapted.named_parameters():
            if "lora_B" in name:
                parameter.normal_(0, 0.02)
            elif "modules_to_save" in name:
                parameter.add_(torch.randn_like(parameter) * 0.01)
    adapted.save_pretrained(out)
    tokenizer = AutoTokenizer.from_pretrained(model)
    rows = []
    with torch.no_grad():
        for text in texts(data, int(count)):
            encoding = tokenizer(text, truncation=True, max_length=128, return_tensors="pt")
            rows.append(adapted(input_ids=encoding["input_ids"], attention_mask=encoding["attention_mask"]).logits[0].numpy())
    np.savez(logits_out, logits=np.stack(rows).astype(np.float32))


def linear_modules(model):
    import torch
    skipped = ("head", "classifier", "score")
    return {name: module for name, module in model.named_modules()
            if isinstance(module, torch.nn.Linear) and name.split(".")[0] not in skipped}


def write(kind, model, out):
    import torch
    from transformers import AutoModelForSequenceClassification, AutoTokenizer, BitsAndBytesConfig
    AutoTokenizer.from_pretrained(model).save_pretrained(out)
    if kind.startswith("bnb"):
        skip = ["classifier", "score", "head", "head.dense"]
        config = {
            "bnb-int8": lambda: BitsAndBytesConfig(load_in_8bit=True, llm_int8_skip_modules=skip),
            "bnb-nf4": lambda: BitsAndBytesConfig(load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_compute_dtype=torch.float16, llm_int8_skip_modules=skip),
            "bnb-nf4-double": lambda: BitsAndBytesConfig(load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_use_double_quant=True, bnb_4bit_compute_dtype=torch.float16, llm_int8_skip_modules=skip),
        }[kind]()
        loaded = AutoModelForSequenceClassification.from_pretrained(model, quantization_config=config, dtype=torch.float16, device_map="cpu")
        loaded.save_pretrained(out)
        return
    from compressed_tensors.compressors import ModelCompressor
    from compressed_tensors.quantization import (QuantizationArgs, QuantizationConfig, QuantizationScheme,
                                                 QuantizationStatus, apply_quantization_config)
    from compressed_tensors.quantization.utils import calculate_qparams
    loaded = AutoModelForSequenceClassification.from_pretrained(model, dtype=torch.float16)
    ignore = [name for name, module in loaded.named_modules()
              if isinstance(module, torch.nn.Linear) and name not in linear_modules(loaded)]
    group = 64
    schemes = {
        "ct-w8a8": (QuantizationArgs(num_bits=8, type="int", symmetric=True, strategy="channel"),
                    QuantizationArgs(num_bits=8, type="int", symmetric=True, strategy="token", dynamic=True), "int-quantized"),
        "ct-w4a16": (QuantizationArgs(num_bits=4, type="int", symmetric=True, strategy="group", group_size=group), None, "pack-quantized"),
        "ct-w4a16-zeros": (QuantizationArgs(num_bits=4, type="int", symmetric=False, strategy="group", group_size=group), None, "pack-quantized"),
        "ct-fp8": (QuantizationArgs(num_bits=8, type="float", symmetric=True, strategy="channel"),
                   QuantizationArgs(num_bits=8, type="float", symmetric=True, strategy="token", dynamic=True), "float-quantized"),
    }
    weights, inputs, form = schemes[kind]
    config = QuantizationConfig(config_groups={"group_0": QuantizationScheme(targets=["Linear"], weights=weights, input_activations=inputs)},
                                ignore=ignore, format=form, quantization_status=QuantizationStatus.FROZEN)
    apply_quantization_config(loaded, config)
    with torch.no_grad():
        for module in linear_modules(loaded).values():
            weight = module.weight
            if weights.strategy == "group":
                parts = weight.reshape(weight.shape[0], -1, group)
                scale, zero = calculate_qparams(parts.amin(-1), parts.amax(-1), weights)
            else:
                scale, zero = calculate_qparams(weight.amin(1, keepdim=True), weight.amax(1, keepdim=True), weights)
            module.weight_scale.data.copy_(scale)
            if getattr(module, "weight_zero_point", None) is not None:
                module.weight_zero_point.data.copy_(zero)
    compressor = ModelCompressor.from_pretrained_model(loaded, form) if hasattr(ModelCompressor, "from_pretrained_model") else ModelCompressor(quantization_config=config)
    compressor.compress_model(loaded)
    loaded.save_pretrained(out)
    compressor.update_config(out)


if __name__ == "__main__":
    commands = {"write": write, "logits": logits, "compare": compare, "unpacked": unpacked, "pack": pack,
                "adapter": adapter, "versions": versions}
    commands[sys.argv[1]](*sys.argv[2:])
