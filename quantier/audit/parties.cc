#include "quantier/audit/parties.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "quantier/audit/parties_words.h"
#include "quantier/audit/word_forms.h"

namespace quantier::audit_internal {
namespace {

class Finder {
 public:
  Finder(const Relation& relation, const Passage& passage, const Passage* previous,
         const AuditEvidence& evidence)
      : relation_(relation),
        passage_(passage),
        previous_(previous),
        evidence_(evidence),
        text_(passage.text),
        lower_(lowered(passage.text)),
        statement_(statement_at(passage.text, relation.begin)),
        segment_(segment_at(passage.text, relation.begin)),
        named_(possible_configurations_in(passage)) {}

  [[nodiscard]] std::optional<Parties> find() {
    parties_.sign = relation_.sign;
    parties_.of_all = says_any(lower_, kAll);
    const std::string_view before = part(segment_.begin, relation_.begin);
    const NamedConfiguration* object = object_behind();
    if (relation_.form == RelationForm::kSuperlative) {
      parties_.against = Against::kOthers;
      // "No other is the slowest" and the like say nothing that is read here.
      if (says_any(before, kNobody) || before.ends_with("from ") || before.ends_with("from the ") ||
          before.ends_with(" to ") || before.ends_with(" to the "))
        return std::nullopt;
      // "The lightest but one", "the second fastest": not the extreme.
      const std::string_view behind = part(relation_.end, relation_.end + 9);
      if (behind.starts_with(" but one") || behind.starts_with(" but two") || before.ends_with("second ") ||
          before.ends_with("second-") || before.ends_with("third ") || before.ends_with("next ") ||
          before.ends_with("almost the ") || before.ends_with("nearly the ") ||
          before.ends_with("among the ") || before.ends_with("one of the "))
        return std::nullopt;
      const NamedConfiguration* subject = subject_before();
      if (subject == nullptr) subject = fronted();
      if (subject == nullptr) return carried();
      return of(*subject);
    }
    const bool others =
        says_any(before, kOthers) && !says_any(part(segment_.begin, segment_.begin + 12), kNobody);
    if (says_any(before, kNobody) || others) {
      if (object == nullptr) object = fronted_object();
      if (object == nullptr) return std::nullopt;
      parties_.against = Against::kOthers;
      if (others) parties_.sign = -relation_.sign;
      return of(*object);
    }
    if (relation_.form == RelationForm::kComparative && object == nullptr && heads_a_list())
      return std::nullopt;
    const NamedConfiguration* subject = subject_before();
    if (others_behind()) {
      parties_.against = Against::kOthers;
      if (subject == nullptr) return carried();
      return of(*subject);
    }
    if (object == nullptr) object = fronted_object();
    if (relation_.form == RelationForm::kChange && changed_model()) return parties_;
    if (subject == nullptr && relation_.form == RelationForm::kChange) subject = changed_behind();
    const bool measured =
        relation_.form == RelationForm::kChange || relation_.form == RelationForm::kComparative;
    if (measured && object == nullptr && (subject == nullptr || subject->recipe.empty())) {
      const NamedConfiguration* placed = placed_behind();
      if (placed != nullptr &&
          (subject == nullptr || placed->model.empty() || placed->model == subject->model)) {
        if (subject == nullptr || !placed->model.empty()) return of(*placed);
        return of({.model = subject->model, .recipe = placed->recipe});
      }
    }
    const bool elsewhere = subject != nullptr && subject->end <= segment_.begin && named_behind();
    if (object == nullptr && relation_.form == RelationForm::kStanding && !elsewhere)
      object = only_other(subject);
    if (object == subject) object = nullptr;
    if (object != nullptr) {
      parties_.against = Against::kNamed;
      parties_.second = *object;
    } else if (const NamedConfiguration* origin = origin_of(subject)) {
      parties_.against = Against::kNamed;
      parties_.second = *origin;
    }
    if (subject == nullptr) return carried();
    if (object == nullptr && elsewhere) return std::nullopt;
    if (object == nullptr && relation_.form == RelationForm::kComparative) {
      if (const NamedConfiguration* last = still_beyond(*subject)) {
        parties_.against = Against::kNamed;
        parties_.second = *last;
      }
    }
    if (subject->recipe.empty()) {
      if (const NamedConfiguration* cause = made_by(*subject))
        return of({.model = subject->model, .recipe = cause->recipe});
    }
    return of(*subject);
  }

 private:
  // "We lose time with A and win it with B": who is named behind the word, in its own part, may be who is
  // meant.
  [[nodiscard]] bool named_behind() const {
    return first_behind(named_, relation_.end, segment_.end) != nullptr;
  }

  [[nodiscard]] std::string_view part(std::size_t begin, std::size_t end) const {
    end = std::min(end, lower_.size());
    return begin < end ? std::string_view(lower_).substr(begin, end - begin) : std::string_view();
  }

  std::optional<Parties> of(const NamedConfiguration& first) {
    parties_.first = first;
    return parties_;
  }

  // Behind "than" and the like in the statement, or right behind a verb that takes one ("beats X").
  [[nodiscard]] const NamedConfiguration* object_behind() const {
    for (const NamedConfiguration& each : named_) {
      if (each.begin < relation_.end || each.end > statement_.end) continue;
      std::string_view between = part(relation_.end, each.begin);
      const bool verb = relation_.form == RelationForm::kStanding;
      const bool aside = between.find(',') != std::string_view::npos ||
                         between.find(" with ") != std::string_view::npos ||
                         between.find(" at ") != std::string_view::npos;
      if (verb && each.begin <= relation_.end + 14 && !aside) return &each;
      if (is_target(text_, each)) return nullptr;
      const std::string padded = " " + std::string(between);
      for (const std::string_view word : kComparators) {
        const std::size_t at = padded.rfind(word);
        if (at == std::string_view::npos) continue;
        if (word == " of " && between.starts_with(" of ") && between.size() <= 9)
          return &each;  // "half the time of X"
        const bool loose =
            word == " of " || word == " to " || word == " over " || word == " from " || word == " as ";
        if (loose && !verb && !(word == " as " && part(relation_.begin, relation_.begin + 3) == "as "))
          continue;
        const std::string_view rest = std::string_view(padded).substr(at + word.size());
        if (rest.size() > 24 || rest.find(',') != std::string_view::npos) continue;
        return &each;
      }
      return nullptr;
    }
    return nullptr;
  }

  [[nodiscard]] bool others_behind() const {
    const std::string_view behind = part(relation_.end, segment_.end);
    for (const std::string_view word : {" than ", " as "}) {
      const std::size_t at = behind.find(word);
      if (at != std::string_view::npos && says_any(behind.substr(at + word.size(), 26), kOthers)) return true;
    }
    return relation_.form == RelationForm::kStanding && says_any(behind.substr(0, 24), kOthers);
  }

  // "Compared with X, ...", "Next to X ...".
  [[nodiscard]] const NamedConfiguration* fronted_object() const {
    for (const NamedConfiguration& each : named_) {
      if (each.begin < statement_.begin || each.end > relation_.begin) continue;
      const std::string_view start = part(statement_.begin, each.begin);
      for (const std::string_view word :
           {"compared with ", "compared to ", "against ", "next to ", "relative to ", "unlike ", "beside ",
            "versus ", "measured against "}) {
        if (start.starts_with(word) && start.size() <= word.size() + 10) return &each;
      }
      return nullptr;
    }
    return nullptr;
  }

  // The last one before the word in its statement that is no object of another comparison.
  [[nodiscard]] const NamedConfiguration* subject_before() const {
    const NamedConfiguration* found = nullptr;
    for (const NamedConfiguration& each : named_) {
      if (each.begin < statement_.begin || each.end > relation_.begin) continue;
      if (is_compared_with(text_, each) && !is_target(text_, each)) continue;
      found = &each;
    }
    return found;
  }

  // "The heaviest of all is X", "the best macro-F1 belongs to X".
  [[nodiscard]] const NamedConfiguration* fronted() const {
    const NamedConfiguration* first = first_behind(named_, relation_.end, statement_.end);
    if (first == nullptr && text_.substr(statement_.end, 2) == ": ") {
      const Span next = statement_at(text_, statement_.end + 2);
      first = first_behind(named_, next.begin, next.end);
      return first != nullptr && first->begin <= next.begin + 4 ? first : nullptr;
    }
    if (first == nullptr || relation_.begin > segment_.begin + 12) return nullptr;
    const std::string_view between = part(relation_.end, first->begin);
    constexpr std::array<std::string_view, 17> kLinks = {" is had with ",
                                                         " is that of ",
                                                         " comes with ",
                                                         " is found with ",
                                                         " is seen with ",
                                                         " is reached by ",
                                                         " is achieved by ",
                                                         " is held by ",
                                                         " is obtained with ",
                                                         " is ",
                                                         " was ",
                                                         " belongs to ",
                                                         " goes to ",
                                                         " remains ",
                                                         " comes from ",
                                                         ", ",
                                                         " has "};
    return says_any_link(between, kLinks) ? first : nullptr;
  }
  static bool says_any_link(std::string_view between, const auto& links) {
    return std::ranges::any_of(links, [&](std::string_view link) {
      const std::size_t at = between.rfind(link);
      return at != std::string_view::npos && between.size() - at <= link.size() + 4;
    });
  }

  // "Latency goes up when X goes to int8", "macro-F1 slips at int8".
  [[nodiscard]] const NamedConfiguration* changed_behind() const {
    const NamedConfiguration* found = nullptr;
    for (const NamedConfiguration& each : named_) {
      if (each.begin < relation_.end || each.end > statement_.end) continue;
      if (each.recipe.empty()) continue;
      if (found != nullptr) return nullptr;
      found = &each;
    }
    return found;
  }

  // "X stays; larger by 2 %: Y and Z": said of those behind the colon, and of X nothing.
  [[nodiscard]] bool heads_a_list() const {
    if (relation_.begin > segment_.begin + 4 || text_.substr(statement_.end, 2) != ": ") return false;
    const Span next = statement_at(text_, statement_.end + 2);
    const NamedConfiguration* first = first_behind(named_, next.begin, next.end);
    return first != nullptr && first->begin <= next.begin + 4;
  }

  // "int8 makes the encoder slower": what a precision does to the model behind the verb.
  [[nodiscard]] const NamedConfiguration* made_by(const NamedConfiguration& model) const {
    constexpr std::array<std::string_view, 9> kMakes = {
        " makes ", " made ", " renders ", " leaves ", " turns ", " gets ", " keeps ", " left ", " gives "};
    for (const NamedConfiguration& each : named_) {
      if (each.recipe.empty() || each.begin < statement_.begin || each.end > model.begin) continue;
      std::string between(part(each.end, model.begin));
      if (between.ends_with(" the ")) between.resize(between.size() - 4);
      if (std::ranges::find(kMakes, between) != kMakes.end()) return &each;
    }
    return nullptr;
  }

  // "int4 is quicker still", "even slower": than the one that was spoken of before it.
  [[nodiscard]] const NamedConfiguration* still_beyond(const NamedConfiguration& subject) const {
    const std::string_view behind = part(relation_.end, relation_.end + 6);
    const std::string_view before = part(0, relation_.begin);
    if (!behind.starts_with(" still") && !before.ends_with("even ") && !before.ends_with("still "))
      return nullptr;
    const NamedConfiguration* found = nullptr;
    for (const NamedConfiguration& each : named_) {
      if (each.end > subject.begin || each.recipe.empty() || each.recipe == subject.recipe) continue;
      if (each.recipe != evidence_.reference_recipe) found = &each;
    }
    return found;
  }

  // "The speed falls at int8", "throughput is lower with the encoder at int8": where it is so.
  [[nodiscard]] const NamedConfiguration* placed_behind() const {
    const NamedConfiguration* found = nullptr;
    for (const NamedConfiguration& each : named_) {
      if (each.begin < relation_.end || each.end > statement_.end || each.recipe.empty()) continue;
      if (found != nullptr) return nullptr;
      found = &each;
    }
    if (found == nullptr || part(relation_.end, statement_.end).find(" than ") != std::string_view::npos)
      return nullptr;
    const std::string_view before = part(relation_.end, found->begin);
    if (before.find(',') != std::string_view::npos) return nullptr;
    for (const std::string_view word :
         {" at ", " with ", " under ", " at the ", " with the ", " for ", " for the ", " in "}) {
      if (before.ends_with(word)) return found;
    }
    return nullptr;
  }

  // "int4 lifts the encoder": a precision and, behind the verb, the model that it is of.
  [[nodiscard]] bool changed_model() {
    const Mention* model = nullptr;
    std::vector<std::string> recipes;
    for (const Mention& each : passage_.mentions) {
      if (each.kind == MentionKind::kModel && each.begin >= relation_.end &&
          each.begin <= relation_.end + 6 && model == nullptr)
        model = &each;
      if (each.kind == MentionKind::kRecipe && each.begin >= statement_.begin && each.end <= relation_.begin)
        recipes.push_back(each.means.front());
    }
    if (model == nullptr || recipes.size() != 1) return false;
    const NamedConfiguration* named = first_behind(named_, relation_.end, statement_.end);
    if (named == nullptr || !named->recipe.empty()) return false;
    // "int4 pulls the encoder's latency up" has its own way of saying so.
    parties_.first = {.model = model->means.front(), .recipe = recipes.front()};
    parties_.against = Against::kReference;
    return true;
  }

  // Of two that a statement names, the other.
  [[nodiscard]] const NamedConfiguration* only_other(const NamedConfiguration* subject) const {
    const NamedConfiguration* found = nullptr;
    for (const NamedConfiguration& each : named_) {
      if (&each == subject || each.begin < statement_.begin || each.end > statement_.end) continue;
      if (subject != nullptr && each.model == subject->model && each.recipe == subject->recipe) continue;
      if (found != nullptr) return nullptr;
      found = &each;
    }
    return subject == nullptr ? nullptr : found;
  }

  // "from fp16 to int8": the first of the two is what it is held against.
  [[nodiscard]] const NamedConfiguration* origin_of(const NamedConfiguration* target) const {
    if (target == nullptr) return nullptr;
    for (const NamedConfiguration& each : named_) {
      if (each.begin < statement_.begin || each.end > target->begin || &each == target) continue;
      if (part(0, each.begin).ends_with("from ") && each.end + 5 >= target->begin) return &each;
    }
    return nullptr;
  }

  // "It is the slowest": of the only one that the part or the sentence before is about.
  std::optional<Parties> carried() {
    std::string_view start = part(segment_.begin, relation_.begin);
    while (start.starts_with(' ')) start.remove_prefix(1);
    for (const std::string_view reason : {"since ", "because ", "as ", "for ", "where ", "so "}) {
      if (start.starts_with(reason)) start.remove_prefix(reason.size());
    }
    const bool pronoun = std::ranges::any_of(
        std::array<std::string_view, 8>{"it ", "it's ", "this ", "that one ", "this one ",
                                        "of everything that does it is ", "which ", "and it "},
        [&](std::string_view word) { return start.starts_with(word); });
    const bool later = start.find(" it is ") != std::string_view::npos && start.size() <= 32;
    const bool verb_alone = start.empty() || start == "is " || start == "is the " || start == "the " ||
                            start.find(" it is ") != std::string_view::npos;
    if (!pronoun && !verb_alone) return std::nullopt;
    if (segment_.begin > 0) {
      const NamedConfiguration* only = nullptr;
      for (const NamedConfiguration& each : named_) {
        if (each.end > segment_.begin || each.recipe.empty()) continue;
        if (only != nullptr && (only->model != each.model || only->recipe != each.recipe))
          return std::nullopt;
        only = &each;
      }
      if (only != nullptr) return of(*only);
      if (!named_.empty()) return std::nullopt;
    }
    if (previous_ == nullptr || (!pronoun && !later)) return std::nullopt;
    const std::vector<NamedConfiguration> before = configurations_in(*previous_);
    const NamedConfiguration* only = nullptr;
    for (const NamedConfiguration& each : before) {
      if (each.recipe.empty()) return std::nullopt;
      if (only != nullptr && (only->model != each.model || only->recipe != each.recipe)) return std::nullopt;
      only = &each;
    }
    if (only == nullptr) return std::nullopt;
    carried_ = *only;
    return of(carried_);
  }

  const Relation& relation_;
  const Passage& passage_;
  const Passage* previous_;
  const AuditEvidence& evidence_;
  std::string_view text_;
  std::string lower_;
  Span statement_;
  Span segment_;
  std::vector<NamedConfiguration> named_;
  NamedConfiguration carried_;
  Parties parties_;
};

}  // namespace

bool denies_all_others(const Passage& passage, const Mention& negation) {
  const std::string_view behind = std::string_view(passage.text).substr(negation.begin, 24);
  const std::string lower = lowered(behind);
  return std::ranges::any_of(kNobody, [&](std::string_view phrase) { return lower.starts_with(phrase); });
}

std::optional<Parties> parties_of(const Relation& relation, const Passage& passage, const Passage* previous,
                                  const AuditEvidence& evidence) {
  return Finder(relation, passage, previous, evidence).find();
}

}  // namespace quantier::audit_internal
