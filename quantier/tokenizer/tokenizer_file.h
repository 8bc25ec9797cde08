// The content of a tokenizer.json, read strictly: the small components as JSON, the vocabulary as a plain
// list.
//
// A vocabulary has 150,000 keys, and an ordered JSON object looks keys up one after the other; so the members
// of model.vocab never enter a JSON object. Errors: kCorruptData with source and byte offset, also for a key
// that appears twice in one object.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "quantier/base/error.h"
#include "quantier/base/json.h"

namespace quantier::tokenizer_detail {

struct VocabularyEntry {
  std::string token;
  std::int32_t id;
};

struct TokenizerFile {
  Json root;  // everything except the members of model.vocab
  std::vector<VocabularyEntry> vocabulary;
  bool has_vocabulary = false;
};

[[nodiscard]] Result<TokenizerFile> read_tokenizer_file(std::string_view text, std::string_view source);

}  // namespace quantier::tokenizer_detail
