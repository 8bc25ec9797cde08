#include "quantier/note/literature.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "quantier/base/check.h"
#include "quantier/base/utf8.h"
#include "quantier/literature/work.h"

namespace quantier {
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

Error refused(std::string what, std::string_view source, int line, std::string why = {}) {
  return {.kind = ErrorKind::kUserInput,
          .what = std::move(what),
          .where = fmt::format("{}, line {}", source, line),
          .why = std::move(why),
          .hint = {}};
}

// What a note needs to cite a work.
Result<LiteratureWork> citable(const Work& from, std::string_view source) {
  for (const auto& [key, text] :
       {std::pair("id", &from.id), std::pair("author", &from.author), std::pair("source", &from.source),
        std::pair("claim", &from.claim), std::pair("scope", &from.scope)}) {
    if (text->empty())
      return std::unexpected(refused(fmt::format("a work lacks `{}`", key), source, from.line));
  }
  if (from.year < 1900 || from.year > 2100) {
    return std::unexpected(refused(from.id + " lacks its year", source, from.line));
  }
  if (from.meets.empty()) {
    return std::unexpected(
        refused(from.id + " meets no finding", source, from.line, "it would never be cited"));
  }
  LiteratureWork work{.id = from.id,
                      .author = from.author,
                      .year = from.year,
                      .source = from.source,
                      .claim = from.claim,
                      .scope = from.scope,
                      .meets = {}};
  for (const auto& [key, sentence] : from.meets) {
    const auto* found = std::ranges::find(kFindings, key);
    if (found == kFindings.end()) {
      return std::unexpected(refused(fmt::format("{} meets a finding that is not known", work.id), source,
                                     from.line, printable(key, 60)));
    }
    if (sentence.empty() || !sentence.ends_with('.')) {
      return std::unexpected(
          refused(fmt::format("{} says no sentence to {}", work.id, key), source, from.line));
    }
    work.meets[static_cast<LiteratureFinding>(found - kFindings.begin())] = sentence;
  }
  return work;
}

Result<std::vector<LiteratureWork>> citable_works(const Works& works, std::string_view source) {
  std::vector<LiteratureWork> list;
  for (const Work& each : works.list) {
    QT_TRY(LiteratureWork work, citable(each, source));
    list.push_back(std::move(work));
  }
  return list;
}

}  // namespace

std::span<const std::string_view> literature_finding_names() { return kFindings; }

Result<std::vector<LiteratureWork>> parse_literature(std::string_view text, std::string_view source) {
  QT_TRY(const Works works, parse_works(text, source));
  return citable_works(works, source);
}

const std::vector<LiteratureWork>& literature() {
  static const std::vector<LiteratureWork> works = [] {
    auto list = citable_works(builtin_works(), "works.toml");
    QT_CHECK(list.has_value(), "the built-in list of works cannot be cited");
    return *std::move(list);
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
