#include "quantier/pipeline/decide_cache.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "quantier/base/json.h"
#include "quantier/base/sha256.h"
#include "quantier/pipeline/stored_runs.h"

namespace quantier {
namespace {

// Of what is kept, and of what is meant by it: a metric that is read from other figures than before needs a
// new one.
constexpr const char* kLayout = "2";

// Every digit, so that what is read back is what was kept.
Json number(double value) { return std::isfinite(value) ? Json(value) : Json(nullptr); }
Json number(const std::optional<double>& value) { return value ? number(*value) : Json(nullptr); }

double plain(const Json& json) { return json.is_number() ? json.get<double>() : std::nan(""); }
std::optional<double> maybe(const Json& json) {
  return json.is_number() ? std::optional(json.get<double>()) : std::nullopt;
}

Json value_json(const std::string& key, const MetricValue& value) {
  Json json = {{"key", key}, {"value", number(value.value)}, {"n", value.n}};
  if (value.interval) {
    json["low"] = number(value.interval->low);
    json["high"] = number(value.interval->high);
    json["level"] = value.interval->level;
    json["method"] = value.interval->method;
  }
  return json;
}

Json candidate_json(const Candidate& candidate) {
  Json values = Json::array();
  for (const auto& [key, value] : candidate.values) values.push_back(value_json(key, value));
  Json tiers = Json::array();
  for (const Candidate::Tier& tier : candidate.tiers)
    tiers.push_back({{"name", tier.name}, {"accuracy", tier.accuracy}});
  Json changes = Json::array();
  for (const TierChange& change : candidate.tier_changes) {
    changes.push_back({{"tier", change.tier},
                       {"n", change.n},
                       {"delta", number(change.delta)},
                       {"low", number(change.low)},
                       {"high", number(change.high)},
                       {"lost", change.lost},
                       {"gained", change.gained},
                       {"verdict", change.verdict}});
  }
  return {{"name", candidate.name},
          {"model", candidate.model},
          {"recipe", candidate.recipe},
          {"run_key", candidate.run_key},
          {"macro_f1", number(candidate.macro_f1)},
          {"ece", number(candidate.ece)},
          {"tiers", std::move(tiers)},
          {"established_losses", candidate.established_losses},
          {"values", std::move(values)},
          {"reference", candidate.reference},
          {"tier_changes", std::move(changes)},
          {"evidence_set", candidate.evidence_set}};
}

Candidate candidate_from(const Json& json) {
  Candidate candidate;
  candidate.name = json.at("name");
  candidate.model = json.at("model");
  candidate.recipe = json.at("recipe");
  candidate.run_key = json.at("run_key");
  candidate.macro_f1 = maybe(json.at("macro_f1"));
  candidate.ece = maybe(json.at("ece"));
  for (const Json& tier : json.at("tiers")) candidate.tiers.push_back({tier.at("name"), tier.at("accuracy")});
  candidate.established_losses = json.at("established_losses").get<std::vector<std::string>>();
  candidate.reference = json.at("reference");
  candidate.evidence_set = json.at("evidence_set");
  for (const Json& each : json.at("values")) {
    MetricValue value{.value = plain(each.at("value")), .interval = {}, .n = each.at("n")};
    if (each.contains("low")) {
      value.interval =
          Interval{plain(each.at("low")), plain(each.at("high")), each.at("level"), each.at("method")};
    }
    candidate.values[each.at("key")] = std::move(value);
  }
  for (const Json& each : json.at("tier_changes")) {
    candidate.tier_changes.push_back({.tier = each.at("tier"),
                                      .n = each.at("n"),
                                      .delta = plain(each.at("delta")),
                                      .low = plain(each.at("low")),
                                      .high = plain(each.at("high")),
                                      .lost = each.at("lost"),
                                      .gained = each.at("gained"),
                                      .verdict = each.at("verdict")});
  }
  return candidate;
}

}  // namespace

EvidenceKey evidence_of(const RunConfig& config, const std::vector<Run>& runs, const AnalysisTiers& tiers) {
  EvidenceKey from{.runs = {},
                   .tiers = tiers,
                   .reference_recipe = config.reference_recipe,
                   .seed = config.seed,
                   .replicates = replicates_of(config),
                   .second_split = config.analysis.second_split};
  for (const Run& run : runs) from.runs.push_back(run.key);
  return from;
}

Result<std::string> evidence_key(Store& store, const EvidenceKey& from) {
  Sha256 hash;
  const auto add = [&](std::string_view text) {
    hash.update(std::to_string(text.size()) + ":");
    hash.update(text);
  };
  add(kLayout);
  for (const std::string& run : from.runs) {
    add(run);
    QT_TRY(const std::string timings, store.timing_fingerprint(run));
    add(timings);
  }
  for (const std::string& name : from.tiers.names) add(name);
  hash.update(std::as_bytes(std::span(from.tiers.tier_of_class)));
  add(from.reference_recipe);
  add(fmt::format("{} {}", from.seed, from.replicates));
  add(from.second_split);
  if (!from.second_split.empty()) {
    QT_TRY(const std::vector<RunSummary> summaries, store.runs());
    for (const RunSummary& run : summaries) {
      if (run.split == from.second_split) add(run.key);
    }
  }
  // Temperatures that files report are read from here.
  QT_TRY(const std::vector<ReportedValue> reported, store.reported());
  for (const ReportedValue& value : reported) {
    if (value.quantity == "temperature") add(fmt::format("{} {}", value.subject(), value.value));
  }
  return hash.hex();
}

Result<std::optional<DecisionEvidence>> kept_evidence(Store& store, const std::string& key,
                                                      std::vector<Metric>& wanted, const char* name) {
  QT_TRY(std::optional<Derived> kept, store.derived(name, key));
  if (!kept) return std::nullopt;
  QT_TRY(const Json json, parse_json(kept->text, store.path()));
  DecisionEvidence evidence;
  std::vector<Metric> there;
  try {
    for (const Json& each : json.at("wanted")) {
      there.push_back({.kind = static_cast<MetricKind>(each.at("kind").get<int>()),
                       .part = each.at("part"),
                       .variant = each.at("variant"),
                       .level = each.at("level")});
    }
    for (const Json& each : json.at("candidates")) evidence.candidates.push_back(candidate_from(each));
    for (const Json& each : json.at("differences")) {
      evidence.differences.push_back({each.at("first"), each.at("second"), plain(each.at("difference")),
                                      plain(each.at("low")), plain(each.at("high"))});
    }
    evidence.tier_names = json.at("tier_names").get<std::vector<std::string>>();
    evidence.label_names = json.at("label_names").get<std::vector<std::string>>();
    evidence.remarks = json.at("remarks").get<std::vector<std::string>>();
    MetricReplicates& replicates = evidence.replicates;
    replicates.candidates = evidence.candidates.size();
    replicates.replicates = json.at("replicates");
    replicates.seed = json.at("seed");
    replicates.keys = json.at("keys").get<std::vector<std::string>>();
    replicates.values = std::move(kept->numbers);
    // A file that was changed by hand is no evidence.
    if (replicates.values.size() != replicates.keys.size() * replicates.candidates * replicates.replicates) {
      return std::nullopt;
    }
  } catch (const Json::exception&) {
    return std::nullopt;
  }
  bool lacks = false;
  for (const Metric& metric : wanted) lacks = lacks || std::ranges::find(there, metric) == there.end();
  if (!lacks) return evidence;
  for (Metric& metric : there) {
    if (std::ranges::find(wanted, metric) == wanted.end()) wanted.push_back(std::move(metric));
  }
  return std::nullopt;
}

Status keep_evidence(Store& store, const std::string& key, const std::vector<Metric>& wanted,
                     const DecisionEvidence& evidence, const char* name) {
  Json candidates = Json::array();
  for (const Candidate& candidate : evidence.candidates) candidates.push_back(candidate_json(candidate));
  Json differences = Json::array();
  for (const QualityDifference& pair : evidence.differences) {
    differences.push_back({{"first", pair.first},
                           {"second", pair.second},
                           {"difference", number(pair.difference)},
                           {"low", number(pair.low)},
                           {"high", number(pair.high)}});
  }
  Json requested = Json::array();
  for (const Metric& metric : wanted) {
    requested.push_back({{"kind", static_cast<int>(metric.kind)},
                         {"part", metric.part},
                         {"variant", metric.variant},
                         {"level", metric.level}});
  }
  const Json json = {{"wanted", std::move(requested)},
                     {"candidates", std::move(candidates)},
                     {"differences", std::move(differences)},
                     {"tier_names", evidence.tier_names},
                     {"label_names", evidence.label_names},
                     {"remarks", evidence.remarks},
                     {"replicates", evidence.replicates.replicates},
                     {"seed", evidence.replicates.seed},
                     {"keys", evidence.replicates.keys}};
  return store.set_derived(name, {.key = key,
                                  .text = json.dump(-1, ' ', false, Json::error_handler_t::replace),
                                  .numbers = evidence.replicates.values});
}

Status forget_evidence(Store& store) {
  QT_TRY_STATUS(store.set_derived(kHeldOutEvidence, {}));
  return store.set_derived(kDecisionEvidence, {});
}

}  // namespace quantier
