// What a cell of a table says of the configuration of its row in a word or two: a verdict, a size, a promise
// kept, who is slower, which limits it fails.
#include <algorithm>
#include <array>
#include <cmath>
#include <optional>
#include <string_view>

#include <fmt/format.h>

#include "quantier/audit/claim_parts.h"
#include "quantier/audit/sentence_text.h"

namespace quantier::audit_internal {
namespace {

struct Row {
  std::string model;
  std::string recipe;
  [[nodiscard]] std::string name() const { return model + " " + recipe; }
};

std::optional<Row> row_of(const Passage& cell) {
  const std::vector<std::string> models = said(cell.row_mentions, MentionKind::kModel);
  const std::vector<std::string> recipes = said(cell.row_mentions, MentionKind::kRecipe);
  if (models.size() != 1 || recipes.size() != 1) return std::nullopt;
  return Row{models.front(), recipes.front()};
}

// "established"; "unresolved, negligible": a cell that begins with the word.
bool opens_with(std::string_view text, std::string_view word) {
  return text.starts_with(word) && (text.size() == word.size() || !is_word(text[word.size()]));
}

int strength(EvidenceWord word) {
  return word == EvidenceWord::kEstablished ? 2 : word == EvidenceWord::kDirectional ? 1 : 0;
}

// The comparisons of the row, of its tier where it names one.
std::vector<const AuditComparison*> compared(const Passage& cell, const Row& row,
                                             const AuditEvidence& evidence) {
  const std::vector<std::string> tiers = said(cell.row_mentions, MentionKind::kTier);
  std::vector<const AuditComparison*> found;
  for (const AuditComparison& each : evidence.comparisons) {
    if (each.model == row.model && each.recipe == row.recipe && (tiers.empty() || contains(tiers, each.tier)))
      found.push_back(&each);
  }
  return found;
}

std::string wrong_verdict(const Passage& cell, const std::string& text, const Row& row,
                          const AuditEvidence& evidence) {
  // Words about calibration, or about groups that no tier is, carry verdicts of their own.
  const std::string head = lowered(cell.column_text);
  if (any_word_of(head, {"calibration", "ece"}) || lowered(cell.row_text).find(" = ") != std::string::npos)
    return {};
  int told = -1;
  if (opens_with(text, "established")) told = 2;
  if (opens_with(text, "directional")) told = 1;
  const std::vector<const AuditComparison*> about = compared(cell, row, evidence);
  if (told > 0 && !about.empty() &&
      std::ranges::all_of(about, [&](const auto* each) { return strength(each->evidence) < told; }))
    return fmt::format("\"{}\" is more than the evidence carries: {} is {}", text, row.name(),
                       evidence_word_name(about.front()->evidence));
  for (const SizeWord size : {SizeWord::kNegligible, SizeWord::kMaterial}) {
    const bool said_so = opens_with(text, size_word_name(size));
    if (said_so && !about.empty() &&
        std::ranges::none_of(about, [&](const auto* each) { return each->size == size; }))
      return fmt::format("the evidence calls the change of {} {}", row.name(),
                         size_word_name(about.front()->size));
  }
  return {};
}

const Fact* plain_fact(const AuditEvidence& evidence, const Row& row, const char* metric) {
  const auto found = std::ranges::find_if(evidence.facts, [&](const Fact& fact) {
    return fact.metric == metric && fact.model == row.model && fact.recipe == row.recipe &&
           fact.role == FactRole::kValue && !fact.difference && fact.tier.empty() && fact.label.empty() &&
           fact.source != FactSource::kModelled &&
           (fact.unit == FactUnit::kMilliseconds || fact.unit == FactUnit::kBytes);
  });
  return found == evidence.facts.end() ? nullptr : &*found;
}

const Fact* ratio_fact(const AuditEvidence& evidence, const Row& row, const char* metric,
                       const std::string& against_model, const std::string& against_recipe) {
  const auto found = std::ranges::find_if(evidence.facts, [&](const Fact& fact) {
    return fact.metric == metric && fact.unit == FactUnit::kRatio && fact.model == row.model &&
           fact.recipe == row.recipe && fact.against_model == against_model &&
           fact.against_recipe == against_recipe;
  });
  return found == evidence.facts.end() ? nullptr : &*found;
}

double margin_of(const AuditEvidence& evidence, const std::string& metric) {
  const auto found = std::ranges::find_if(evidence.facts, [&](const Fact& fact) {
    return fact.metric == metric + "_headroom" && fact.model.empty() &&
           fact.source == FactSource::kDeclared && fact.role == FactRole::kValue;
  });
  return found == evidence.facts.end() ? 0.0 : found->value;
}

// "kept", "no gain", "broken": of time and memory against the reference of the same model.
std::string wrong_promise(const Passage& cell, const std::string& text, const Row& row,
                          const AuditEvidence& evidence) {
  const bool kept = opens_with(text, "kept");
  const bool lost = opens_with(text, "no gain") || opens_with(text, "broken");
  if (kept == lost) return {};
  const std::string head = lowered(cell.column_text);
  const char* metric = any_word_of(head, {"time", "latency", "speed"}) ? "latency"
                       : any_word_of(head, {"memory"})                 ? "memory"
                                                                       : nullptr;
  if (metric == nullptr) {
    if (!any_word_of(head, {"accuracy", "quality"}) || !lost) return {};
    const std::vector<const AuditComparison*> about = compared(cell, row, evidence);
    const bool loss = std::ranges::any_of(about, [](const auto* each) {
      return each->delta < 0.0 && each->evidence != EvidenceWord::kUnresolved;
    });
    return loss || about.empty() ? std::string()
                                 : fmt::format("the evidence resolves no loss of {}", row.name());
  }
  const Fact* ratio = ratio_fact(evidence, row, metric, row.model, evidence.reference_recipe);
  if (ratio == nullptr) return {};
  const bool smaller = ratio->value < 1.0 - margin_of(evidence, metric);
  if (smaller == kept) return {};
  return fmt::format("{} has {:.2f} times the {} of {} {}", row.name(), ratio->value, metric, row.model,
                     evidence.reference_recipe);
}

// "slower", "larger": than the choice or than the reference, whichever the table is about.
std::string wrong_standing(const std::string& text, const Row& row, const AuditEvidence& evidence) {
  struct Word {
    std::string_view word;
    const char* metric;
    bool more;
  };
  constexpr std::array<Word, 8> kWords = {{{"slower", "latency", true},
                                           {"faster", "latency", false},
                                           {"quicker", "latency", false},
                                           {"larger", "memory", true},
                                           {"bigger", "memory", true},
                                           {"heavier", "memory", true},
                                           {"smaller", "memory", false},
                                           {"lighter", "memory", false}}};
  const auto word =
      std::ranges::find_if(kWords, [&](const Word& each) { return opens_with(text, each.word); });
  if (word == kWords.end()) return {};
  const Fact* own = plain_fact(evidence, row, word->metric);
  if (own == nullptr) return {};
  const Fact* other = nullptr;
  for (const AuditConfiguration& each : evidence.configurations) {
    const bool reference = each.model == row.model && each.recipe == evidence.reference_recipe;
    if ((!each.chosen && !reference) || each.display() == row.name()) continue;
    const Fact* fact = plain_fact(evidence, {each.model, each.recipe}, word->metric);
    if (fact == nullptr || (own->value > fact->value) == word->more) return {};
    other = fact;
  }
  if (other == nullptr) return {};
  return fmt::format("the evidence has {}, and {}", fact_text(*own), fact_text(*other));
}

// "fails ECE and tail accuracy": limits by name in the cell itself.
std::string wrong_limits(const Passage& cell, const std::string& text, const Row& row,
                         const AuditEvidence& evidence) {
  const bool passes = opens_with(text, "passes") || opens_with(text, "meets");
  const bool fails = opens_with(text, "fails") || opens_with(text, "misses");
  if (passes == fails || !cell.numbers.empty()) return {};
  const std::vector<std::string> metrics = said(cell.mentions, MentionKind::kMetric);
  for (const AuditLimit& limit : evidence.limits) {
    if (!contains(metrics, limit.metric)) continue;
    const bool failed = contains(limit.failed_by, row.name());
    const bool tier = limit.tier.empty() || contains(said(cell.mentions, MentionKind::kTier), limit.tier);
    if (tier && failed == passes)
      return fmt::format("{} {} the limit on {} ({:g})", row.name(), failed ? "fails" : "passes",
                         limit.metric, limit.limit);
  }
  return {};
}

}  // namespace

CellClaim wrong_cell(const Passage& cell, const AuditEvidence& evidence) {
  if (cell.kind != PassageKind::kCell) return {};
  const std::string text = lowered(cell.text);
  // A verdict of its own, though elsewhere the word only doubts.
  if (says(cell.mentions, "hedge") && !opens_with(text, "directional")) return {};
  const std::optional<Row> row = row_of(cell);
  if (!row) return {};
  if (std::string why = wrong_verdict(cell, text, *row, evidence); !why.empty())
    return {.kind = ClaimKind::kOverclaim, .why = std::move(why)};
  if (std::string why = wrong_limits(cell, text, *row, evidence); !why.empty())
    return {.kind = ClaimKind::kOutcome, .why = std::move(why)};
  std::string why = wrong_promise(cell, text, *row, evidence);
  if (why.empty()) why = wrong_standing(text, *row, evidence);
  return {.kind = ClaimKind::kOrder, .why = std::move(why)};
}

}  // namespace quantier::audit_internal
