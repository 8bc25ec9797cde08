#!/usr/bin/env python3
"""testdata/adapter/beside.json: logits of PEFT adapters that stay beside a base in NF4.

The base's linear layers are quantized and dequantized by bitsandbytes (NF4, double quantization, from halves;
the head stays a half), peft puts the adapter of testdata/adapter/NAME beside them with its factors rounded to
halves, and everything is computed in double precision.
"""

import json
import pathlib

import bitsandbytes
import bitsandbytes.functional as bnb
import peft
import torch
import transformers
from peft import PeftModel
from transformers import AutoModelForSequenceClassification

ROOT = pathlib.Path(__file__).resolve().parents[2] / "testdata" / "adapter"
CASES = ["encoder-plain", "encoder-rslora", "decoder-all-linear", "decoder-layers"]
HEADS = ("classifier", "score", "head.dense")


def logits_of(name, document):
    base = document["cases"][name]["base"]
    model = AutoModelForSequenceClassification.from_pretrained(
        ROOT / "bases" / base, num_labels=3, dtype=torch.float32, attn_implementation="eager")
    model = PeftModel.from_pretrained(model, ROOT / name).eval()
    for module_name, module in model.named_modules():
        if not isinstance(module, torch.nn.Linear) or "lora_" in module_name:
            continue
        plain = module_name.replace("base_model.model.", "").replace(".base_layer", "")
        with torch.no_grad():
            half = module.weight.half()
            if not plain.startswith(HEADS):
                # In rows of a block: with AVX-512 bitsandbytes 0.50.2 takes the maxima of other blocks elsewhere.
                blocks = half.reshape(-1, 64)
                codes, state = bnb.quantize_4bit(blocks, blocksize=64, compress_statistics=True, quant_type="nf4")
                half = bnb.dequantize_4bit(codes, state).reshape(module.weight.shape)
            module.weight.copy_(half.float())
    for parameter_name, parameter in model.named_parameters():
        if "lora_" in parameter_name:
            parameter.data = parameter.data.half().float()
    model = model.double()
    rows = []
    with torch.no_grad():
        for ids in document["cases"][name]["token_ids"]:
            tokens = torch.tensor([ids])
            rows.append(model(input_ids=tokens, attention_mask=torch.ones_like(tokens)).logits[0].tolist())
    return {"base": base, "token_ids": document["cases"][name]["token_ids"], "logits": rows}


def main():
    document = json.loads((ROOT / "expected.json").read_text())
    versions = {"torch": torch.__version__, "transformers": transformers.__version__, "peft": peft.__version__,
                "bitsandbytes": bitsandbytes.__version__}
    cases = {name: logits_of(name, document) for name in CASES}
    (ROOT / "beside.json").write_text(json.dumps({"made_with": versions, "cases": cases}, indent=1) + "\n")


if __name__ == "__main__":
    main()
