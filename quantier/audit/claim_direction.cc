// Up or down: "trails by 0.058", "rises from 0.33 to 0.39", against the sign that the evidence gives the
// difference.
#include <algorithm>
#include <cmath>
#include <optional>
#include <string_view>

#include <fmt/format.h>

#include "quantier/audit/claim_names.h"
#include "quantier/audit/claim_parts.h"
#include "quantier/audit/relation.h"
#include "quantier/audit/word_forms.h"

namespace quantier::audit_internal {
namespace {

constexpr std::string_view kUp[] = {
    "leads",        "lead",     "leading",     "led",    "ahead",     "above",     "higher",
    "better",       "beats",    "rises",       "rose",   "raises",    "raised",    "increases",
    "increased",    "grows",    "grew",        "climbs", "climbed",   "improves",  "improved",
    "gains",        "exceeds",  "outperforms", "jumps",  "jumped",    "rising",    "increase",
    "climb",        "climbing", "growing",     "growth", "surpasses", "surpassed", "exceeded",
    "outperformed", "tops",     "advantage",   "upward", "outscores", "outdoes",   "superior",
    "overtakes",    "mounts",   "soars"};
constexpr std::string_view kDown[] = {
    "trails",    "trailing",     "trailed",  "behind",   "below",    "lower",    "worse",    "falls",
    "fell",      "drops",        "dropped",  "sinks",    "sank",     "declines", "declined", "decreases",
    "decreased", "lags",         "loses",    "reduces",  "reduced",  "lowers",   "lowered",  "shrinks",
    "deficit",   "shortfall",    "slips",    "slipped",  "slides",   "slid",     "dips",     "dipped",
    "falling",   "dropping",     "decrease", "decline",  "slipping", "sliding",  "lag",      "lagging",
    "lagged",    "disadvantage", "downward", "inferior", "dwindles", "recedes",  "trail",    "shy"};
constexpr std::size_t kReachBefore = 48;
constexpr std::size_t kReachBehind = 10;

struct Direction {
  bool up = false;
  std::size_t begin = 0;
  std::size_t end = 0;
};

// Words that tell a step, and not how two things stand or whether that is good.
bool tells_standing(std::string_view word) {
  constexpr std::string_view kStanding[] = {"better",  "worse",  "above", "below",   "ahead",
                                            "behind",  "higher", "lower", "lead",    "leads",
                                            "leading", "led",    "beats", "exceeds", "outperforms"};
  return std::ranges::find(kStanding, word) != std::end(kStanding);
}

// The only direction that words between two places give; nullopt for none or both.
std::optional<Direction> direction_in(std::string_view text, std::size_t from, std::size_t to,
                                      bool steps = false) {
  std::optional<Direction> found;
  for (std::size_t at = from; at < to;) {
    if (!is_word(text[at])) {
      ++at;
      continue;
    }
    std::size_t end = at;
    while (end < to && is_word(text[end])) ++end;
    const std::string word = lowered(text.substr(at, end - at));
    if (steps && tells_standing(word)) {
      at = end;
      continue;
    }
    const bool up = std::ranges::find(kUp, word) != std::end(kUp);
    const bool down = std::ranges::find(kDown, word) != std::end(kDown);
    if (up || down) {
      if (found && found->up != up) return std::nullopt;
      found = Direction{.up = up, .begin = at, .end = end};
    }
    at = end;
  }
  return found;
}

// "slower than the encoder and 0.059 behind it": who is named behind a word of comparing is not the subject.
bool is_compared_with(std::string_view text, const NamedConfiguration& named) {
  std::string_view before = text.substr(0, named.begin);
  // "Fp16 against fp16 the decoder is ahead": like against like, and then who is.
  if (before.ends_with(" against ") && before.size() >= 13 &&
      lowered(before.substr(before.size() - 13, 4)) == lowered(text.substr(named.begin, 4)))
    return false;
  for (const std::string_view article : {"the ", "its ", "that of ", "of "}) {
    if (before.ends_with(article)) before.remove_suffix(article.size());
  }
  for (const std::string_view word : {"than ", "against ", "versus ", "vs ", "vs. ", "over ", "behind ",
                                      "to ", "with ", " as ", " like "}) {
    if (before.ends_with(word)) return true;
  }
  return false;
}

// The sign that a fact gives the difference of whoever is spoken of; 0 where it says nothing of it.
int sign_of(const Fact& fact, const NamedConfiguration& subject) {
  const auto is = [&](const std::string& model, const std::string& recipe) {
    return model == subject.model && (subject.recipe.empty() || recipe == subject.recipe);
  };
  const bool own = is(fact.model, fact.recipe);
  const bool other = is(fact.against_model, fact.against_recipe);
  if (own == other) return 0;
  const int sign = fact.value > 0.0 ? 1 : fact.value < 0.0 ? -1 : 0;
  return own ? sign : -sign;
}

bool is_quality_difference(const Fact& fact) {
  return fact.difference && (fact.metric == "macro_f1_difference" || fact.metric == "accuracy_change");
}

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
  const std::size_t from = numbers[n].begin - std::min<std::size_t>(numbers[n].begin, 5 + kReachBefore);
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
  const std::vector<NamedConfiguration> named = configurations_in(passage);
  for (const CheckedNumber* each : checked) {
    const WrittenNumber& number = passage.numbers[each->number];
    if (denied_at(passage, number)) continue;
    if (number.sign != 0 || number.in_brackets || number.value == 0.0 || is_alarm(each->finding.verdict))
      continue;
    // "2.5 points lower" behind it, or "trails by 0.058" before it in its clause.
    auto direction =
        direction_in(passage.text, number.end, std::min(passage.text.size(), number.end + kReachBehind));
    if (!direction) {
      const std::size_t reach = number.begin - std::min(number.begin, kReachBefore);
      const std::size_t cut = passage.text.find_last_of(",;:(", number.begin);
      const std::string_view behind =
          std::string_view(passage.text).substr(std::min(cut, passage.text.size()));
      const bool relative = behind.starts_with(", which is") || behind.starts_with(", where");
      const bool cuts = cut != std::string::npos && cut >= reach && cut < number.begin && !relative;
      direction = direction_in(passage.text, cuts ? cut + 1 : reach, number.begin);
    }
    if (!direction) continue;
    const NamedConfiguration* subject = last_before(named, direction->begin);
    if (subject == nullptr || is_compared_with(passage.text, *subject)) continue;
    bool all_turned = false;
    bool any_right = false;
    const Fact* fact = nullptr;
    for (const std::size_t i : each->finding.facts) {
      if (!is_quality_difference(evidence.facts[i])) {
        any_right = true;  // it may be something else
        break;
      }
      const int sign = sign_of(evidence.facts[i], *subject);
      if (sign == 0) continue;
      if ((sign > 0) == direction->up) {
        any_right = true;
      } else {
        all_turned = true;
        fact = &evidence.facts[i];
      }
    }
    if (any_right || !all_turned) continue;
    return fmt::format("\"{}\" {}, and the evidence has it the other way round: {}",
                       passage.text.substr(direction->begin, direction->end - direction->begin), number.text,
                       fact_text(*fact));
  }
  return {};
}

}  // namespace quantier::audit_internal
