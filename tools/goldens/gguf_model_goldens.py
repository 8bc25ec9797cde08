#!/usr/bin/env python3
"""Writes testdata/gguf/decoder_logits.json: logits of the demo decoder as it stands in GGUF files.

  gguf_model_goldens.py build/release/quantier/quantier

Quantier writes the files; everything else here is other people's code: the package gguf reads and decodes the tensors,
transformers computes the logits from them in float32, one text at a time. On the way every tensor is compared with what
gguf.quantize makes of the same weights. Needs gguf 0.19.0, transformers, torch, safetensors.
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

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "bench"))
from gguf_qwen2 import hf_name  # noqa: E402

MODEL = ROOT / "demo/demo-decoder"
TYPES = ("f16", "q8_0", "q4_0", "q4_1")
EXAMPLES = 24


def decoded(path, weights):
    """The tensors of a file, as float32 under the names of transformers; stored bytes checked on the way."""
    state = {}
    for tensor in gguf.GGUFReader(path).tensors:
        name = hf_name(tensor.name)
        original = weights[name].astype(np.float32)
        expected = gguf.quantize(original, tensor.tensor_type)
        assert np.array_equal(expected.view(np.uint8).ravel(), tensor.data.view(np.uint8).ravel()), tensor.name
        values = gguf.dequantize(tensor.data, tensor.tensor_type).astype(np.float32)
        state[name] = torch.from_numpy(values.reshape(original.shape).copy())
    assert set(state) == set(weights)
    return state


def main():
    binary = pathlib.Path(sys.argv[1]).resolve()
    assert version("gguf") == "0.19.0"
    weights = safetensors.numpy.load_file(MODEL / "model.safetensors")
    config = transformers.AutoConfig.from_pretrained(MODEL)
    config.dtype = "float32"
    tokenizer = transformers.AutoTokenizer.from_pretrained(MODEL)
    lines = (ROOT / "demo/data/validation.jsonl").read_text().splitlines()[:EXAMPLES]
    texts = [json.loads(line)["text"] for line in lines]
    types = {}
    for type_name in TYPES:
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "model.gguf"
            subprocess.run([binary, "export", MODEL, "--format", "gguf", "--type", type_name, "--out", path], check=True)
            model = transformers.Qwen2ForSequenceClassification(config).eval().float()
            model.load_state_dict(decoded(path, weights))
        logits = []
        for text in texts:
            ids = tokenizer(text, truncation=True, max_length=128, return_tensors="pt")["input_ids"]
            with torch.no_grad():
                logits.append(model(input_ids=ids).logits[0].numpy())
        values = np.stack(logits).astype(np.float32)
        types[type_name] = {"dtype": "float32", "shape": list(values.shape), "hex": values.tobytes().hex()}
        print(type_name, values.shape, "spread", float(values.std()))
    golden = {"made_by": "tools/goldens/gguf_model_goldens.py", "gguf": version("gguf"),
              "transformers": transformers.__version__, "torch": torch.__version__, "types": types}
    out = ROOT / "testdata/gguf/decoder_logits.json"
    out.parent.mkdir(exist_ok=True)
    out.write_text(json.dumps(golden, indent=0, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
