"""CTranslate2 as a peer of bench/peers.py, for the decoder's geometry.

Its Generator gives logits of every token (`forward_batch`), so it computes the last layer and the projection for all
tokens, where others compute the last of each text: 3 to 4 % of the work more. As in peers_llama.py the classifier's
head stands where the vocabulary's projection would, with zeros below it, in as many rows as the embedding has here.
The package cannot convert a classifier from a directory, so its converter gets the network with that head.
"""

import os

import numpy as np
import torch


def converted(model, work, kind, vocabulary):
    import transformers
    from ctranslate2.converters.transformers import Qwen2Loader

    out = os.path.join(work, f"ctranslate2-{kind}")
    if os.path.exists(os.path.join(out, "model.bin")):
        return out
    classifier = transformers.AutoModelForSequenceClassification.from_pretrained(model, dtype=torch.float32)
    if classifier.config.model_type != "qwen2":
        raise ValueError("not a geometry that it has")
    classifier.config.vocab_size = vocabulary
    classifier.model.embed_tokens.weight = torch.nn.Parameter(classifier.model.embed_tokens.weight[:vocabulary].clone())
    head = classifier.score.weight
    classifier.lm_head = torch.nn.Linear(head.shape[1], vocabulary, bias=False)
    with torch.no_grad():
        classifier.lm_head.weight.zero_()[: head.shape[0]] = head
    loader = Qwen2Loader()
    with torch.no_grad():
        spec = loader.get_model_spec(classifier)
    spec.register_vocabulary([str(token) for token in range(vocabulary)])
    spec.config.bos_token = spec.config.eos_token = spec.config.unk_token = "0"
    spec.config.layer_norm_epsilon = classifier.config.rms_norm_eps
    spec.validate()
    spec.optimize(quantization=kind)
    os.makedirs(out, exist_ok=True)
    spec.save(out)
    return out


class CTranslate2:
    """A call gives the logits of all texts of a batch."""

    def __init__(self, model, work, kind, threads, vocabulary, classes):
        import ctranslate2

        self.storage = ctranslate2.StorageView
        self.classes = classes
        self.generator = ctranslate2.Generator(converted(model, work, kind, vocabulary), device="cpu", compute_type=kind,
                                               inter_threads=1, intra_threads=threads)

    def __call__(self, ids):
        batch, tokens = ids.shape
        lengths = self.storage.from_array(np.full(batch, tokens, dtype=np.int32))
        logits = self.generator.forward_batch(self.storage.from_array(np.ascontiguousarray(ids, dtype=np.int32)), lengths)
        return np.array(logits)[:, -1, : self.classes]
