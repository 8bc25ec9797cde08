#!/usr/bin/env python3
"""Writes testdata/adapter/: small random base models, LoRA adapters that peft saved for them, and what peft makes of both.

  adapter_goldens.py               writes the goldens (needs torch, transformers, peft, safetensors)
  adapter_goldens.py --agreement   prints how often peft's B A equals a chain of fused multiply-adds, to the bit

Every adapter is loaded as a user loads it, PeftModel.from_pretrained on AutoModelForSequenceClassification.from_pretrained
with the stored element type, and merged with merge_and_unload on the CPU. expected.json keeps the SHA-256 of the bytes of
every tensor of the merged model, and logits for a few token ids: from the merged weights, computed in float64.
"""

import argparse
import hashlib
import json
import pathlib
import shutil
import tempfile

import numpy
import peft
import torch
import transformers
from peft import LoraConfig, PeftModel, TaskType, get_peft_model
from safetensors.torch import load_file, save_file
from transformers import AutoModelForSequenceClassification, ModernBertConfig, Qwen2Config

ROOT = pathlib.Path(__file__).resolve().parents[2]
OUT = ROOT / "testdata" / "adapter"
VOCABULARY = 64
CLASSES = 3
TEXTS = [[2, 17, 33, 5, 61, 3], [2, 3], [2, 9, 9, 40, 41, 42, 7, 63, 12, 30, 3]]


def modernbert_config(**more):
    return ModernBertConfig(
        vocab_size=VOCABULARY, hidden_size=32, intermediate_size=48, num_hidden_layers=2, num_attention_heads=4,
        max_position_embeddings=128, local_attention=8, pad_token_id=0, bos_token_id=2, eos_token_id=3, cls_token_id=2,
        sep_token_id=3, global_attn_every_n_layers=2, classifier_pooling="mean", **more)


def qwen2_config(**more):
    return Qwen2Config(
        vocab_size=VOCABULARY, hidden_size=32, intermediate_size=48, num_hidden_layers=2, num_attention_heads=4,
        num_key_value_heads=2, max_position_embeddings=128, pad_token_id=0, bos_token_id=2, eos_token_id=3,
        tie_word_embeddings=False, **more)


def randomize(parameters, scale=0.2):
    for parameter in parameters:
        parameter.data = (torch.randn(parameter.shape) * scale).to(parameter.dtype)


def save_base(name, model_class, config, dtype):
    model = model_class(config)
    randomize((p for p in model.parameters() if p.dim() == 2))
    randomize((p for n, p in model.named_parameters() if n.endswith("bias")), 0.05)
    model.to(dtype).save_pretrained(OUT / "bases" / name)
    (OUT / "bases" / name / "generation_config.json").unlink(missing_ok=True)


def save_bases():
    labels = {"id2label": {0: "apple", 1: "pear", 2: "plum"}, "label2id": {"apple": 0, "pear": 1, "plum": 2}}
    t = transformers
    save_base("encoder-mlm-f32", t.ModernBertForMaskedLM, modernbert_config(), torch.float32)
    save_base("encoder-bf16", t.ModernBertForSequenceClassification, modernbert_config(**labels), torch.bfloat16)
    save_base("encoder-bias-f16", t.ModernBertForSequenceClassification,
              modernbert_config(attention_bias=True, mlp_bias=True, **labels), torch.float16)
    save_base("decoder-lm-bf16", t.Qwen2ForCausalLM, qwen2_config(), torch.bfloat16)
    save_base("decoder-bare-f32", t.Qwen2Model, qwen2_config(), torch.float32)
    save_base("decoder-f32", t.Qwen2ForSequenceClassification, qwen2_config(**labels), torch.float32)


def open_base(base):
    return AutoModelForSequenceClassification.from_pretrained(OUT / "bases" / base, dtype="auto", num_labels=CLASSES)


def tidy(folder, **changes):
    (folder / "README.md").unlink(missing_ok=True)
    path = folder / "adapter_config.json"
    config = json.loads(path.read_text())
    config.update(changes)
    for key, value in config.items():
        if key in ("target_modules", "modules_to_save", "exclude_modules") and isinstance(value, list):
            config[key] = sorted(set(value))  # peft keeps sets: their order changes from run to run
    path.write_text(json.dumps(config, indent=2, sort_keys=True) + "\n")


def save_adapter(name, base, config, dtype=None, with_config=False, pissa=False, **changes):
    model = open_base(base)
    model = get_peft_model(model, config)
    folder = OUT / name
    if pissa:
        with tempfile.TemporaryDirectory() as scratch:
            initial = pathlib.Path(scratch) / "initial"
            model.peft_config["default"].init_lora_weights = True
            model.save_pretrained(initial)
            model.peft_config["default"].init_lora_weights = "pissa"
            for parameter_name, parameter in model.named_parameters():
                if parameter.requires_grad:
                    parameter.data += torch.randn(parameter.shape) * 0.1
            model.save_pretrained(folder, path_initial_model_for_weight_conversion=str(initial))
    else:
        randomize((p for p in model.parameters() if p.requires_grad))
        model.save_pretrained(folder, save_embedding_layers="auto")
    if dtype is not None:
        path = folder / "adapter_model.safetensors"
        save_file({k: v.to(dtype) for k, v in load_file(path).items()}, path, metadata={"format": "pt"})
    if with_config:
        model.base_model.model.config.id2label = {0: "low", 1: "mid", 2: "high"}
        model.base_model.model.config.label2id = {"low": 0, "mid": 1, "high": 2}
        model.base_model.model.config.save_pretrained(folder)
    tidy(folder, base_model_name_or_path=f"example/{base}", **changes)


def save_adapters():
    def cls(**more):
        return LoraConfig(task_type=TaskType.SEQ_CLS, **more)

    save_adapter("encoder-plain", "encoder-mlm-f32", cls(r=4, lora_alpha=8, target_modules=["Wqkv", "Wo"]))
    save_adapter("encoder-rslora", "encoder-bf16",
                 cls(r=6, lora_alpha=16, use_rslora=True, target_modules=r".*\.(attn\.W(qkv|o)|mlp\.W[io])",
                     modules_to_save=["head.dense", "classifier"]))
    save_adapter("encoder-patterns", "encoder-bias-f16",
                 cls(r=8, lora_alpha=16, target_modules=["Wqkv", "Wi"], bias="lora_only",
                     rank_pattern={"layers.0.attn.Wqkv": 2, r"^model\.layers\.1\..*": 3},
                     alpha_pattern={"Wi": 5, r"layers\.\d+\.attn\.Wqkv": 7.5}, exclude_modules=["layers.0.mlp.Wi"]))
    save_adapter("encoder-bias", "encoder-bias-f16", cls(r=3, target_modules=["Wo"], bias="all"), dtype=torch.bfloat16)
    save_adapter("encoder-tokens", "encoder-bf16",
                 cls(r=4, lora_alpha=4, target_modules=["Wo"],
                     trainable_token_indices={"tok_embeddings": [5, 0, 63, 17]}))
    save_adapter("decoder-labels", "decoder-lm-bf16", cls(r=4, lora_alpha=8, target_modules=["q_proj", "v_proj"]),
                 with_config=True)
    save_adapter("decoder-all-linear", "decoder-f32", cls(r=16, lora_alpha=32, target_modules="all-linear"),
                 dtype=torch.bfloat16)
    save_adapter("decoder-embedding", "decoder-lm-bf16",
                 cls(r=5, lora_alpha=11, target_modules=["embed_tokens", "k_proj"]))
    save_adapter("decoder-saved-embedding", "decoder-bare-f32",
                 cls(r=2, lora_alpha=3, target_modules=["o_proj"], modules_to_save=["embed_tokens"]))
    save_adapter("decoder-layers", "decoder-f32",
                 cls(r=4, target_modules=["q_proj", "down_proj"], layers_to_transform=[1], layers_pattern="layers"))
    # Without a task: peft 0.21.2 leaves the head of modules_to_save out of a converted adapter.
    save_adapter("decoder-pissa", "decoder-f32",
                 LoraConfig(r=4, lora_alpha=4, target_modules=["up_proj", "gate_proj"], init_lora_weights="pissa"),
                 pissa=True)


def digest(tensor):
    return hashlib.sha256(tensor.contiguous().view(torch.uint8).numpy().tobytes()).hexdigest()


def expect(name):
    base = json.loads((OUT / name / "adapter_config.json").read_text())["base_model_name_or_path"].split("/")[1]
    model = PeftModel.from_pretrained(open_base(base), OUT / name).merge_and_unload()
    tensors = {k: {"dtype": str(v.dtype).removeprefix("torch."), "sha256": digest(v)} for k, v in model.state_dict().items()}
    model = model.double().eval()
    logits = []
    with torch.no_grad():
        for ids in TEXTS:
            tokens = torch.tensor([ids])
            logits.append(model(input_ids=tokens, attention_mask=torch.ones_like(tokens)).logits[0].tolist())
    return {"base": base, "tensors": tensors, "token_ids": TEXTS, "logits": logits}


def agreement():
    def chain(b, a):
        total = numpy.zeros((b.shape[0], a.shape[1]), numpy.float32)
        for k in range(b.shape[1]):
            product = b[:, k : k + 1].astype(numpy.longdouble) * a[k : k + 1].astype(numpy.longdouble)
            total = (product + total.astype(numpy.longdouble)).astype(numpy.float32)
        return total

    torch.manual_seed(0)
    for out, columns, rank in [(64, 32, 4), (768, 768, 16), (2304, 768, 8), (896, 4864, 32), (896, 896, 64),
                               (896, 896, 128), (896, 896, 192), (128, 896, 256), (128, 896, 300)]:
        a, b = torch.randn(rank, columns) * 0.1, torch.randn(out, rank) * 0.1
        same = (b @ a).numpy() == chain(b.numpy(), a.numpy())
        print(f"B [{out}, {rank}] A [{rank}, {columns}]: {100 * same.mean():.2f} % equal to the bit")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--agreement", action="store_true")
    if parser.parse_args().agreement:
        return agreement()
    shutil.rmtree(OUT, ignore_errors=True)
    torch.manual_seed(20261124)
    save_bases()
    save_adapters()
    cases = sorted(p.name for p in OUT.iterdir() if (p / "adapter_config.json").exists())
    versions = {"torch": torch.__version__, "transformers": transformers.__version__, "peft": peft.__version__}
    document = {"made_with": versions, "cases": {name: expect(name) for name in cases}}
    (OUT / "expected.json").write_text(json.dumps(document, indent=1) + "\n")


if __name__ == "__main__":
    main()
