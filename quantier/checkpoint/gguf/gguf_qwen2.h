// How a Qwen2 sequence classifier is written down in GGUF: names of tensors and keys of the metadata.
//
// Tensors are called as llama.cpp's converter calls those of Qwen2 (token_embd, blk.N.attn_q, ...); the head,
// for which that converter has no rule, as it calls the heads of other rankers and classifiers: cls.output.
// The classes are in qwen2.classifier.output_labels, in id order. Matrices keep their rows (no permutation of
// query and key rows, unlike Llama's).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "quantier/base/error.h"
#include "quantier/base/json.h"
#include "quantier/checkpoint/gguf/gguf.h"
#include "quantier/checkpoint/model_spec.h"

namespace quantier {

inline constexpr const char* kGgufLabelsKey = "qwen2.classifier.output_labels";
// llama.cpp's pooling types: the last token, and the last token with a classification head.
inline constexpr std::uint32_t kGgufPoolingLast = 3;
inline constexpr std::uint32_t kGgufPoolingRank = 4;

struct GgufName {
  std::string tensor;  // as transformers calls it, and ModelSpec
  std::string gguf;
};
// All tensors of the model, in the order in which they are written.
[[nodiscard]] std::vector<GgufName> qwen2_gguf_names(const ModelSpec& spec);
// What llama.cpp calls the tied language-model head, which a classifier does not need.
inline constexpr std::string_view kGgufLanguageModelHead = "output.weight";

// The metadata as the config.json that transformers would have, for parse_hf_config. Errors: kUnsupported for
// another architecture and for what would change the numbers (scaled rotary embeddings, windows, splits),
// kUserInput for keys that are missing or of another type; `source` names the file.
[[nodiscard]] Result<Json> qwen2_config_of(const GgufHeader& header, std::string_view source);

}  // namespace quantier
