// Which words of a note speak of what: a table (data/words.toml) joined with the names of the evidence.
//
// A phrase matches as whole words, without regard to case unless the table says otherwise; at every place the
// longest phrase wins, so that "non-dominated" is no "dominated" and "classification head" no tier.
// Errors: kBug when the built-in table does not read.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "quantier/audit/fact.h"
#include "quantier/base/error.h"

namespace quantier {

enum class MentionKind : std::uint8_t { kModel, kRecipe, kTier, kLabel, kMetric, kFit, kWord, kIgnore };

struct Phrase {
  std::string text;  // lower case unless exact
  bool exact = false;
  MentionKind kind = MentionKind::kWord;
  std::vector<std::string> means;
};

struct Mention {
  MentionKind kind = MentionKind::kWord;
  std::vector<std::string> means;  // of a model, recipe, tier, label: one; of a metric or fit: any of them
  std::size_t begin = 0;
  std::size_t end = 0;
};

class Vocabulary {
 public:
  // `evidence` may be empty: then only the table's words are known.
  [[nodiscard]] static Result<Vocabulary> make(const AuditEvidence& evidence);
  // In the order of the text. A place may be mentioned as several things ("misses": a failure, and hiding).
  [[nodiscard]] std::vector<Mention> mentions(std::string_view text) const;
  [[nodiscard]] int version() const { return version_; }

 private:
  void add(std::string_view phrase, MentionKind kind, std::vector<std::string> means, bool exact = false);
  std::unordered_map<char, std::vector<Phrase>> by_first_;  // by first character; longest first
  int version_ = 0;
};

}  // namespace quantier
