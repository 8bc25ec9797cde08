#include "quantier/audit/words.h"

#include <algorithm>
#include <cctype>
#include <map>
#include <set>

#include <fmt/format.h>
#include <toml++/toml.h>

#include "quantier/audit/builtin.h"

namespace quantier {
namespace {

bool is_word(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0; }

std::string lowered(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(),
                         [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return out;
}

std::vector<std::string> texts_of(const toml::table& table, const char* key) {
  std::vector<std::string> texts;
  const toml::node* node = table.get(key);
  if (node == nullptr) return texts;
  if (const auto one = node->value_exact<std::string>()) return {*one};
  if (const toml::array* array = node->as_array()) {
    for (const toml::node& item : *array) {
      if (const auto text = item.value_exact<std::string>()) texts.push_back(*text);
    }
  }
  return texts;
}

// "hurt" -> hurt, hurts, hurted, hurting; "deny" -> denies, denied. A form that does not exist matches
// nothing.
std::vector<std::string> verb_forms(const std::string& verb) {
  // Of "eat into" the first word changes.
  const std::size_t space = verb.find(' ');
  const std::string base = verb.substr(0, space);
  const std::string rest = space == std::string::npos ? std::string() : verb.substr(space);
  std::vector<std::string> forms = {base};
  const auto vowel = [](char c) { return std::string_view("aeiou").find(c) != std::string_view::npos; };
  const char last = base.back();
  const char before = base.size() > 1 ? base[base.size() - 2] : 'a';
  if (last == 'e') {
    forms.insert(forms.end(), {base + "s", base + "d", base.substr(0, base.size() - 1) + "ing"});
  } else if (last == 'y' && !vowel(before)) {
    const std::string stem = base.substr(0, base.size() - 1);
    forms.insert(forms.end(), {stem + "ies", stem + "ied", base + "ing"});
  } else {
    const bool hissing =
        last == 's' || last == 'x' || last == 'z' || base.ends_with("sh") || base.ends_with("ch");
    forms.insert(forms.end(), {base + (hissing ? "es" : "s"), base + "ed", base + "ing"});
    if (!vowel(last) && vowel(before) && last != 'w' && last != 'x') {
      forms.insert(forms.end(),
                   {base + last + "ed", base + last + "ing"});  // cripple apart: "slam", "slammed"
    }
  }
  for (std::string& form : forms) form += rest;
  return forms;
}

// "clear" -> clear, clearly; "dramatic" -> dramatically; "evident" -> evidently.
std::vector<std::string> adjective_forms(const std::string& word) {
  if (word.ends_with("ic")) return {word, word + "ally"};
  if (word.ends_with("le")) return {word, word.substr(0, word.size() - 1) + "y"};
  if (word.ends_with("y")) return {word, word.substr(0, word.size() - 1) + "ily"};
  return {word, word + "ly"};
}

// Parts of a name between hyphens and the like: "demo-encoder" -> demo, encoder.
std::vector<std::string> parts_of(std::string_view name) {
  std::vector<std::string> parts(1);
  for (const char c : lowered(name)) {
    if (c == '-' || c == '_' || c == '/' || c == ' ') {
      parts.emplace_back();
    } else {
      parts.back() += c;
    }
  }
  std::erase(parts, "");
  return parts;
}

// A part of a model's name that no other model shares stands for it.
std::map<std::string, std::string> short_names(const std::vector<std::string>& models) {
  std::map<std::string, std::set<std::string>> owners;
  for (const std::string& model : models) {
    for (const std::string& part : parts_of(model)) owners[part].insert(model);
  }
  std::map<std::string, std::string> names;
  for (const auto& [part, of] : owners) {
    if (of.size() == 1 && part.size() > 2) names[part] = *of.begin();
  }
  return names;
}

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

Result<Vocabulary> Vocabulary::make(const AuditEvidence& evidence) {
  Vocabulary words;
  toml::table table;
  try {
    table = toml::parse(audit_internal::builtin_words());
  } catch (const toml::parse_error& error) {
    return fail(ErrorKind::kBug, "the built-in words do not read", "words.toml",
                std::string(error.description()));
  }
  words.version_ = static_cast<int>(table["version"].value_or<std::int64_t>(0));
  const auto each = [&](const char* name, const auto& use) {
    if (const toml::array* array = table[name].as_array()) {
      for (const toml::node& node : *array) {
        if (const toml::table* entry = node.as_table()) use(*entry, texts_of(*entry, "phrases"));
      }
    }
  };
  const auto add_all = [&](const std::vector<std::string>& phrases, MentionKind kind,
                           const std::vector<std::string>& means) {
    for (const std::string& phrase : phrases) words.add(phrase, kind, means);
  };
  each("metric", [&](const toml::table& entry, const auto& phrases) {
    add_all(phrases, MentionKind::kMetric, texts_of(entry, "means"));
  });
  each("fit", [&](const toml::table& entry, const auto& phrases) {
    add_all(phrases, MentionKind::kFit, texts_of(entry, "means"));
  });
  each("ignore",
       [&](const toml::table&, const auto& phrases) { add_all(phrases, MentionKind::kIgnore, {}); });
  each("word", [&](const toml::table& entry, const auto& phrases) {
    const std::vector<std::string> kind = texts_of(entry, "kind");
    add_all(phrases, MentionKind::kWord, kind);
    for (const std::string& verb : texts_of(entry, "verbs"))
      add_all(verb_forms(verb), MentionKind::kWord, kind);
    for (const std::string& adjective : texts_of(entry, "adjectives"))
      add_all(adjective_forms(adjective), MentionKind::kWord, kind);
  });
  each("order", [&](const toml::table& entry, const auto&) {
    const std::vector<std::string> order = {texts_of(entry, "metric").front(),
                                            entry["more"].value_or(true) ? "more" : "less"};
    add_all(texts_of(entry, "words"), MentionKind::kOrder, order);
  });
  const auto known = [](const std::vector<std::string>& names, const std::string& name) {
    return std::ranges::find(names, name) != names.end();
  };
  each("recipe", [&](const toml::table& entry, const auto& phrases) {
    std::string recipe = texts_of(entry, "means").front();
    if (recipe == "reference")
      recipe = evidence.reference_recipe.empty() ? "fp16" : evidence.reference_recipe;
    if (const auto bits = entry["bits"].value<std::int64_t>();
        bits && (evidence.recipes.empty() || known(evidence.recipes, recipe)))
      words.by_bits_[static_cast<int>(*bits)] = recipe;
    if (evidence.recipes.empty() || known(evidence.recipes, recipe))
      add_all(phrases, MentionKind::kRecipe, {recipe});
  });
  each("tier", [&](const toml::table& entry, const auto& phrases) {
    const std::string tier = texts_of(entry, "means").front();
    if (!tier.empty() && !evidence.tiers.empty() && !known(evidence.tiers, tier)) return;
    add_all(phrases, MentionKind::kTier, {tier});
    for (const std::string& cell : texts_of(entry, "cells")) words.cell_tiers_[cell] = tier;
    // "the rare classes", "its rarest ones".
    for (const std::string& adjective : texts_of(entry, "adjectives")) {
      for (const std::string& noun : texts_of(*table["tier_nouns"].as_table(), "nouns"))
        words.add(adjective + " " + noun, MentionKind::kTier, {tier});
    }
  });
  each("family", [&](const toml::table& entry, const auto& phrases) {
    const std::string family = texts_of(entry, "means").front();
    std::vector<std::string> members;
    for (const std::string& model : evidence.models) {
      if (lowered(model).find(family) != std::string::npos) members.push_back(model);
    }
    if (evidence.models.empty()) members = {family};
    if (members.size() == 1) add_all(phrases, MentionKind::kModel, members);
  });
  for (const auto& [part, model] : short_names(evidence.models))
    words.add(part, MentionKind::kModel, {model});
  for (const std::string& model : evidence.models) words.add(model, MentionKind::kModel, {model});
  for (const std::string& recipe : evidence.recipes) words.add(recipe, MentionKind::kRecipe, {recipe});
  for (const std::string& tier : evidence.tiers) words.add(tier, MentionKind::kTier, {tier});
  // Of the other classes only names that no sentence has by accident.
  for (const std::string& label : evidence.all_labels) {
    if (label.find_first_of(" _0123456789") != std::string::npos)
      words.add(label, MentionKind::kLabel, {label}, true);
  }
  for (const std::string& label : evidence.labels) words.add(label, MentionKind::kLabel, {label}, true);
  words.sort();
  return words;
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

void Vocabulary::learn(std::string_view text) {
  const auto trimmed = [](std::string_view part) {
    while (!part.empty() && part.front() == ' ') part.remove_prefix(1);
    while (!part.empty() && part.back() == ' ') part.remove_suffix(1);
    return part;
  };
  const auto split = [&](std::string_view list) {
    std::vector<std::string_view> parts;
    for (std::size_t at = 0; at <= list.size();) {
      const std::size_t end = std::min(list.find('/', at), list.size());
      parts.push_back(trimmed(list.substr(at, end - at)));
      at = end + 1;
    }
    return parts;
  };
  bool learned = false;
  for (std::size_t at = text.find(" = "); at != std::string_view::npos; at = text.find(" = ", at + 1)) {
    const std::size_t from = text.find_last_of(",;:.(", at == 0 ? 0 : at - 1);
    const std::size_t to = std::min(text.find_first_of(",;.)", at + 3), text.size());
    const auto names = split(text.substr(from == std::string_view::npos ? 0 : from + 1,
                                         at - (from == std::string_view::npos ? 0 : from + 1)));
    const auto meanings = split(text.substr(at + 3, to - at - 3));
    if (names.size() != meanings.size()) continue;
    for (std::size_t i = 0; i < names.size(); ++i) {
      if (names[i].empty() || names[i].size() > 12 || names[i].find(' ') != std::string_view::npos) continue;
      const std::vector<Mention> meant = mentions(meanings[i]);
      if (meant.empty() || meant.front().kind > MentionKind::kTier) continue;
      if (meant.front().end - meant.front().begin != meanings[i].size()) continue;
      add(names[i], meant.front().kind, meant.front().means, true);
      learned = true;
    }
  }
  if (learned) sort();
}

// "16 / 8 / 4 bit", "8- and 4-bit", "in eight bits and 0.038 in four": the word stands once.
void Vocabulary::add_bits(std::string_view text, std::vector<Mention>& found) const {
  if (by_bits_.empty() || text.find("bit") == std::string_view::npos) return;
  struct Name {
    std::string_view text;
    int bits;
  };
  constexpr Name kNames[] = {{"16", 16},      {"8", 8},     {"4", 4},   {"32", 32},
                             {"sixteen", 16}, {"eight", 8}, {"four", 4}};
  for (const Name& name : kNames) {
    const auto recipe = by_bits_.find(name.bits);
    if (recipe == by_bits_.end()) continue;
    for (std::size_t at = text.find(name.text); at != std::string_view::npos;
         at = text.find(name.text, at + 1)) {
      const std::size_t end = at + name.text.size();
      const auto alnum = [&](std::size_t i) { return is_word(text[i]) || text[i] == '.' || text[i] == ','; };
      if (at > 0 && (is_word(text[at - 1]) || (alnum(at - 1) && at > 1 && is_word(text[at - 2])))) continue;
      std::string_view rest = text.substr(end);
      bool listed = false;
      // Other numbers of bits between this one and the word.
      for (bool more = true; more;) {
        more = false;
        for (const std::string_view gap :
             {" / ", "/", ", ", "- and ", " and ", "-, ", " or ", "- or ", "- vs ", " vs "}) {
          if (!rest.starts_with(gap)) continue;
          for (const Name& other : kNames) {
            if (!rest.substr(gap.size()).starts_with(other.text)) continue;
            rest.remove_prefix(gap.size() + other.text.size());
            listed = more = true;
            break;
          }
          break;
        }
      }
      const bool bits =
          listed && (rest.starts_with(" bit") || rest.starts_with("-bit") || rest.starts_with("bit"));
      const bool preposed = text.substr(0, at).ends_with("in ") || text.substr(0, at).ends_with("at ");
      const bool elliptic = preposed && (end == text.size() ||
                                         std::string_view(".;,:)").find(text[end]) != std::string_view::npos);
      if (!bits && !elliptic) continue;
      if (end + 1 < text.size() && text[end] == '.' && is_word(text[end + 1])) continue;
      if (end + 1 < text.size() && text[end] == ',' && is_word(text[end + 1])) continue;
      if (std::ranges::any_of(found, [&](const Mention& each) { return each.begin < end && at < each.end; }))
        continue;
      found.push_back({.kind = MentionKind::kRecipe, .means = {recipe->second}, .begin = at, .end = end});
    }
  }
}

std::vector<Mention> Vocabulary::mentions(std::string_view text) const {
  const std::string lower = lowered(text);
  std::vector<Mention> found;
  std::map<std::string, std::size_t> taken;  // by group: up to where
  std::size_t ignored = 0;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const auto list = by_first_.find(lower[at]);
    if (list == by_first_.end()) continue;
    const bool inside_word = at > 0 && is_word(text[at - 1]);
    std::map<std::string, std::size_t> here;
    for (const Phrase& phrase : list->second) {
      if (at + phrase.text.size() > text.size()) continue;
      if (inside_word && is_word(phrase.text.front())) continue;
      const std::string_view place = phrase.exact ? text.substr(at, phrase.text.size())
                                                  : std::string_view(lower).substr(at, phrase.text.size());
      if (place != phrase.text) continue;
      const std::size_t end = at + phrase.text.size();
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
  add_bits(text, found);
  std::ranges::stable_sort(found, {}, &Mention::begin);
  return found;
}

}  // namespace quantier
