#include <algorithm>
#include <cmath>
#include <limits>
#include <set>
#include <tuple>

#include <fmt/format.h>

#include "quantier/stats/comparisons/parts.h"

namespace quantier::analysis_internal {
namespace {

constexpr std::uint32_t kFewestReplicates = 100;

std::string name_of(const Run& run) {
  const ConfigurationId& id = run.configuration;
  return fmt::format("{} on {} (run {})", id.display(), id.device, run.key);
}

std::unexpected<Error> not_comparable(const Run& first, const Run& other, std::string why) {
  return fail(ErrorKind::kUserInput, "these runs cannot be compared",
              fmt::format("{} and {}", name_of(first), name_of(other)), std::move(why),
              "differences are only taken between runs over the same examples: analyse them apart, or run "
              "both on the same data");
}

std::unexpected<Error> bad_tiers(std::string why) {
  return fail(ErrorKind::kUsage, "these tiers cannot be used", "tiers", std::move(why),
              "tiers need one name each and one tier for every class of the models");
}

Status check_tiers(const AnalysisTiers& tiers, std::size_t class_count) {
  if (tiers.names.empty() && tiers.tier_of_class.empty()) return {};
  if (tiers.names.empty()) return bad_tiers("there are classes in tiers, but no tier has a name");
  if (tiers.tier_of_class.size() != class_count) {
    return bad_tiers(fmt::format("{} classes have a tier, the runs have {} classes",
                                 tiers.tier_of_class.size(), class_count));
  }
  std::set<std::string> seen = {"all"};
  for (const std::string& name : tiers.names) {
    if (name.empty()) return bad_tiers("a tier has no name");
    if (!seen.insert(name).second) {
      return bad_tiers(fmt::format("the name \"{}\" stands twice (\"all\" is taken)", name));
    }
  }
  for (const std::int32_t tier : tiers.tier_of_class) {
    if (tier < -1 || tier >= static_cast<std::int64_t>(tiers.names.size())) {
      return bad_tiers(fmt::format("a class lies in tier {}, there are {}", tier, tiers.names.size()));
    }
  }
  return {};
}

Status check_one(const Run& run) {
  const Predictions& data = run.predictions;
  const std::string where = name_of(run);
  if (data.example_count == 0 || data.class_count == 0) {
    return fail(ErrorKind::kUserInput, "there is nothing to analyse", where,
                fmt::format("the run has {} examples and {} classes", data.example_count, data.class_count));
  }
  if (data.class_count > static_cast<std::size_t>(std::numeric_limits<std::int32_t>::max() - 1) ||
      data.logits.size() / data.class_count != data.example_count ||
      data.logits.size() % data.class_count != 0 || data.label_names.size() != data.class_count) {
    return fail(ErrorKind::kCorruptData, "the predictions of a run contradict themselves", where,
                fmt::format("{} logits and {} label names for {} examples of {} classes", data.logits.size(),
                            data.label_names.size(), data.example_count, data.class_count),
                "run this configuration again");
  }
  if (data.labels.empty()) {
    return fail(ErrorKind::kUserInput, "the data has no labels", where,
                "without true labels there is no accuracy to compare",
                "name the label column of the data, or use `quantier predict` for data without labels");
  }
  if (data.labels.size() != data.example_count ||
      (!data.ids.empty() && data.ids.size() != data.example_count)) {
    return fail(ErrorKind::kCorruptData, "the predictions of a run contradict themselves", where,
                fmt::format("{} labels and {} ids for {} examples", data.labels.size(), data.ids.size(),
                            data.example_count),
                "run this configuration again");
  }
  for (std::size_t i = 0; i < data.labels.size(); ++i) {
    if (data.labels[i] >= 0 && static_cast<std::size_t>(data.labels[i]) < data.class_count) continue;
    return fail(ErrorKind::kUserInput, "a label is not a class of the model",
                fmt::format("{}, example {}", where, i),
                fmt::format("the label is {}, the model has {} classes", data.labels[i], data.class_count));
  }
  return {};
}

std::string first_difference(const std::vector<std::string>& a, const std::vector<std::string>& b) {
  for (std::size_t i = 0; i < std::min(a.size(), b.size()); ++i) {
    if (a[i] != b[i]) return fmt::format("number {} is \"{}\" in one and \"{}\" in the other", i, a[i], b[i]);
  }
  return fmt::format("one has {}, the other {}", a.size(), b.size());
}

Status check_same_examples(const Run& first, const Run& other) {
  const Predictions& a = first.predictions;
  const Predictions& b = other.predictions;
  if (first.split != other.split) {
    return not_comparable(
        first, other, fmt::format("one read the split \"{}\", the other \"{}\"", first.split, other.split));
  }
  if (a.example_count != b.example_count) {
    return not_comparable(first, other,
                          fmt::format("one has {} examples, the other {}", a.example_count, b.example_count));
  }
  if (first.limit != other.limit) {
    return not_comparable(first, other, "one read a sample of the split, the other another one or all of it");
  }
  if (a.label_names != b.label_names) {
    return not_comparable(first, other,
                          "their label names differ: " + first_difference(a.label_names, b.label_names));
  }
  if (!a.ids.empty() && !b.ids.empty() && a.ids != b.ids) {
    return not_comparable(first, other, "their example ids differ: " + first_difference(a.ids, b.ids));
  }
  const auto labels = std::mismatch(a.labels.begin(), a.labels.end(), b.labels.begin(), b.labels.end());
  if (labels.first != a.labels.end() || labels.second != b.labels.end()) {
    return not_comparable(
        first, other,
        fmt::format("the true label of example {} differs between them", labels.first - a.labels.begin()));
  }
  return {};
}

}  // namespace

Status check_runs(const std::vector<Run>& runs) {
  if (runs.empty()) {
    return fail(ErrorKind::kUsage, "there is nothing to analyse", "", "no run was given",
                "run at least one configuration first");
  }
  std::set<std::tuple<std::string, std::string, std::string>> configurations;
  for (const Run& run : runs) {
    QT_TRY_STATUS(check_one(run));
    QT_TRY_STATUS(check_same_examples(runs.front(), run));
    const ConfigurationId& id = run.configuration;
    if (!configurations.insert({id.model, id.recipe, id.device}).second) {
      return fail(ErrorKind::kUsage, "the same configuration stands twice in the analysis", name_of(run),
                  "two runs share model, recipe and device", "give one run of each configuration");
    }
  }
  return {};
}

Status check_options(const std::vector<Run>& runs, const AnalysisTiers& tiers,
                     const AnalysisOptions& options) {
  if (options.replicates < kFewestReplicates) {
    return fail(ErrorKind::kUsage, "too few bootstrap replicates", "bootstrap_replicates",
                fmt::format("{} replicates have no 2.5 % tail; at least {} are needed", options.replicates,
                            kFewestReplicates),
                "10000 is usual");
  }
  if (!(options.margin > 0.0 && options.margin < 1.0)) {
    return fail(ErrorKind::kUsage, "the margin of accuracy cannot be used", "margin",
                fmt::format("{} does not lie between 0 and 1", options.margin));
  }
  if (!(options.gate_threshold >= 0.0 && options.gate_threshold <= 1.0)) {
    return fail(ErrorKind::kUsage, "the confidence threshold cannot be used", "gate_threshold",
                fmt::format("{} does not lie between 0 and 1", options.gate_threshold));
  }
  if (!(options.calibration_margin > 0.0 && options.calibration_margin < 1.0)) {
    return fail(ErrorKind::kUsage, "the margin of the calibration error cannot be used", "calibration_margin",
                fmt::format("{} does not lie between 0 and 1", options.calibration_margin));
  }
  if (options.calibration_replicates > 0 && options.calibration_replicates < kFewestReplicates) {
    return fail(ErrorKind::kUsage, "too few bootstrap replicates", "calibration_replicates",
                fmt::format("{} replicates have no 2.5 % tail; at least {} are needed, or 0 for none",
                            options.calibration_replicates, kFewestReplicates),
                "1000 is usual");
  }
  std::set<std::string> columns = {"truncated"};
  for (const ExampleGroups& grouping : options.groups) {
    if (grouping.column.empty() || !columns.insert(grouping.column).second) {
      return fail(ErrorKind::kUsage, "a grouping cannot be used", fmt::format("\"{}\"", grouping.column),
                  "every grouping needs a name of its own (\"truncated\" is taken)");
    }
    if (grouping.group_of_example.size() != runs.front().predictions.example_count) {
      return fail(ErrorKind::kUserInput, "a grouping does not fit the examples",
                  fmt::format("\"{}\"", grouping.column),
                  fmt::format("it has {} entries, there are {} examples", grouping.group_of_example.size(),
                              runs.front().predictions.example_count),
                  "give every example a group, or the empty text for none");
    }
  }
  if (options.second_split != nullptr && !options.second_split->empty()) {
    QT_TRY_STATUS(check_runs(*options.second_split));
    if (options.second_split->front().predictions.label_names != runs.front().predictions.label_names) {
      return fail(ErrorKind::kUserInput, "the second split cannot be compared",
                  name_of(options.second_split->front()),
                  "its label names differ: " +
                      first_difference(runs.front().predictions.label_names,
                                       options.second_split->front().predictions.label_names),
                  "both splits need the same classes in the same order");
    }
  }
  for (const double threshold : options.gate_thresholds) {
    if (threshold >= 0.0 && threshold <= 1.0) continue;
    return fail(ErrorKind::kUsage, "the confidence threshold cannot be used", "gate_thresholds",
                fmt::format("{} does not lie between 0 and 1", threshold));
  }
  for (const auto& [key, temperature] : options.reported_temperatures) {
    if (temperature > 0.0 && std::isfinite(temperature)) continue;
    return fail(ErrorKind::kUsage, "a reported temperature cannot be used", fmt::format("run {}", key),
                fmt::format("{} is no positive number", temperature));
  }
  const std::vector<std::string>& names = runs.front().predictions.label_names;
  for (const std::string& label : options.named_classes) {
    if (std::find(names.begin(), names.end(), label) != names.end()) continue;
    return fail(ErrorKind::kUsage, fmt::format("the models know no class \"{}\"", label), "named_classes",
                fmt::format("their {} classes begin with {}", names.size(),
                            fmt::join(std::span(names).first(std::min<std::size_t>(names.size(), 5)), ", ")),
                "classes are named as the model's id2label names them");
  }
  return check_tiers(tiers, runs.front().predictions.class_count);
}

}  // namespace quantier::analysis_internal
