#include "quantier/pipeline/report_class_findings.h"

#include <algorithm>
#include <string>
#include <vector>

namespace quantier {
namespace {

std::string label_of(const Analysis& analysis, std::int32_t id) {
  const auto index = static_cast<std::size_t>(id);
  // One past the last class: a row without an answer.
  return index < analysis.label_names.size() ? analysis.label_names[index] : std::string("no answer");
}

std::string run_key_of(const Analysis& analysis, const std::string& model, const std::string& recipe) {
  for (const ConfigurationFindings& findings : analysis.configurations) {
    if (findings.model == model && findings.recipe == recipe) return findings.run_key;
  }
  return {};
}

std::vector<NoteClassName> class_names(const Analysis& analysis, const ClassComparison& comparison,
                                       const std::vector<std::int32_t>& ids) {
  std::vector<NoteClassName> names;
  for (const std::int32_t id : ids) {
    NoteClassName name{label_of(analysis, id), 0};
    for (const ClassDifference& each : comparison.classes) {
      if (each.label_id == id) name.examples = static_cast<std::size_t>(each.n);
    }
    names.push_back(std::move(name));
  }
  return names;
}

const TierF1Difference* difference_in(const Analysis& analysis, const ConfigurationFindings& findings,
                                      const std::string& tier) {
  for (const ClassComparison& comparison : analysis.class_comparisons) {
    if (comparison.run_key != findings.run_key || comparison.model != findings.model ||
        comparison.recipe != findings.recipe) {
      continue;
    }
    for (const TierF1Difference& each : comparison.macro_f1) {
      if (each.tier == tier) return &each;
    }
  }
  return nullptr;
}

void add_tier_f1(const Analysis& analysis, const ConfigurationFindings& findings, NoteInput& input) {
  for (const TierQuality& tier : findings.quality.tiers) {
    if (!tier.macro_f1) continue;
    NoteTierF1 row;
    row.model = findings.model;
    row.recipe = findings.recipe;
    row.tier = tier.name;
    row.examples = static_cast<std::size_t>(tier.n);
    row.classes = static_cast<std::size_t>(tier.classes);
    row.value = *tier.macro_f1;
    if (tier.macro_f1_interval) {
      row.low = tier.macro_f1_interval->low;
      row.high = tier.macro_f1_interval->high;
    }
    if (const TierF1Difference* found = difference_in(analysis, findings, tier.name)) {
      row.difference = {.value = found->difference.value,
                        .low = found->difference.interval.low,
                        .high = found->difference.interval.high};
    }
    row.run_key = findings.run_key;
    input.tier_f1.push_back(std::move(row));
  }
}

void add_support_and_landing(const ConfigurationFindings& findings, NoteInput& input) {
  for (const SupportShare& share : findings.support) {
    input.support.push_back({.model = findings.model,
                             .recipe = findings.recipe,
                             .at_most = static_cast<std::size_t>(share.at_most),
                             .classes = static_cast<std::size_t>(share.classes),
                             .examples = static_cast<std::size_t>(share.examples),
                             .weight = share.weight,
                             .variance_share = share.variance_share,
                             .run_key = findings.run_key});
  }
  input.error_landing.push_back({.model = findings.model,
                                 .recipe = findings.recipe,
                                 .errors = findings.error_landing.errors,
                                 .run_key = findings.run_key});
}

void add_comparison(const Analysis& analysis, const ClassComparison& comparison, NoteInput& input) {
  input.zero_classes.push_back({.model = comparison.model,
                                .recipe = comparison.recipe,
                                .baseline = comparison.reference_recipe,
                                .fell = class_names(analysis, comparison, comparison.fell_to_zero),
                                .rose = class_names(analysis, comparison, comparison.rose_from_zero),
                                .run_key = comparison.run_key});
  for (const ConfusedPair& pair : comparison.confused) {
    input.confused.push_back({.model = comparison.model,
                              .recipe = comparison.recipe,
                              .baseline = comparison.reference_recipe,
                              .label = label_of(analysis, pair.label_id),
                              .answer = label_of(analysis, pair.answer_id),
                              .before = static_cast<std::size_t>(pair.reference),
                              .after = static_cast<std::size_t>(pair.candidate),
                              .run_key = comparison.run_key});
  }
}

NoteWeakness::Reading reading_of(const Estimate& estimate, WeaknessWord word) {
  return {.value = estimate.value,
          .low = estimate.interval.low,
          .high = estimate.interval.high,
          .word = weakness_word_name(word)};
}

NoteWeakness weakness_row(const Analysis& analysis, const WeaknessFinding& finding) {
  NoteWeakness row;
  row.model = finding.model;
  row.recipe = finding.recipe;
  if (finding.unsure_minus_sure) row.by_margin = reading_of(*finding.unsure_minus_sure, finding.by_margin);
  for (const TierComparison& comparison : analysis.comparisons) {
    if (comparison.model == finding.model && comparison.recipe == finding.recipe &&
        comparison.tier == "all") {
      row.few_flips = comparison.few_flips;
    }
  }
  row.run_key = run_key_of(analysis, finding.model, finding.recipe);
  return row;
}

NoteGroup group_row(const GroupComparison& group) {
  const TierComparison& cell = group.cell;
  return {.model = cell.model,
          .recipe = cell.recipe,
          .baseline = cell.reference_recipe,
          .column = group.column,
          .group = group.group,
          .examples = static_cast<std::size_t>(cell.n),
          .delta = cell.delta,
          .low = cell.tango.low,
          .high = cell.tango.high,
          .lost = static_cast<std::size_t>(cell.flips.right_to_wrong),
          .gained = static_cast<std::size_t>(cell.flips.wrong_to_right),
          .holm_p = cell.holm_p,
          .verdict = evidence_word_name(cell.evidence),
          .run_key = cell.run_key};
}

}  // namespace

std::vector<NoteNamedClass> named_class_rows(const Analysis& analysis) {
  std::vector<NoteNamedClass> rows;
  std::vector<std::string> order;
  for (const ConfigurationFindings& findings : analysis.configurations) {
    for (const NamedClass& named : findings.named_classes) {
      if (std::find(order.begin(), order.end(), named.label) == order.end()) order.push_back(named.label);
      NoteNamedClass row;
      row.model = findings.model;
      row.recipe = findings.recipe;
      row.label = named.label;
      row.tier = named.tier;
      row.examples = static_cast<std::size_t>(named.n);
      row.accuracy = named.accuracy;
      row.true_class_probability = named.mean_probability_true;
      if (named.accuracy_interval) {
        row.accuracy_low = named.accuracy_interval->low;
        row.accuracy_high = named.accuracy_interval->high;
      }
      row.run_key = findings.run_key;
      rows.push_back(std::move(row));
    }
  }
  // One class after the other reads as a trajectory over the precisions.
  std::stable_sort(rows.begin(), rows.end(), [&](const NoteNamedClass& a, const NoteNamedClass& b) {
    return std::find(order.begin(), order.end(), a.label) < std::find(order.begin(), order.end(), b.label);
  });
  return rows;
}

std::vector<NoteFlips> flip_rows(const Analysis& analysis) {
  std::vector<NoteFlips> rows;
  for (const ClassComparison& comparison : analysis.class_comparisons) {
    rows.push_back({.model = comparison.model,
                    .recipe = comparison.recipe,
                    .baseline = comparison.reference_recipe,
                    .examples = static_cast<std::size_t>(analysis.examples),
                    .right_to_wrong = comparison.flip_landing.right_to_wrong,
                    .wrong_to_right = comparison.flip_landing.wrong_to_right,
                    .wrong_to_wrong = comparison.flip_landing.wrong_to_wrong,
                    .run_key = comparison.run_key});
  }
  return rows;
}

void add_class_rows(const Analysis& analysis, NoteInput& input) {
  input.tier_names = analysis.tier_names;
  input.named_classes = named_class_rows(analysis);
  input.flips = flip_rows(analysis);
  for (const ConfigurationFindings& findings : analysis.configurations) {
    add_tier_f1(analysis, findings, input);
    add_support_and_landing(findings, input);
  }
  for (const ClassComparison& comparison : analysis.class_comparisons) {
    add_comparison(analysis, comparison, input);
  }
  for (const WeaknessFinding& finding : analysis.weakness) {
    input.weakness.push_back(weakness_row(analysis, finding));
  }
  for (const GroupComparison& group : analysis.group_comparisons) input.groups.push_back(group_row(group));
}

}  // namespace quantier
