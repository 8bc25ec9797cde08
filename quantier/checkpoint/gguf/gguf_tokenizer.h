// Whether the tokenizer.json beside a GGUF file is that of the model in it.
//
// The file lists its tokens, and a folder may hold several models: read with the tokenizer of another, a
// model answers something to every text. Tokens of model.vocab must have the same ids in both; added tokens
// may be spelled differently by converters and are left out. Without a list in the file, or without a
// tokenizer.json, there is nothing to compare. Errors: kCorruptData, kUserInput with the first token that
// differs.
#pragma once

#include <cstdint>
#include <filesystem>

#include "quantier/base/error.h"
#include "quantier/checkpoint/gguf/gguf.h"

namespace quantier {

// `vocabulary`: rows of the embedding. `source` names the GGUF file.
[[nodiscard]] Status check_gguf_tokenizer(const GgufHeader& header, std::uint64_t vocabulary,
                                          const std::filesystem::path& tokenizer_json,
                                          std::string_view source);

}  // namespace quantier
