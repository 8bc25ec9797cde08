"""llama.cpp as a peer of bench/peers.py, for the decoder's geometry.

What is timed is `llama_decode` for the whole batch, as prompts: every text is a sequence of its own, no token of
another is attended to, the cache of keys and values is emptied before, and only the last token of each text is an
output. So the last layer behind attention, and what follows it, is computed for one token a text, as in our engine. The
classifier's head stands where the vocabulary's projection would: the first rows of it are the head's, the others are 0,
and there are no more rows than the embedding has. So llama.cpp pays for no vocabulary, and its logits are the classifier's.

Everything else is as llama.cpp has it: 512 tokens at a time, attention as it chooses. One text after the other, 1,024 tokens at
a time and either kind of attention took the same processor time within 5 %, one cache for all sequences 6 % more.

The model file is written from the same weights by the package gguf, in bfloat16, and converted by llama.cpp itself to
the type that is timed. llama.cpp is the package llama-cpp-python, built from source for the machine.
"""

import ctypes
import functools
import json
import os

import numpy as np
import torch

from gguf_qwen2 import add_geometry, gguf_name


def written(model, work, vocabulary):
    """The model as a GGUF file in bfloat16, with the first `vocabulary` rows of the embedding."""
    import gguf
    from safetensors import safe_open

    path = os.path.join(work, "bf16.gguf")
    if os.path.exists(path):
        return path
    with open(os.path.join(model, "config.json")) as file:
        config = json.load(file)
    if config["model_type"] != "qwen2":
        raise ValueError("not a geometry that it has")
    writer = gguf.GGUFWriter(path + ".part", "qwen2")
    add_geometry(writer, config)
    writer.add_file_type(gguf.LlamaFileType.MOSTLY_BF16)
    writer.add_tokenizer_model("no_vocab")
    writer.add_vocab_size(vocabulary)

    def add(name, values):
        if values.ndim == 1:
            writer.add_tensor(name, values.float().numpy())
        else:
            bits = values.bfloat16().contiguous().view(torch.uint8).numpy()
            writer.add_tensor(name, bits, raw_dtype=gguf.GGMLQuantizationType.BF16)

    with safe_open(os.path.join(model, "model.safetensors"), "pt") as file:
        for key in file.keys():
            if key == "model.embed_tokens.weight":
                add("token_embd.weight", file.get_slice(key)[:vocabulary])
            elif key == "score.weight":
                head = file.get_tensor(key)
                add("output.weight", torch.cat([head, torch.zeros(vocabulary - head.shape[0], head.shape[1], dtype=head.dtype)]))
            else:
                add(gguf_name(key), file.get_tensor(key))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    os.rename(path + ".part", path)
    return path


@functools.cache
def silent():
    import llama_cpp

    return llama_cpp.llama_log_callback(lambda level, text, data: None)


def converted(path, kind, threads):
    """The file in another type, every matrix of it but the head, by llama.cpp's own conversion."""
    import llama_cpp

    llama_cpp.llama_log_set(silent(), ctypes.c_void_p(0))
    out = path.replace("bf16.gguf", f"{kind}.gguf")
    if kind == "bf16" or os.path.exists(out):
        return path if kind == "bf16" else out
    how = llama_cpp.llama_model_quantize_default_params()
    how.nthread = threads
    how.ftype = {"q4_0": llama_cpp.LLAMA_FTYPE_MOSTLY_Q4_0, "q8_0": llama_cpp.LLAMA_FTYPE_MOSTLY_Q8_0}[kind]
    how.pure = True
    how.quantize_output_tensor = False  # the head stays as it is in ours
    if llama_cpp.llama_model_quantize(path.encode(), (out + ".part").encode(), ctypes.byref(how)) != 0:
        raise RuntimeError("llama.cpp does not convert the file")
    os.rename(out + ".part", out)
    return out


class Llama:
    """A call gives the logits of all texts of a batch. Contexts are made at the first call with a shape."""

    def __init__(self, model, work, kind, threads, vocabulary, classes):
        import llama_cpp

        self.api = llama_cpp
        llama_cpp.llama_log_set(silent(), ctypes.c_void_p(0))
        llama_cpp.llama_backend_init()
        path = converted(written(model, work, vocabulary), kind, threads)
        self.model = llama_cpp.llama_model_load_from_file(path.encode(), llama_cpp.llama_model_default_params())
        if not self.model:
            raise RuntimeError("llama.cpp does not load the file")
        self.threads = threads
        self.classes = classes
        self.contexts = {}

    def context(self, batch, tokens):
        how = self.api.llama_context_default_params()
        how.n_seq_max = batch
        how.n_ctx = batch * tokens  # shared out among the sequences
        how.n_batch = batch * tokens
        how.n_threads = how.n_threads_batch = self.threads
        how.kv_unified = False
        how.no_perf = True
        context = self.api.llama_init_from_model(self.model, how)
        if not context:
            raise RuntimeError("llama.cpp makes no context")
        prompt = self.api.llama_batch_init(batch * tokens, 0, 1)
        prompt.n_tokens = batch * tokens
        for i in range(batch * tokens):
            prompt.pos[i] = i % tokens
            prompt.n_seq_id[i] = 1
            prompt.seq_id[i][0] = i // tokens
            prompt.logits[i] = i % tokens == tokens - 1
        return context, prompt

    def __call__(self, ids):
        batch, tokens = ids.shape
        if ids.shape not in self.contexts:
            self.contexts[ids.shape] = self.context(batch, tokens)
        context, prompt = self.contexts[ids.shape]
        tokens_32 = np.ascontiguousarray(ids, dtype=np.int32)
        ctypes.memmove(prompt.token, tokens_32.ctypes.data, tokens_32.nbytes)
        self.api.llama_memory_clear(self.api.llama_get_memory(context), False)
        if self.api.llama_decode(context, prompt) != 0:
            raise RuntimeError("llama.cpp does not run the batch")
        rows = [self.api.llama_get_logits_ith(context, (text + 1) * tokens - 1) for text in range(batch)]
        return np.stack([np.ctypeslib.as_array(row, shape=(self.classes,)).copy() for row in rows])
