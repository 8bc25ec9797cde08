#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "quantier/note/cited.h"
#include "quantier/note/damage_words.h"
#include "quantier/note/words.h"

namespace quantier::note_internal {
namespace {

constexpr std::size_t kNamedAtMost = 4;  // classes in a clause; the table has them all

std::uint64_t total(const NoteTierMatrix& matrix) {
  std::uint64_t sum = 0;
  for (const auto& row : matrix) {
    for (const std::uint64_t cell : row) sum += cell;
  }
  return sum;
}

std::string tier_of(const NoteInput& input, std::size_t index) {
  return index < input.tier_names.size() ? input.tier_names[index] : std::string("no tier");
}

std::string class_list(const std::vector<NoteClassName>& classes) {
  std::vector<std::string> parts;
  for (const NoteClassName& each : classes) {
    if (parts.size() == kNamedAtMost) break;
    parts.push_back(fmt::format("{} (n = {})", each.label, count(each.examples)));
  }
  if (classes.size() > parts.size()) parts.push_back(count(classes.size() - parts.size()) + " more");
  return join(parts);
}

std::string signed_range(double value, double low, double high, int digits) {
  return fmt::format("{} [{}, {}]", signed_fixed(value, digits), signed_fixed(low, digits),
                     signed_fixed(high, digits));
}

// "damage is concentrated in the weak for A (...); not resolved for 3 more": one reading of the question.
template <class Value, class Numbers>
std::string concentration_clause(const NoteInput& input, const Value& reading_of, const Numbers& numbers_of) {
  std::vector<std::pair<std::string, std::vector<std::string>>> words;  // resolved ones, and for whom
  std::size_t open = 0;
  std::size_t all = 0;
  for (const NoteWeakness& row : input.weakness) {
    const std::optional<NoteWeakness::Reading>& reading = reading_of(row);
    if (!reading) continue;
    ++all;
    // A handful of flips gives no place where they gather, whatever an interval over classes says.
    if (reading->word == "unresolved" || row.few_flips) {
      ++open;
      continue;
    }
    auto found = std::find_if(words.begin(), words.end(),
                              [&](const auto& each) { return each.first == reading->word; });
    if (found == words.end()) found = words.insert(words.end(), {reading->word, {}});
    found->second.push_back(fmt::format("{} {} ({})", row.model, row.recipe, numbers_of(row, *reading)));
  }
  if (all == 0) return {};
  if (words.empty())
    return all == 1 ? "not resolved in the one comparison"
                    : fmt::format("not resolved in any of {} comparisons", count(all));
  std::vector<std::string> parts;
  for (const auto& [word, who] : words) parts.push_back(fmt::format("damage is {} for {}", word, join(who)));
  if (open > 0) parts.push_back(fmt::format("not resolved for {} more", count(open)));
  return join(parts, "; ");
}

struct Move {
  std::size_t from = 0;
  std::size_t to = 0;
  std::uint64_t answers = 0;
};

// The most frequent move from one tier to another.
Move widest_move(const NoteFlips& flips) {
  Move widest;
  for (std::size_t r = 0; r < flips.right_to_wrong.size(); ++r) {
    for (std::size_t c = 0; c < flips.right_to_wrong.size(); ++c) {
      const std::uint64_t here =
          flips.right_to_wrong[r][c] + flips.wrong_to_right[r][c] + flips.wrong_to_wrong[r][c];
      if (r != c && here > widest.answers) widest = {r, c, here};
    }
  }
  return widest;
}

}  // namespace

std::string flips_sentence(const NoteInput& input) {
  const NoteFlips* most = nullptr;
  std::uint64_t moved = 0;
  for (const NoteFlips& each : input.flips) {
    const std::uint64_t here =
        total(each.right_to_wrong) + total(each.wrong_to_right) + total(each.wrong_to_wrong);
    if (here <= moved) continue;
    moved = here;
    most = &each;
  }
  if (most == nullptr) return {};
  std::string text = fmt::format(
      "Most answers change in {} {}: {} of {}, {} from right to wrong, {} from wrong to right and {} from "
      "one "
      "wrong answer to another",
      most->model, most->recipe, count(moved), count(most->examples), count(total(most->right_to_wrong)),
      count(total(most->wrong_to_right)), count(total(most->wrong_to_wrong)));
  const Move move = widest_move(*most);
  if (input.tier_names.size() > 1 && move.answers > 0) {
    text += fmt::format("; between tiers most go from {} to {} ({})", tier_of(input, move.from),
                        tier_of(input, move.to), count(move.answers));
  }
  return text + ".";
}

// For the last tier, the rarest: where its errors go in every configuration.
std::string landing_sentence(const NoteInput& input) {
  if (input.tier_names.size() < 2) return {};
  const std::size_t last = input.tier_names.size() - 1;
  std::vector<std::string> models;
  for (const NoteErrorLanding& each : input.error_landing) {
    if (std::find(models.begin(), models.end(), each.model) == models.end()) models.push_back(each.model);
  }
  std::vector<std::string> clauses;
  for (const std::string& model : models) {
    std::vector<std::string> parts;
    std::size_t where = 0;
    for (const NoteErrorLanding& each : input.error_landing) {
      if (each.model != model || last >= each.errors.size()) continue;
      const std::vector<std::uint64_t>& row = each.errors[last];
      std::uint64_t errors = 0;
      for (const std::uint64_t cell : row) errors += cell;
      if (errors == 0) continue;
      // The same column for every precision: that of the first.
      if (parts.empty())
        where = static_cast<std::size_t>(std::max_element(row.begin(), row.end()) - row.begin());
      parts.push_back(fmt::format("{} of {} at {}", count(row[where]), count(errors), each.recipe));
    }
    // Before and at the last precision; the appendix has those between.
    if (parts.size() > 2) parts.erase(parts.begin() + 1, parts.end() - 1);
    if (!parts.empty()) {
      clauses.push_back(
          fmt::format("{} answers mostly with {} ({})", model, tier_of(input, where), join(parts)));
    }
  }
  if (clauses.empty()) return {};
  return fmt::format("Where errors in {} land: {}.", input.tier_names[last], join(clauses, "; "));
}

std::string confusion_sentence(const NoteInput& input) {
  const auto change = [](const NoteConfusedPair& pair) {
    return pair.after > pair.before ? pair.after - pair.before : pair.before - pair.after;
  };
  const NoteConfusedPair* most = nullptr;
  for (const NoteConfusedPair& pair : input.confused) {
    if (most == nullptr || change(pair) > change(*most)) most = &pair;
  }
  if (most == nullptr || change(*most) == 0) return {};
  return fmt::format("Of the frequent confusions {} taken for {} changes most ({} {}): {} before, {} after.",
                     most->label, most->answer, most->model, most->recipe, count(most->before),
                     count(most->after));
}

std::string concentration_sentence(const NoteInput& input) {
  const std::string margin = concentration_clause(
      input, [](const NoteWeakness& row) -> const auto& { return row.by_margin; },
      [](const NoteWeakness& row, const NoteWeakness::Reading& reading) {
        return cites_of(row)("weakness-by-margin", "points",
                             fmt::format("{} points [{}, {}]", points(reading.value), points(reading.low),
                                         points(reading.high)));
      });
  if (margin.empty()) return {};
  const std::string text = fmt::format("Less sure answers against surer ones: {}.", margin);
  const bool claims = text.find("concentrated") != std::string::npos;
  return text + (claims ? " Each interval stands alone, not corrected for their number." : "");
}

std::string tier_f1_sentence(const NoteInput& input) {
  std::vector<std::string> resolved;
  std::size_t all = 0;
  for (const NoteTierF1& row : input.tier_f1) {
    if (!row.difference) continue;
    ++all;
    if (!row.difference->resolved()) continue;
    resolved.push_back(fmt::format(
        "{} {} {} ({})", row.model, row.recipe, row.tier,
        cites_of(row)(row.tier + "/f1", "",
                      signed_range(row.difference->value, row.difference->low, row.difference->high, 3))));
  }
  if (all == 0) return {};
  if (resolved.empty()) {
    return fmt::format("Macro-F1 within a tier: none of {} paired differences leaves out zero (appendix).",
                       count(all));
  }
  return fmt::format(
      "Macro-F1 within a tier changes for {}; the intervals are not corrected for there being {} (appendix).",
      join(resolved), count(all));
}

std::string zero_sentence(const NoteInput& input) {
  if (input.zero_classes.empty()) return {};
  std::vector<std::string> fell;
  std::vector<std::string> rose;
  for (const NoteZeroClasses& row : input.zero_classes) {
    const std::string who = fmt::format("{} {}", row.model, row.recipe);
    if (!row.fell.empty()) fell.push_back(fmt::format("{}: {}", who, class_list(row.fell)));
    if (!row.rose.empty()) rose.push_back(fmt::format("{}: {}", who, class_list(row.rose)));
  }
  if (fell.empty() && rose.empty()) return "No class falls to an F1 of zero or rises from it.";
  std::string text;
  if (!fell.empty()) text = fmt::format("F1 falls to zero in {}.", join(fell, "; "));
  if (!rose.empty()) {
    text += fmt::format("{}F1 rises from zero in {}.", text.empty() ? "" : " ", join(rose, "; "));
  }
  return text;
}

std::string support_sentence(const NoteInput& input) {
  const NoteSupport* widest = nullptr;  // the largest `at_most`
  for (const NoteSupport& row : input.support) {
    if (widest == nullptr || row.at_most > widest->at_most) widest = &row;
  }
  if (widest == nullptr) return {};
  if (widest->classes == 0) {
    return fmt::format("Every class with examples has more than {} of them.", count(widest->at_most));
  }
  const std::string field = fmt::format("at most {}", widest->at_most);
  CitedExtent variance;
  for (const NoteSupport& row : input.support) {
    if (row.at_most != widest->at_most || !row.variance_share) continue;
    variance.add(*row.variance_share, cites_of(row)("support", "variance, " + field,
                                                    fmt::format("{:.0f} %", 100.0 * *row.variance_share)));
  }
  return fmt::format(
      "How little macro-F1 rests on: {} class{} with at most {} examples each ({} together) make up {} of "
      "the "
      "average{}.",
      count(widest->classes), widest->classes == 1 ? "" : "es", count(widest->at_most),
      count(widest->examples),
      cites_of(*widest)("support", "average, " + field, fmt::format("{:.0f} %", 100.0 * widest->weight)),
      variance.low_text.empty() ? std::string()
                                : fmt::format(" and {} of its sampling variance", variance.text()));
}

std::string groups_sentence(const NoteInput& input) {
  if (input.groups.empty()) return {};
  std::vector<std::string> columns;
  std::vector<std::string> resolved;
  for (const NoteGroup& row : input.groups) {
    if (std::find(columns.begin(), columns.end(), row.column) == columns.end()) columns.push_back(row.column);
    if (row.verdict == "unresolved") continue;
    const std::string what = fmt::format("{} = {}/accuracy", row.column, row.group);
    const Cites cites = cites_of(row);
    resolved.push_back(fmt::format("{} {} in {} = {} ({} points, {}, {})", row.model, row.recipe, row.column,
                                   row.group, cites(what, "delta", points(row.delta)),
                                   cites(what, "flips",
                                         fmt::format("{} lost and {} gained of {}", count(row.lost),
                                                     count(row.gained), count(row.examples))),
                                   row.verdict));
  }
  return fmt::format("Exploratory, outside the declared comparisons, grouped by {}: {}.", join(columns),
                     resolved.empty()
                         ? fmt::format("nothing is resolved in {} comparisons", input.groups.size())
                         : join(resolved));
}

}  // namespace quantier::note_internal
