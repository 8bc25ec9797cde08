// Which words of a note speak of what: a table (data/words.toml) joined with the names of the evidence.
//
// A phrase matches as whole words, without regard to case unless the table says otherwise; at every place the
// longest phrase wins, so that "non-dominated" is no "dominated" and "classification head" no tier.
// Errors: kBug when the built-in table does not read.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "quantier/audit/fact.h"
#include "quantier/base/error.h"

namespace quantier {

enum class MentionKind : std::uint8_t {
  kModel,
  kRecipe,
  kTier,
  kLabel,
  kMetric,
  kFit,
  kWord,
  kOrder,
  kIgnore
};

struct Phrase {
  std::string text;  // lower case unless exact
  bool exact = false;
  MentionKind kind = MentionKind::kWord;
  std::vector<std::string> means;
};

struct Mention {
  MentionKind kind = MentionKind::kWord;
  std::vector<std::string> means;  // of a model, recipe, tier, label: one; of a metric or fit: any of them;
                                   // of an order the metric and "more" or "less"
  std::size_t begin = 0;
  std::size_t end = 0;
};

// A configuration that a note spells out, to be called by a name of its own.
struct NamedMeaning {
  std::vector<std::string> model;
  std::vector<std::string> recipe;
  std::size_t end = 0;  // of its recipe in the text
};

class Vocabulary {
 public:
  // `evidence` may be empty: then only the table's words are known.
  [[nodiscard]] static Result<Vocabulary> make(const AuditEvidence& evidence);
  // Names that a text defines: "H/M/T = head/mid/tail", "E8 = demo-encoder int8", "Option C: ...", "Big E
  // (demo-encoder fp16)", "C3 ECE ≤ 0.025". `ordinal`: of an item of a numbered list its number, by which a
  // note may call it afterwards ("option 2"); otherwise 0.
  void learn(std::string_view text, int ordinal = 0);
  // In the order of the text. A place may be mentioned as several things ("misses": a failure, and hiding).
  [[nodiscard]] std::vector<Mention> mentions(std::string_view text) const;
  // The tier that a cell of nothing else abbreviates ("H", "rare (60)"), and the recipe that a number of bits
  // in a column of bits stands for; empty for anything else.
  [[nodiscard]] std::string cell_tier(std::string_view cell) const;
  [[nodiscard]] std::string cell_recipe(std::string_view header, std::string_view cell) const;
  // A text with what its abbreviations of metrics were said to mean behind it: there a unit may be named.
  [[nodiscard]] std::string spelled_out(std::string_view text) const;
  [[nodiscard]] int version() const { return version_; }

 private:
  void add(std::string_view phrase, MentionKind kind, std::vector<std::string> means, bool exact = false);
  void add_told_fits();
  void add_denied_doubts();
  void sort();
  bool learn_pair(std::string_view name, std::string_view meaning);
  bool learn_metric(std::string_view name, std::string_view meaning, const std::vector<Mention>& meant);
  bool learn_said(std::string_view text);
  bool learn_tight(std::string_view text);
  bool learn_labelled(std::string_view text);
  bool learn_nicknames(std::string_view text);
  bool learn_numbered(int ordinal, std::string_view text);
  bool learn_limit(std::string_view text);
  [[nodiscard]] std::optional<NamedMeaning> configuration_in(std::string_view meaning) const;
  bool name_configuration(std::string_view name, const NamedMeaning& meaning, bool exact = true);
  [[nodiscard]] bool may_be_named(std::string_view name) const;
  void add_bits(std::string_view text, std::vector<Mention>& found) const;
  std::unordered_map<char, std::vector<Phrase>> by_first_;  // by first character; longest first
  std::map<std::string, std::string> cell_tiers_;
  std::set<std::string> configuration_names_;                     // that the note defined
  std::map<int, std::string> by_bits_;                            // 8: the recipe that an "8-bit" means
  std::vector<std::pair<std::string, std::string>> letters_;      // defined abbreviation of a model, model
  std::vector<std::pair<std::string, std::string>> numbers_;      // of a recipe, recipe
  std::vector<std::pair<std::string, std::string>> definitions_;  // of a metric, what it was said to be
  int version_ = 0;
};

}  // namespace quantier
