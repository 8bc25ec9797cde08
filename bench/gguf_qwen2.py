"""Names and geometry of a Qwen2 classifier in a GGUF file, as llama.cpp's converter writes them.

Shared by what writes or reads such files beside us: bench/interchange_gguf.py, bench/peers_llama.py and
tools/goldens/gguf_model_goldens.py.
"""

LAYER = {"attn_norm": "input_layernorm", "ffn_norm": "post_attention_layernorm", "attn_q": "self_attn.q_proj",
         "attn_k": "self_attn.k_proj", "attn_v": "self_attn.v_proj", "attn_output": "self_attn.o_proj",
         "ffn_gate": "mlp.gate_proj", "ffn_up": "mlp.up_proj", "ffn_down": "mlp.down_proj"}
OTHERS = {"token_embd.weight": "model.embed_tokens.weight", "output_norm.weight": "model.norm.weight",
          "cls.output.weight": "score.weight"}


def hf_name(name):
    """The name of a tensor in transformers, from that in GGUF."""
    if name in OTHERS:
        return OTHERS[name]
    _, layer, part, kind = name.split(".")
    return f"model.layers.{layer}.{LAYER[part]}.{kind}"


def gguf_name(name):
    """The name of a tensor in GGUF, from that in transformers."""
    for ours, theirs in OTHERS.items():
        if theirs == name:
            return ours
    _, _, layer, *part, kind = name.split(".")
    ours = next(ours for ours, theirs in LAYER.items() if theirs == ".".join(part))
    return f"blk.{layer}.{ours}.{kind}"


def add_geometry(writer, config):
    """Writes the shape of the model of a config.json, which a gguf.GGUFWriter of "qwen2" needs."""
    writer.add_block_count(config["num_hidden_layers"])
    writer.add_context_length(config["max_position_embeddings"])
    writer.add_embedding_length(config["hidden_size"])
    writer.add_feed_forward_length(config["intermediate_size"])
    writer.add_head_count(config["num_attention_heads"])
    writer.add_head_count_kv(config["num_key_value_heads"])
    writer.add_layer_norm_rms_eps(config["rms_norm_eps"])
    theta = config["rope_theta"] if "rope_theta" in config else config["rope_parameters"]["rope_theta"]
    writer.add_rope_freq_base(theta)
