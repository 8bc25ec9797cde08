// config.json of a Hugging Face sequence classifier, typed and checked.
//
// Both spellings are read: transformers 4 (rope_theta, global_rope_theta, global_attn_every_n_layers) and 5
// (rope_parameters, layer_types). What would change the numbers and is not implemented is refused by name
// (kUnsupported); two statements that contradict each other are kUserInput; nothing is guessed. torch_dtype
// and dtype are not read: the element type that counts is the one stored with each tensor. Source:
// configuration_modernbert.py and configuration_qwen2.py of transformers 4.48 and 5.23.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "quantier/base/error.h"
#include "quantier/base/json.h"
#include "quantier/checkpoint/model_spec.h"

namespace quantier {

// "quantization_config" as a checkpoint of quantized weights carries it: who wrote it, and all that it says.
struct StoredQuantization {
  std::string method;  // "quant_method": "bitsandbytes", "compressed-tensors", "gptq", "awq", "quantier"
  Json config;
};
[[nodiscard]] Result<StoredQuantization> parse_quantization(const Json& json, std::string_view source);

// Everything of a ModelSpec but its tensors, and what decides which optional tensors exist.
struct HfConfig {
  ModelSpec spec;  // embedding, linears, norms and ignored are empty
  bool attention_bias = false;
  bool mlp_bias = false;
  bool norm_bias = false;
  bool head_bias = false;                          // ModernBERT's classifier_bias: the bias of head.dense
  std::optional<StoredQuantization> quantization;  // of a whole model
};

[[nodiscard]] Result<HfConfig> parse_hf_config(const Json& json, std::string_view source);

// The config of a model whose head an adapter may have brought: it may also be that of a pretrained model
// (ModernBertForMaskedLM, ModernBertModel, Qwen2ForCausalLM, Qwen2Model), and what comes out describes the
// sequence classifier on it, with the head's `classes`. Labels come from the config when it has as many, else
// they are LABEL_0, LABEL_1, ...; a config that was saved with the adapter (`of_adapter`) must agree with the
// head, and its quantization_config, which tells how the base was loaded in training, is not read.
struct HeadElsewhere {
  std::uint64_t classes = 0;
  bool of_adapter = false;
};
[[nodiscard]] Result<HfConfig> parse_adapted_hf_config(const Json& json, std::string_view source,
                                                       const HeadElsewhere& head);

// The names of the classes in id order, from num_labels, id2label and label2id, which must agree.
[[nodiscard]] Result<std::vector<std::string>> parse_label_names(const Json& json, std::string_view source);
// The same for a head that an adapter may have brought.
[[nodiscard]] Result<std::vector<std::string>> parse_adapted_label_names(const Json& json,
                                                                         std::string_view source,
                                                                         const HeadElsewhere& head);

}  // namespace quantier
