// Sentences that say something false or unproven (testdata/audit/fault_phrases.toml), and the numbers that go
// into them.
#pragma once

#include <cmath>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>
#include <toml++/toml.h>

#include "quantier/audit/fact.h"
#include "quantier/base/rng.h"

namespace quantier::testing {

struct FaultPhrase {
  std::string set;
  std::string kind;
  std::string text;
};

// Those of the named sets; of every set when none is named. Empty when the file does not read.
inline std::vector<FaultPhrase> fault_phrases(const std::filesystem::path& file,
                                              const std::vector<std::string>& sets) {
  std::vector<FaultPhrase> phrases;
  toml::table table;
  try {
    table = toml::parse_file(file.string());
  } catch (const toml::parse_error&) {
    return phrases;
  }
  const toml::array* list = table["phrase"].as_array();
  if (list == nullptr) return phrases;
  for (const toml::node& node : *list) {
    const toml::table& entry = *node.as_table();
    const std::string set = entry["set"].value_or(std::string());
    if (!sets.empty() && std::ranges::find(sets, set) == sets.end()) continue;
    for (const toml::node& text : *entry["texts"].as_array()) {
      phrases.push_back({set, entry["kind"].value_or(std::string()), text.value_or(std::string())});
    }
  }
  return phrases;
}

// Fills the places of a phrase with names and with numbers that the evidence does not have.
class PhraseFiller {
 public:
  PhraseFiller(const AuditEvidence& evidence, Philox& random, std::string model, std::string recipe,
               std::string tier)
      : evidence_(evidence),
        random_(random),
        model_(std::move(model)),
        recipe_(std::move(recipe)),
        tier_(std::move(tier)) {}

  // nullopt where the evidence has nothing of what the phrase speaks of.
  std::optional<std::string> fill(std::string_view phrase) const {
    std::string out;
    while (!phrase.empty()) {
      const std::size_t open = phrase.find('{');
      out += phrase.substr(0, open);
      if (open == std::string_view::npos) break;
      const std::size_t close = phrase.find('}', open);
      const auto put = place(phrase.substr(open + 1, close - open - 1));
      if (!put) return std::nullopt;
      out += *put;
      phrase.remove_prefix(close + 1);
    }
    return out;
  }

 private:
  std::optional<std::string> place(std::string_view name) const {
    if (name == "M") return model_;
    if (name == "R") return recipe_;
    if (name == "T") return tier_;
    if (name == "F") return evidence_.reference_recipe;
    if (name == "x") return fmt::format("{:.2f}", 0.37 + 0.01 * static_cast<double>(random_.next_below(60)));
    const std::size_t colon = name.find(':');
    const auto value = wrong(name.substr(0, colon));
    if (!value || colon == std::string_view::npos) return std::nullopt;
    return written(*value, name.substr(colon + 1));
  }

  // "2": two decimals; "c2": with a comma; "e": with an exponent.
  static std::string written(double value, std::string_view format) {
    if (format == "e") return fmt::format("{:.2e}", value);
    const bool comma = format.front() == 'c';
    std::string text = fmt::format("{:.{}f}", value, format.back() - '0');
    if (comma) std::ranges::replace(text, '.', ',');
    return text;
  }

  // Off by a factor that no rounding explains.
  double off(double value) const {
    const double factor = random_.next_below(2) == 0
                              ? 0.55 + 0.01 * static_cast<double>(random_.next_below(25))
                              : 1.22 + 0.01 * static_cast<double>(random_.next_below(45));
    return value * factor;
  }

  std::optional<double> fact(const char* metric, const char* fit = "", const std::string& tier = {},
                             const char* recipe = nullptr) const {
    for (const Fact& each : evidence_.facts) {
      if (each.metric != metric || each.fit != fit || each.role != FactRole::kValue || each.model != model_ ||
          each.recipe != (recipe == nullptr ? recipe_ : recipe) || each.tier != tier || !each.label.empty() ||
          each.unit == FactUnit::kRatio)
        continue;
      return each.value;
    }
    return std::nullopt;
  }

  std::optional<double> wrong(std::string_view what) const {
    const auto scaled = [&](std::optional<double> value, double scale) {
      return value ? std::optional(off(*value) * scale) : std::nullopt;
    };
    const char* reference = evidence_.reference_recipe.c_str();
    if (what == "latency") return scaled(fact("latency"), 1.0);
    if (what == "latus") return scaled(fact("latency"), 1000.0);
    if (what == "latlow") return fact("latency") ? std::optional(*fact("latency") * 1.3) : std::nullopt;
    if (what == "lathigh") return fact("latency") ? std::optional(*fact("latency") * 1.4) : std::nullopt;
    if (what == "f1") return scaled(fact("macro_f1"), 1.0);
    if (what == "f1pct") return scaled(fact("macro_f1"), 100.0);
    if (what == "accuracy") return scaled(fact("accuracy"), 100.0);
    if (what == "tier") return scaled(fact("accuracy", "", tier_), 100.0);
    if (what == "change") {
      const auto change = fact("accuracy_change", "", tier_);
      if (!change) return std::nullopt;
      const double step = 4.0 + 0.1 * static_cast<double>(random_.next_below(50));
      return 100.0 * *change + (random_.next_below(2) == 0 ? step : -step);
    }
    if (what == "loss") return 5.0 + 0.1 * static_cast<double>(random_.next_below(40)) + 10.0;
    if (what == "ece") return scaled(fact("ece", "raw"), 1.0);
    if (what == "ecepct") return scaled(fact("ece", "raw"), 100.0);
    if (what == "held") return scaled(fact("ece", "held-out"), 2.0);
    if (what == "mb") return scaled(fact("memory"), 1e-6);
    if (what == "gb") return scaled(fact("memory"), 1e-9);
    if (what == "slow" || what == "more") {
      const char* metric = what == "slow" ? "latency" : "memory";
      const auto own = fact(metric);
      const auto other = fact(metric, "", {}, reference);
      if (!own || !other) return std::nullopt;
      if (what == "slow") return *own / *other * (random_.next_below(2) == 0 ? 0.7 : 1.4);
      return 100.0 * (*own / *other - 1.0) + 17.0;
    }
    return std::nullopt;
  }

  const AuditEvidence& evidence_;
  Philox& random_;
  std::string model_;
  std::string recipe_;
  std::string tier_;
};

}  // namespace quantier::testing
