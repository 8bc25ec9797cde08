#include "quantier/audit/words.h"

#include <algorithm>

#include "quantier/audit/word_forms.h"

namespace quantier {

using audit_internal::is_word;
using audit_internal::lowered;

namespace {

// Two phrases that exclude each other when they overlap.
std::string group_of(const Mention& mention) {
  if (mention.kind != MentionKind::kWord) return std::to_string(static_cast<int>(mention.kind));
  const std::string& kind = mention.means.front();
  return kind == "dominated" || kind == "frontier" ? std::string("frontier") : kind;
}

}  // namespace

void Vocabulary::add(std::string_view phrase, MentionKind kind, std::vector<std::string> means, bool exact) {
  if (phrase.starts_with('=')) {
    phrase.remove_prefix(1);
    exact = true;
  }
  if (phrase.empty()) return;
  Phrase entry{.text = exact ? std::string(phrase) : lowered(phrase),
               .exact = exact,
               .kind = kind,
               .means = std::move(means)};
  by_first_[lowered(phrase.substr(0, 1)).front()].push_back(std::move(entry));
}

std::string Vocabulary::cell_tier(std::string_view cell) const {
  std::string word = lowered(cell.substr(0, cell.find('(')));
  while (!word.empty() && word.back() == ' ') word.pop_back();
  const auto found = cell_tiers_.find(word);
  return found == cell_tiers_.end() ? std::string() : found->second;
}

std::string Vocabulary::cell_recipe(std::string_view header, std::string_view cell) const {
  const std::string name = lowered(header);
  const bool bits = name.find("bit") != std::string::npos || name.find("precision") != std::string::npos ||
                    name.find("quant") != std::string::npos;
  if (!bits || cell.empty() || cell.size() > 2) return {};
  int count = 0;
  for (const char c : cell) {
    if (c < '0' || c > '9') return {};
    count = 10 * count + (c - '0');
  }
  const auto found = by_bits_.find(count);
  return found == by_bits_.end() ? std::string() : found->second;
}

void Vocabulary::sort() {
  for (auto& [first, list] : by_first_) {
    std::ranges::stable_sort(list,
                             [](const Phrase& a, const Phrase& b) { return a.text.size() > b.text.size(); });
  }
}

namespace {

// What stands inside of a name is a part of it. "Middle E" that names a configuration says nothing of a tier,
// and the "n" of "QE/n" counts nothing.
void drop_parts_of_names(std::vector<Mention>& found) {
  const auto is_name = [](const Mention& each) {
    return each.kind == MentionKind::kModel || each.kind == MentionKind::kRecipe;
  };
  std::set<std::pair<std::size_t, std::size_t>> recipes;
  for (const Mention& each : found) {
    if (each.kind == MentionKind::kRecipe) recipes.emplace(each.begin, each.end);
  }
  std::map<std::size_t, std::size_t> configurations;  // begin, end: what is a model and a recipe in one
  for (const Mention& each : found) {
    if (each.kind == MentionKind::kModel && recipes.contains({each.begin, each.end}))
      configurations.emplace(each.begin, each.end);
  }
  const std::vector<Mention> all = found;
  std::erase_if(found, [&](const Mention& part) {
    if (is_name(part)) return false;
    const auto behind = configurations.upper_bound(part.begin);
    if (behind != configurations.begin() && part.end <= std::prev(behind)->second) return true;
    return part.kind == MentionKind::kMetric && std::ranges::any_of(all, [&](const Mention& name) {
             return is_name(name) && name.begin <= part.begin && part.end <= name.end &&
                    name.end - name.begin > part.end - part.begin;
           });
  });
}

}  // namespace

std::vector<Mention> Vocabulary::mentions(std::string_view text) const {
  const std::string lower = lowered(text);
  std::vector<Mention> found;
  std::map<std::string, std::size_t> taken;  // by group: up to where
  std::size_t ignored = 0;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const auto list = by_first_.find(lower[at]);
    if (list == by_first_.end()) continue;
    const bool inside_word = at > 0 && is_word(text[at - 1]);
    const bool elided = at > 1 && text[at - 1] == '\'' && is_word(text[at - 2]);  // "don't" says no "t"
    std::map<std::string, std::size_t> here;
    for (const Phrase& phrase : list->second) {
      if (at + phrase.text.size() > text.size()) continue;
      if ((inside_word || (elided && phrase.text.size() == 1)) && is_word(phrase.text.front())) continue;
      const std::string_view place = phrase.exact ? text.substr(at, phrase.text.size())
                                                  : std::string_view(lower).substr(at, phrase.text.size());
      if (place != phrase.text) continue;
      std::size_t end = at + phrase.text.size();
      // A measure has a plural: "confidences", "gates".
      const bool plural = phrase.kind == MentionKind::kMetric && !phrase.exact && phrase.text.size() > 4 &&
                          is_word(phrase.text.back()) && lower.compare(end, 1, "s") == 0 &&
                          (end + 1 == text.size() || !is_word(text[end + 1]));
      if (plural) ++end;
      if (end < text.size() && is_word(phrase.text.back()) && is_word(text[end])) continue;
      if (phrase.kind == MentionKind::kIgnore) {
        ignored = std::max(ignored, end);
        continue;
      }
      if (at < ignored) continue;
      Mention mention{.kind = phrase.kind, .means = phrase.means, .begin = at, .end = end};
      const std::string group = group_of(mention);
      const auto before = taken.find(group);
      if (before != taken.end() && at < before->second) continue;
      const auto same_place = here.find(group);
      if (same_place != here.end()) {
        // The same words may mean several metrics.
        if (same_place->second == end && phrase.kind == MentionKind::kMetric) {
          for (const std::string& meaning : phrase.means) {
            for (Mention& other : found) {
              if (other.begin == at && other.kind == phrase.kind &&
                  std::ranges::find(other.means, meaning) == other.means.end()) {
                other.means.push_back(meaning);
              }
            }
          }
        }
        continue;
      }
      here[group] = end;
      found.push_back(std::move(mention));
    }
    for (const auto& [group, end] : here) taken[group] = end;
    // What is ignored was found after shorter phrases at the same place only when it is shorter.
    if (ignored > at) {
      std::erase_if(found, [&](const Mention& each) { return each.begin == at && each.end <= ignored; });
    }
  }
  drop_parts_of_names(found);
  add_bits(text, found);
  std::ranges::stable_sort(found, {}, &Mention::begin);
  return found;
}

}  // namespace quantier
