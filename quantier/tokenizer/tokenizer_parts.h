// The components of a tokenizer.json, typed. What is not known is refused by name (kUnsupported).
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "quantier/base/error.h"
#include "quantier/base/json.h"
#include "quantier/tokenizer/added_tokens.h"
#include "quantier/tokenizer/bpe.h"
#include "quantier/tokenizer/splitter.h"

namespace quantier::tokenizer_detail {

// "normalizer": null, NFC, or a Sequence of NFC.
struct Normalizer {
  bool nfc = false;
};
[[nodiscard]] Result<Normalizer> read_normalizer(const Json& root, std::string_view source);

// "pre_tokenizer": ByteLevel, or a Sequence of Splits that ends in ByteLevel. The mapping of bytes to
// characters is the model's business.
struct PreTokenizer {
  struct Split {
    bool add_prefix_space = false;  // first, to every piece that does not begin with a space
    std::optional<Splitter> splitter;
  };
  std::vector<Split> splits;
};
[[nodiscard]] Result<PreTokenizer> read_pre_tokenizer(const Json& root, std::string_view source);

// "post_processor": TemplateProcessing for one text, ByteLevel (which moves no id), a Sequence of them, null.
struct PostProcessor {
  std::vector<std::int32_t> before;  // special tokens
  std::vector<std::int32_t> after;
};
[[nodiscard]] Result<PostProcessor> read_post_processor(const Json& root, std::string_view source);

// "truncation": the largest number of tokens, special ones included, or nullopt.
[[nodiscard]] Result<std::optional<std::size_t>> read_truncation(const Json& root, std::string_view source);

}  // namespace quantier::tokenizer_detail
