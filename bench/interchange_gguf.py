#!/usr/bin/env python3
"""The rows of GGUF in the table of bench/interchange.sh: the demo decoder, in both directions.

  interchange_gguf.py build/release/quantier/quantier

Quantier writes a file of each type: is it read by the Python package gguf, by transformers' gguf_file=, and do logits
agree? And the package writes one: does Quantier read it, and do logits agree? Exit code 1 when a cell that should hold
does not. Needs gguf, transformers, torch, safetensors.
"""

import json
import pathlib
import subprocess
import sys
import tempfile
from importlib.metadata import version

import gguf
import numpy as np
import safetensors.numpy
import torch
import transformers

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tools/goldens"))
from gguf_model_goldens import MODEL, decoded  # noqa: E402
from gguf_qwen2 import add_geometry, gguf_name, hf_name  # noqa: E402

TYPES = ("f16", "q8_0", "q4_0", "q4_1")
TOLERANCE = 1e-4
EXAMPLES = 16


def texts():
    lines = (ROOT / "demo/data/validation.jsonl").read_text().splitlines()[:EXAMPLES]
    return [json.loads(line)["text"] for line in lines]


def quantier_logits(binary, path):
    command = [binary, "predict", path, "--recipe", "fp32", "--max-length", "128", "--json"]
    for text in texts():
        command += ["--text", text]
    document = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    return np.array([row["logits"] for row in document["predictions"]])


def transformers_logits(model):
    tokenizer = transformers.AutoTokenizer.from_pretrained(MODEL)
    rows = []
    for text in texts():
        ids = tokenizer(text, truncation=True, max_length=128, return_tensors="pt")["input_ids"]
        with torch.no_grad():
            rows.append(model.eval()(input_ids=ids).logits[0].numpy())
    return np.stack(rows)


def own_model(state):
    config = transformers.AutoConfig.from_pretrained(MODEL)
    config.dtype = "float32"
    model = transformers.Qwen2ForSequenceClassification(config).float()
    model.load_state_dict(state)
    return model


def loaded_by_transformers(folder, state):
    """(is the head loaded, is everything else equal, the model with the head put in)"""
    config = transformers.AutoConfig.from_pretrained(MODEL)
    model = transformers.AutoModelForSequenceClassification.from_pretrained(
        folder, gguf_file="model.gguf", config=config, dtype=torch.float32)
    loaded = model.state_dict()
    head = torch.equal(loaded["score.weight"], state["score.weight"])
    body = all(torch.equal(loaded[name], value) for name, value in state.items() if name != "score.weight")
    model.score.weight.data = state["score.weight"].clone()
    return head, body, model


def written_by_gguf(path, type_name, weights):
    """The demo decoder as the package gguf writes it, by its own writer and its own quantizer."""
    config = json.loads((MODEL / "config.json").read_text())
    qtype = gguf.GGMLQuantizationType[type_name.upper()]
    writer = gguf.GGUFWriter(path, "qwen2")
    add_geometry(writer, config)
    writer.add_pad_token_id(config["pad_token_id"])
    writer.add_classifier_output_labels([config["id2label"][str(i)] for i in range(len(config["id2label"]))])
    for hf, values in weights.items():
        name = gguf_name(hf)
        assert hf_name(name) == hf
        values = values.astype(np.float32)
        if values.ndim == 1:
            writer.add_tensor(name, values)
        else:
            writer.add_tensor(name, gguf.quantize(values, qtype), raw_dtype=qtype)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def refusal(binary):
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run([binary, "export", ROOT / "demo/demo-encoder", "--format", "gguf", "--json", "--out",
                               pathlib.Path(folder) / "m.gguf"], capture_output=True)
    return json.loads(done.stdout)["error"]["what"]


def main():
    binary = pathlib.Path(sys.argv[1]).resolve()
    weights = safetensors.numpy.load_file(MODEL / "model.safetensors")
    missing = []

    def cell(type_name, direction, holds, text):
        print(f"{'gguf':20} {'demo-decoder':14} {direction:8} {type_name:26} {text if holds else 'FAILS: ' + text}")
        if not holds:
            missing.append(type_name)

    gguf_stack, transformers_stack = f"gguf {version('gguf')}", f"transformers {transformers.__version__}"
    print(f"{'gguf':20} {'demo-encoder':14} {'written':8} {'any':26} inexpressible: {refusal(binary)}")
    for type_name in TYPES:
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "model.gguf"
            subprocess.run([binary, "export", MODEL, "--format", "gguf", "--type", type_name, "--out", path],
                           check=True, capture_output=True)
            state = decoded(path, weights)  # asserts that every stored byte is that of gguf.quantize
            ours = quantier_logits(binary, path)
            difference = np.abs(ours - transformers_logits(own_model(state))).max()
            cell(type_name, "written", difference <= TOLERANCE,
                 f"tensors equal in {gguf_stack}; decoded by it, logits agree in {transformers_stack} ({difference:.1e})")
            head, body, model = loaded_by_transformers(folder, state)
            difference = np.abs(ours - transformers_logits(model)).max()
            cell(type_name, "written", body and difference <= TOLERANCE,
                 f"gguf_file= of {transformers_stack} loads the layers, {'and' if head else 'not'} the head (score); "
                 f"with the head put in, logits agree ({difference:.1e})")
            theirs = pathlib.Path(folder) / "theirs.gguf"
            written_by_gguf(theirs, type_name, weights)
            difference = np.abs(quantier_logits(binary, theirs) -
                                transformers_logits(own_model(decoded(theirs, weights)))).max()
            cell(type_name, "read", difference <= TOLERANCE,
                 f"a file that {gguf_stack} wrote: loads and logits agree ({difference:.1e})")
    sys.exit(1 if missing else 0)


if __name__ == "__main__":
    main()
