#include "quantier/note/literature.h"

#include <algorithm>
#include <array>
#include <optional>
#include <sstream>

#include <fmt/format.h>
#include <toml++/toml.h>

#include "quantier/base/check.h"
#include "quantier/base/utf8.h"

namespace quantier {
namespace note_internal {
std::string literature_data();  // data/literature.toml
}  // namespace note_internal

namespace {

constexpr std::array<std::string_view, 11> kFindings = {"int8-slower",
                                                        "int8-faster",
                                                        "int4-loss",
                                                        "weakness-found",
                                                        "weakness-not-found",
                                                        "temperature-recovers",
                                                        "temperature-fails",
                                                        "hardware",
                                                        "fp8",
                                                        "calibration-set",
                                                        "gptq"};

Error refused(std::string what, std::string_view source, const toml::source_region& at,
              std::string why = {}) {
  return {.kind = ErrorKind::kUserInput,
          .what = std::move(what),
          .where = fmt::format("{}, line {}", source, at.begin.line),
          .why = std::move(why),
          .hint = {}};
}

Result<LiteratureWork> read_work(const toml::table& table, std::string_view source) {
  LiteratureWork work;
  const auto text = [&](std::string_view key, std::string& out) -> Status {
    out = table[key].value_or(std::string());
    if (out.empty())
      return std::unexpected(refused(fmt::format("a work lacks `{}`", key), source, table.source()));
    return {};
  };
  QT_TRY_STATUS(text("id", work.id));
  QT_TRY_STATUS(text("author", work.author));
  QT_TRY_STATUS(text("source", work.source));
  QT_TRY_STATUS(text("claim", work.claim));
  QT_TRY_STATUS(text("scope", work.scope));
  work.year = static_cast<int>(table["year"].value_or(std::int64_t{0}));
  if (work.year < 1900 || work.year > 2100) {
    return std::unexpected(refused(work.id + " lacks its year", source, table.source()));
  }
  const toml::table* meets = table["meets"].as_table();
  if (meets == nullptr || meets->empty()) {
    return std::unexpected(
        refused(work.id + " meets no finding", source, table.source(), "it would never be cited"));
  }
  for (const auto& [key, node] : *meets) {
    const auto* found = std::ranges::find(kFindings, key.str());
    if (found == kFindings.end()) {
      return std::unexpected(refused(fmt::format("{} meets a finding that is not known", work.id), source,
                                     node.source(), printable(key.str(), 60)));
    }
    const std::string sentence = node.value_or(std::string());
    if (sentence.empty() || !sentence.ends_with('.')) {
      return std::unexpected(
          refused(fmt::format("{} says no sentence to {}", work.id, key.str()), source, node.source()));
    }
    work.meets[static_cast<LiteratureFinding>(found - kFindings.begin())] = sentence;
  }
  return work;
}

}  // namespace

std::span<const std::string_view> literature_finding_names() { return kFindings; }

Result<std::vector<LiteratureWork>> parse_literature(std::string_view text, std::string_view source) {
  toml::table document;
  try {
    document = toml::parse(text);
  } catch (const toml::parse_error& error) {
    return std::unexpected(refused("the list of works is not TOML", source, error.source(),
                                   printable(error.description(), 300)));
  }
  std::vector<LiteratureWork> works;
  const toml::array* list = document["work"].as_array();
  if (list == nullptr) {
    return std::unexpected(refused("there are no [[work]] tables", source, document.source()));
  }
  for (const toml::node& node : *list) {
    const toml::table* table = node.as_table();
    if (table == nullptr) return std::unexpected(refused("a work is not a table", source, node.source()));
    QT_TRY(LiteratureWork work, read_work(*table, source));
    works.push_back(std::move(work));
  }
  return works;
}

const std::vector<LiteratureWork>& literature() {
  static const std::vector<LiteratureWork> works = [] {
    auto parsed = parse_literature(note_internal::literature_data(), "literature.toml");
    QT_CHECK(parsed.has_value(), "the built-in list of works does not read");
    return *std::move(parsed);
  }();
  return works;
}

namespace note_internal {
namespace {

bool any_latency(const NoteInput& input, std::string_view recipe, PromiseOutcome outcome) {
  return std::ranges::any_of(input.promises, [&](const Promises& each) {
    return each.recipe == recipe && each.latency.outcome == outcome;
  });
}

bool any_recipe(const NoteInput& input, std::string_view word) {
  return std::ranges::any_of(input.decision.candidates, [&](const Candidate& each) {
    return each.recipe.find(word) != std::string::npos;
  });
}

// Comparisons in the tier where each model is weakest at its reference: whether there are any, and whether
// one of them is a resolved loss.
struct AtTheWeakest {
  bool compared = false;
  bool loss = false;
};
AtTheWeakest at_the_weakest(const NoteInput& input) {
  AtTheWeakest out;
  for (const Candidate& base : input.decision.candidates) {
    if (base.recipe != input.reference_recipe || base.tiers.size() < 2) continue;
    const auto weakest = std::ranges::min_element(base.tiers, {}, &Candidate::Tier::accuracy);
    for (const NoteTierDelta& delta : input.tier_deltas) {
      if (delta.model != base.model || delta.tier != weakest->name || delta.recipe == "fp32") continue;
      out.compared = true;
      out.loss = out.loss || (delta.verdict == "established" && delta.delta < 0.0);
    }
  }
  return out;
}

// Does one temperature halve the error of every configuration, on examples it was not fitted on? nullopt:
// nothing was far enough off to be recovered.
std::optional<bool> temperature_recovers(const NoteInput& input) {
  std::optional<bool> all;
  for (const NoteCalibration& row : input.calibration) {
    if (!row.ece_raw || !row.ece_cross_fitted) continue;
    if (*row.ece_raw < 2.0 * input.decision.envelope.margins.ece) continue;
    all = all.value_or(true) && *row.ece_cross_fitted <= 0.5 * *row.ece_raw;
  }
  return all;
}

}  // namespace

bool occurred(const NoteInput& input, LiteratureFinding finding) {
  switch (finding) {
    case LiteratureFinding::kInt8Slower:
      return any_latency(input, "int8", PromiseOutcome::kBroken);
    case LiteratureFinding::kInt8Faster:
      return any_latency(input, "int8", PromiseOutcome::kKept) &&
             !any_latency(input, "int8", PromiseOutcome::kBroken);
    case LiteratureFinding::kInt4Loss:
      return std::ranges::any_of(input.promises, [](const Promises& each) {
        return each.recipe == "int4" && !each.accuracy.established_losses.empty();
      });
    case LiteratureFinding::kWeaknessFound:
      return at_the_weakest(input).loss;
    case LiteratureFinding::kWeaknessNotFound: {
      const AtTheWeakest seen = at_the_weakest(input);
      return seen.compared && !seen.loss;
    }
    case LiteratureFinding::kTemperatureRecovers:
      return temperature_recovers(input) == true;
    case LiteratureFinding::kTemperatureFails:
      return temperature_recovers(input) == false;
    case LiteratureFinding::kHardware:
      return std::ranges::any_of(input.decision.candidates,
                                 [](const Candidate& each) { return each.ms_per_example.has_value(); });
    case LiteratureFinding::kFp8:
      return input.hardware && std::ranges::any_of(input.hardware->techniques, [](const NoteTechnique& each) {
               return each.name.starts_with("FP8") &&
                      std::ranges::find(each.support, "native") != each.support.end();
             });
    case LiteratureFinding::kCalibrationSet:
      return any_recipe(input, "gptq") || any_recipe(input, "awq");
    case LiteratureFinding::kGptq:
      return any_recipe(input, "gptq");
  }
  return false;
}

std::string cited_for(const NoteInput& input, LiteratureFinding finding) {
  if (!occurred(input, finding)) return {};
  std::string text;
  for (const LiteratureWork& work : literature()) {
    const auto says = work.meets.find(finding);
    if (says != work.meets.end()) text += (text.empty() ? "" : " ") + says->second;
  }
  return text;
}

}  // namespace note_internal
}  // namespace quantier
