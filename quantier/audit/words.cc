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

bool is_word(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; }

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
    add_all(phrases, MentionKind::kWord, texts_of(entry, "kind"));
  });
  const auto known = [](const std::vector<std::string>& names, const std::string& name) {
    return std::ranges::find(names, name) != names.end();
  };
  each("recipe", [&](const toml::table& entry, const auto& phrases) {
    const std::string recipe = texts_of(entry, "means").front();
    if (evidence.recipes.empty() || known(evidence.recipes, recipe))
      add_all(phrases, MentionKind::kRecipe, {recipe});
  });
  each("tier", [&](const toml::table& entry, const auto& phrases) {
    const std::string tier = texts_of(entry, "means").front();
    if (tier.empty() || evidence.tiers.empty() || known(evidence.tiers, tier)) {
      add_all(phrases, MentionKind::kTier, {tier});
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
  for (auto& [first, list] : words.by_first_) {
    std::ranges::stable_sort(list,
                             [](const Phrase& a, const Phrase& b) { return a.text.size() > b.text.size(); });
  }
  return words;
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
  std::ranges::stable_sort(found, {}, &Mention::begin);
  return found;
}

}  // namespace quantier
