// Steps: "rises from 0.33 to 0.39", against the two numbers and against where they come from.
#include <algorithm>
#include <string_view>

#include <fmt/format.h>

#include "quantier/audit/claim_parts.h"
#include "quantier/audit/direction_words.h"
#include "quantier/audit/relation.h"

namespace quantier::audit_internal {
namespace {

// "from 0.867 to 0.878" where the first is that of a quantized precision and the second the reference's: a
// step is told from the reference on, unless the precisions are named the other way round.
std::string backward_step(const Passage& passage, std::size_t from, std::size_t to,
                          const std::vector<const CheckedNumber*>& checked, const AuditEvidence& evidence) {
  const std::vector<std::string> recipes = said(passage.mentions, MentionKind::kRecipe);
  if (recipes.size() > 1 && recipes.front() != evidence.reference_recipe) return {};
  const auto facts_of = [&](std::size_t number) {
    std::vector<const Fact*> facts;
    for (const CheckedNumber* each : checked) {
      if (each->number != number) continue;
      for (const std::size_t i : each->finding.facts) facts.push_back(&evidence.facts[i]);
    }
    return facts;
  };
  const std::vector<const Fact*> first = facts_of(from);
  const std::vector<const Fact*> second = facts_of(to);
  bool backward = false;
  for (const Fact* a : first) {
    for (const Fact* b : second) {
      const bool same = a->metric == b->metric && a->model == b->model && a->tier == b->tier &&
                        a->label == b->label && a->fit == b->fit && a->role == b->role && !a->difference &&
                        !b->difference;
      if (!same) continue;
      if (a->recipe == evidence.reference_recipe) return {};
      backward = backward || (a->recipe != b->recipe && b->recipe == evidence.reference_recipe);
    }
  }
  if (!backward) return {};
  return fmt::format("from {} to {} leads to {}, and not away from it", passage.numbers[from].text,
                     passage.numbers[to].text, evidence.reference_recipe);
}

// "from 0.33 to 0.39" behind a word of rising or falling.
std::string turned_step(const Passage& passage, std::size_t n,
                        const std::vector<const CheckedNumber*>& checked, const AuditEvidence& evidence) {
  const std::vector<WrittenNumber>& numbers = passage.numbers;
  const std::string_view text = passage.text;
  if (!text.substr(0, numbers[n].begin).ends_with("from ")) return {};
  const std::size_t to = text.find(" to ", numbers[n].end);
  if (to == std::string_view::npos) return {};
  const auto target =
      std::ranges::find_if(numbers, [&](const WrittenNumber& each) { return each.begin == to + 4; });
  if (target == numbers.end() || target->unit != numbers[n].unit) return {};
  // Nothing but numbers of the list between.
  const std::string_view between = text.substr(numbers[n].end, to - numbers[n].end);
  if (between.find_first_of(";:(") != std::string_view::npos) return {};
  constexpr std::size_t kReach = 53;
  const std::size_t from = numbers[n].begin - std::min(numbers[n].begin, kReach);
  const auto direction = direction_in(text, from, numbers[n].begin, true);
  if (direction && numbers[n].value != target->value && direction->up != (target->value > numbers[n].value)) {
    return fmt::format("\"{}\" from {} to {}",
                       text.substr(direction->begin, direction->end - direction->begin), numbers[n].text,
                       target->text);
  }
  if (std::string why =
          backward_step(passage, n, static_cast<std::size_t>(target - numbers.begin()), checked, evidence);
      !why.empty())
    return why;
  // A temperature comes from the raw error to what is left of it.
  if (!contains(said(passage.mentions, MentionKind::kMetric), "temperature")) return {};
  const auto fits_of = [&](std::size_t number) {
    std::vector<std::string> fits;
    for (const CheckedNumber* each : checked) {
      if (each->number != number) continue;
      for (const std::size_t i : each->finding.facts) {
        if (evidence.facts[i].metric == "ece") fits.push_back(evidence.facts[i].fit);
      }
    }
    return fits;
  };
  const std::vector<std::string> first = fits_of(n);
  const std::vector<std::string> second = fits_of(static_cast<std::size_t>(target - numbers.begin()));
  const auto raw = [](const std::string& fit) { return fit == "raw"; };
  if (!first.empty() && !second.empty() && std::ranges::none_of(first, raw) &&
      std::ranges::all_of(second, raw))
    return fmt::format("{} is what the temperature leaves, {} the error before it", numbers[n].text,
                       target->text);
  return {};
}

// Whether the statement that a number stands in is denied. "No longer 0.058 behind" says that it is behind
// now.
bool denied_at(const Passage& passage, const WrittenNumber& number) {
  const Span statement = statement_at(passage.text, number.begin);
  std::vector<Mention> mentions = between(passage.mentions, statement.begin, statement.end);
  std::erase_if(mentions, [&](const Mention& each) {
    return std::string_view(passage.text).substr(each.begin).starts_with("no longer");
  });
  return negated(mentions, {});
}

}  // namespace

std::string turned_direction(const Passage& passage, const std::vector<const CheckedNumber*>& checked,
                             const AuditEvidence& evidence) {
  for (std::size_t n = 0; n < passage.numbers.size(); ++n) {
    if (denied_at(passage, passage.numbers[n])) continue;
    if (std::string why = turned_step(passage, n, checked, evidence); !why.empty()) return why;
  }
  return {};
}

}  // namespace quantier::audit_internal
