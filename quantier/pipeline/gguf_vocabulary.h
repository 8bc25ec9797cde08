// The tokenizer of a model as GGUF's readers expect it: tokenizer.ggml.* from tokenizer.json.
//
// Tokens stand in the order of their ids, one for each row of the embedding; rows that no token has are
// called [PADn], as llama.cpp's converter calls them. Only what the metadata can say without loss is written:
// byte-level BPE with the splitting rule of Qwen2, without tokens put around a text. Anything else is
// kUnsupported by name; a tokenizer that does not fit the model is kUserInput. Quantier itself always reads
// tokenizer.json.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>

#include "quantier/base/error.h"
#include "quantier/checkpoint/gguf/gguf_writer.h"

namespace quantier {

struct SpecialTokenIds {
  std::optional<std::int64_t> begin;
  std::optional<std::int64_t> end;
  std::optional<std::int64_t> padding;
};

[[nodiscard]] Status add_gguf_vocabulary(const std::filesystem::path& tokenizer_json,
                                         std::uint64_t vocabulary, const SpecialTokenIds& special,
                                         GgufMetadata& metadata);

}  // namespace quantier
