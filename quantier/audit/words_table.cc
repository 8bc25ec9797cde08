// The table of words joined with the names of the evidence.
#include <algorithm>
#include <cctype>
#include <map>
#include <set>

#include <fmt/format.h>
#include <toml++/toml.h>

#include "quantier/audit/builtin.h"
#include "quantier/audit/toml_texts.h"
#include "quantier/audit/word_forms.h"
#include "quantier/audit/words.h"

namespace quantier {

using audit_internal::adjective_forms;
using audit_internal::lowered;
using audit_internal::verb_forms;

namespace {

std::vector<std::string> texts_of(const toml::table& table, const char* key) {
  return audit_internal::texts_of(table.get(key));
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

}  // namespace

// What a temperature was read on, told by what was done with the texts: "the texts that it was not tuned on",
// "where it was fitted", "each half with the temperature of the other half".
void Vocabulary::add_told_fits() {
  const auto held_out = [&](const std::string& phrase) { add(phrase, MentionKind::kFit, {"held-out"}); };
  const auto in_sample = [&](const std::string& phrase) { add(phrase, MentionKind::kFit, {"in-sample"}); };
  for (const char* verb : {"fitted", "fit", "tuned", "calibrated", "estimated", "adjusted", "optimised",
                           "optimized", "learned"}) {
    for (const char* tail : {" on", " to", " with", " there"}) held_out(fmt::format("not {}{}", verb, tail));
    for (const char* use : {"used to ", "used for ", "seen by the ", "involved in the "})
      held_out(fmt::format("not {}{}", use, verb));
    held_out(fmt::format("not been {} on", verb));
    held_out(fmt::format("never {} on", verb));
    for (const char* other :
         {"the other", "the opposite", "one half", "half", "different", "separate", "another"})
      held_out(fmt::format("{} on {}", verb, other));
    for (const char* be : {"was ", "were ", "is ", "has been "}) {
      for (const char* tail : {" on", " there"}) in_sample(fmt::format("it {}{}{}", be, verb, tail));
      in_sample(fmt::format("where it {}{}", be, verb));
      in_sample(fmt::format("where the temperature {}{}", be, verb));
      in_sample(fmt::format("that the temperature {}{} on", be, verb));
    }
    in_sample(fmt::format("{} and judged on the same", verb));
  }
  for (const char* which : {"unseen", "withheld", "held-back", "left-out", "reserved", "remaining",
                            "untouched", "other", "opposite"}) {
    for (const char* what :
         {"half", "fold", "folds", "rows", "texts", "examples", "data", "part", "portion"}) {
      if (std::string_view(which) == "untouched" || std::string_view(which) == "other") {
        const bool half = std::string_view(what) == "half" || std::string_view(what).starts_with("fold");
        if (!half) continue;
      }
      held_out(fmt::format("{} {}", which, what));
    }
  }
  for (const char* what : {"half", "fold", "observations", "items"}) in_sample(fmt::format("same {}", what));
}

// "Without a doubt", "beyond all question": doubt that is denied.
void Vocabulary::add_denied_doubts() {
  for (const char* denial : {"without ", "beyond ", "past ", "no "}) {
    for (const char* article :
         {"", "a ", "any ", "all ", "the slightest ", "a shadow of a ", "reasonable "}) {
      for (const char* noun :
           {"doubt", "question", "dispute", "argument", "debate", "controversy", "contradiction"})
        add(fmt::format("{}{}{}", denial, article, noun), MentionKind::kWord, {"strong"});
    }
  }
  // "It would be wrong to doubt".
  for (const char* folly : {"wrong", "a mistake", "foolish", "absurd", "hard", "impossible", "futile",
                            "naive", "pointless", "silly"}) {
    for (const char* verb : {"doubt", "deny", "dispute", "question", "contest", "overlook", "ignore"}) {
      for (const char* lead : {"", "would be ", "is ", "be "})
        add(fmt::format("{}{} to {}", lead, folly, verb), MentionKind::kWord, {"strong"});
    }
  }
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
  words.add_told_fits();
  words.add_denied_doubts();
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
  each("relation", [&](const toml::table& entry, const auto&) {
    const std::vector<std::string> means = {"relation", entry["metric"].value_or(std::string()),
                                            entry["says"].value_or(std::string()),
                                            entry["form"].value_or(std::string())};
    add_all(texts_of(entry, "words"), MentionKind::kWord, means);
    for (const std::string& verb : texts_of(entry, "verbs")) {
      const std::vector<std::string> forms = verb_forms(verb);
      add_all(forms, MentionKind::kWord, means);
    }
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
        words.add(fmt::format("{} {}", adjective, noun), MentionKind::kTier, {tier});
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
  for (const std::string& label : evidence.labels) {
    words.add(label, MentionKind::kLabel, {label}, true);
    // A name of small letters begins a sentence or a row with a capital.
    if (label.empty() || std::islower(static_cast<unsigned char>(label.front())) == 0) continue;
    std::string capital = label;
    capital.front() = static_cast<char>(std::toupper(static_cast<unsigned char>(capital.front())));
    words.add(capital, MentionKind::kLabel, {label}, true);
  }
  words.sort();
  return words;
}

}  // namespace quantier
