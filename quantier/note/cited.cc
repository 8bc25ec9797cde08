#include "quantier/note/cited.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "quantier/note/words.h"

namespace quantier::note_internal {
namespace {

constexpr std::string_view kAbsent = "–";

std::string detail_of(const NoteTierDelta& delta) {
  return fmt::format("n = {}{}{}", count(delta.examples), delta.verdict.empty() ? "" : ", ", delta.verdict);
}

}  // namespace

std::string Cites::operator()(std::string_view what, std::string_view field, std::string_view text,
                              const std::string& detail) const {
  // A configuration that has no name has no finding either.
  if ((model_.empty() && recipe_.empty()) || text.starts_with(kAbsent)) return std::string(text);
  return cite({fmt::format("{}/{}/{}", visible(model_), visible(recipe_), what), std::string(field), run_key_,
               detail},
              text);
}

Cites cites_of(const Decision& decision, const std::string& model, const std::string& recipe) {
  for (const Candidate& candidate : decision.candidates) {
    if (candidate.model == model && candidate.recipe == recipe) return Cites(candidate);
  }
  return {model, recipe, ""};
}

std::string cite_decision(std::string_view what, std::string_view field, std::string_view text) {
  if (text.starts_with(kAbsent)) return std::string(text);
  return cite({fmt::format("decision/{}", what), std::string(field), "", ""}, text);
}

std::string earlier_name(const std::vector<NoteEarlier>& rows, std::size_t index) {
  const auto own = [&](const NoteEarlier& row) {
    return fmt::format("earlier/{}{}{}/{}", visible(row.model), row.recipe.empty() ? "" : " ",
                       visible(row.recipe), visible(row.quantity));
  };
  const std::string name = own(rows[index]);
  std::size_t before = 0;
  for (std::size_t i = 0; i < index; ++i) before += own(rows[i]) == name ? 1 : 0;
  return before == 0 ? name : fmt::format("{} ({})", name, before + 1);
}

std::string cite_earlier(const std::vector<NoteEarlier>& rows, std::size_t index, std::string_view text) {
  if (text.starts_with(kAbsent)) return std::string(text);
  return cite({earlier_name(rows, index), "", rows[index].run_key, ""}, text);
}

std::string limit_name(const Decision& decision, std::size_t constraint) {
  const auto own = [&](std::size_t c) {
    const Constraint& each = decision.constraints[c];
    return visible(short_name(each)) + (each.no_worse_than ? " no worse" : "");
  };
  const std::string name = own(constraint);
  std::size_t before = 0;
  for (std::size_t c = 0; c < constraint; ++c) before += own(c) == name ? 1 : 0;
  return before == 0 ? name : fmt::format("{} ({})", name, before + 1);
}

std::string cite_check(const Decision& decision, std::size_t i, std::size_t c, std::string_view field,
                       std::string_view text) {
  const Candidate& candidate = decision.candidates[i];
  if (candidate.model.empty() && candidate.recipe.empty()) return std::string(text);
  return cite({fmt::format("decision/{}/{}/{}", visible(candidate.model), visible(candidate.recipe),
                           limit_name(decision, c)),
               std::string(field), candidate.run_key, ""},
              text);
}

std::string step_name(const Decision& decision, const Relaxation& relaxation) {
  std::size_t step = 0;
  for (const Relaxation& each : decision.relaxations) {
    if (each.constraint != relaxation.constraint) continue;
    ++step;
    if (each.new_limit == relaxation.new_limit) return fmt::format("step {}", step);
  }
  return {};
}

std::string cite_lead(const std::vector<QualityDifference>& differences, const Candidate& first,
                      const Candidate& second, std::string_view text) {
  for (const QualityDifference& pair : differences) {
    const bool straight = pair.first == first.name && pair.second == second.name;
    const bool turned = pair.first == second.name && pair.second == first.name;
    if (!straight && !turned) continue;
    const Candidate& a = straight ? first : second;
    const Candidate& b = straight ? second : first;
    return Cites(a)(fmt::format("macro-f1/{}/{}", visible(b.model), visible(b.recipe)),
                    straight ? "" : "turned round", text);
  }
  // Two numbers of a table: their difference is a finding without an interval, told both ways.
  if (!first.run_key.empty() || !second.run_key.empty()) return std::string(text);
  return Cites(first)(fmt::format("macro-f1/{}/{}", visible(second.model), visible(second.recipe)), "", text);
}

std::string cite_lead(const Decision& decision, const QualityDifference& lead, std::string_view text) {
  const auto named = [&](const std::string& name) {
    return std::find_if(decision.candidates.begin(), decision.candidates.end(),
                        [&](const Candidate& candidate) { return candidate.name == name; });
  };
  const auto first = named(lead.first);
  const auto second = named(lead.second);
  if (first == decision.candidates.end() || second == decision.candidates.end()) return std::string(text);
  return cite_lead(decision.differences, *first, *second, text);
}

void CitedExtent::add(double value, std::string cited) {
  if (!std::isfinite(value)) return;
  if (value < low) low_text = cited;
  if (value > high) high_text = std::move(cited);
  low = std::min(low, value);
  high = std::max(high, value);
}

std::string CitedExtent::text(std::string_view between) const {
  if (visible(low_text) == visible(high_text)) return low_text;
  return fmt::format("{}{}{}", low_text, between, high_text);
}

std::string cited_points(const NoteTierDelta& delta, bool interval) {
  std::string text = points(delta.delta);
  if (interval) text += fmt::format(" [{}, {}]", points(delta.low), points(delta.high));
  return cites_of(delta)(visible(delta.tier) + "/accuracy", "delta", text, detail_of(delta));
}

std::string cited_flips(const NoteTierDelta& delta) {
  return cites_of(delta)(visible(delta.tier) + "/accuracy", "flips",
                         fmt::format("{} lost and {} gained of {}", count(delta.lost), count(delta.gained),
                                     count(delta.examples)));
}

}  // namespace quantier::note_internal
