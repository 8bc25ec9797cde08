// What a comparison looks like on a terminal.
#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "quantier/base/utf8.h"
#include "quantier/pipeline/compare.h"
#include "quantier/pipeline/report_findings.h"

namespace quantier {
namespace {

// Never -0.
double negated(double value) { return 0.0 - value; }

std::string points(double fraction) { return fmt::format("{:+.2f}", 100.0 * fraction); }

std::string p_value(double p) { return p < 0.0001 ? "<.0001" : fmt::format("{:.4f}", p); }

std::string ece(const std::optional<double>& value) {
  return value ? fmt::format("{:.3f}", *value) : std::string("-");
}

const PairDifference* difference_from_reference(const Analysis& analysis, std::size_t candidate) {
  for (const PairDifference& pair : analysis.pair_differences) {
    if (pair.a == 0 && pair.b == candidate) return &pair;
  }
  return nullptr;
}

std::string lost_gained(const FlipCounts& flips) {
  return fmt::format("{}/{}", flips.right_to_wrong, flips.wrong_to_right);
}

std::string interval_points(const Interval& interval) {
  return fmt::format("[{}, {}]", points(interval.low), points(interval.high));
}

// Widths of the columns with names in them.
struct Widths {
  std::size_t name = 9;
  std::size_t part = 4;
};

// Rows of one table: candidate, part, counts, interval, p, R, words.
class CellTable {
 public:
  CellTable(const Widths& widths, const char* part) : widths_(widths) {
    out_ = fmt::format("{:<{}}  {:<{}} {:>7} {:>6} {:>6} {:>7}  {:>16} {:>11} {:>6} {:>7} {:>7} {:>5}  {}\n",
                       "candidate", widths_.name, part, widths_.part, "n", "acc A", "acc B", "B - A",
                       "95 % interval", "lost/gained", "gross", "mid-p", "Holm p", "R", "verdict");
  }
  void add(const TierComparison& row) {
    out_ += fmt::format(
        "{:<{}}  {:<{}} {:>7} {:>6.2f} {:>6.2f} {:>7}  {:>16} {:>11} {:>6} {:>7} {:>7} {:>5.2f}  {}, {}\n",
        once(row.recipe), widths_.name, printable(row.tier), widths_.part, grouped(row.n),
        100.0 * row.accuracy_reference, 100.0 * row.accuracy_candidate, points(row.delta),
        interval_points(row.tango), lost_gained(row.flips), row.flips.gross(), p_value(row.mcnemar_mid_p),
        p_value(row.holm_p), row.replication, evidence_word_name(row.evidence), size_word_name(row.size));
  }
  [[nodiscard]] const std::string& text() const { return out_; }

 private:
  // A name stands in the first of its rows.
  std::string once(const std::string& name) {
    const bool repeated = name == before_;
    before_ = name;
    return repeated ? "" : printable(name);
  }

  Widths widths_;
  std::string out_;
  std::string before_;
};

std::string group_table(const Analysis& analysis, Widths widths) {
  if (analysis.group_comparisons.empty()) return {};
  for (const GroupComparison& group : analysis.group_comparisons) {
    widths.part = std::max(widths.part, printable(group.cell.tier).size());
  }
  CellTable table(widths, "group");
  for (const GroupComparison& group : analysis.group_comparisons) table.add(group.cell);
  return fmt::format(
             "\nGroups: exploratory, not declared beforehand; Holm's correction over these {} alone.\n",
             analysis.group_comparisons.size()) +
         table.text();
}

std::string second_split_table(const Analysis& analysis, const Widths& widths) {
  std::string rows;
  std::string split;
  for (const TierComparison& row : analysis.comparisons) {
    if (!row.second_split) continue;
    const SecondSplitFinding& second = *row.second_split;
    split = second.split;
    rows += fmt::format("{:<{}}  {:<{}} {:>7} {:>7}  {:>11} {:>7}  {}\n", printable(row.recipe), widths.name,
                        printable(row.tier), widths.part, grouped(second.n), points(second.delta),
                        lost_gained(second.flips), p_value(second.mcnemar_mid_p),
                        second.repeats ? "repeats it" : "does not repeat it");
  }
  if (rows.empty()) return {};
  return fmt::format(
             "\nThe same on the split \"{}\"; in the table above R is 1 where it repeats the sign with mid-p "
             "< 0.05, otherwise 0.\n",
             printable(split, 60)) +
         fmt::format("{:<{}}  {:<{}} {:>7} {:>7}  {:>11} {:>7}\n", "candidate", widths.name, "tier",
                     widths.part, "n", "B - A", "lost/gained", "mid-p") +
         rows;
}

// What is beside the words and never changes them.
std::string beside_table(const Analysis& analysis, const Widths& widths) {
  std::string out = fmt::format(
      "\nBeside the verdicts, and never part of them:\n{:<{}}  {:<{}} {:>16} {:>18}  {}\n", "candidate",
      widths.name, "tier", widths.part, "bootstrap", "classes resampled", "halves of the split");
  for (const TierComparison& row : analysis.comparisons) {
    out += fmt::format(
        "{:<{}}  {:<{}} {:>16} {:>18}  {}\n", printable(row.recipe), widths.name, printable(row.tier),
        widths.part,
        row.bootstrap ? interval_points(*row.bootstrap) + (row.few_flips ? "?" : "") : std::string("-"),
        row.class_clustered ? interval_points(*row.class_clustered) : std::string("-"),
        row.half_splits
            ? fmt::format("both show the sign in {:.0f} % of the cuts, one alone with mid-p < 0.05 "
                          "in {:.0f} %",
                          100.0 * row.half_splits->same_sign_in_both,
                          100.0 * row.half_splits->half_reaches_significance)
            : std::string("no net difference"));
  }
  return out + "?: fewer than 20 flips, so too narrow.\n";
}

std::string weakness_lines(const Analysis& analysis, bool detail) {
  std::string out;
  for (const WeaknessFinding& finding : analysis.weakness) {
    if (!finding.unsure_minus_sure) continue;
    out += fmt::format(
        "{}: {} points {} ({})\n", printable(finding.recipe), points(finding.unsure_minus_sure->value),
        interval_points(finding.unsure_minus_sure->interval), weakness_word_name(finding.by_margin));
    if (!detail) continue;
    for (const MarginDecile& decile : finding.deciles) {
      out += fmt::format("  margin of A {:>8.3f} to {:>8.3f}  n {:>7}  acc A {:>6.2f}  B - A {:>7}  {}\n",
                         decile.lowest_margin, decile.highest_margin, grouped(decile.n),
                         100.0 * decile.accuracy_reference, points(decile.delta), lost_gained(decile.flips));
    }
  }
  if (out.empty()) return {};
  return "\nWhere both runs are less sure against where they are surer, difference of B - A "
         "(exploratory):\n" +
         out;
}

std::string run_table(const Comparison& comparison, std::size_t width) {
  const Analysis& analysis = comparison.analysis;
  std::string out;
  out += fmt::format("\n{:<{}}  {:>8}  {:>8}  {:>18}  {:>6}  {:>6}  {:>9}  {:>7}\n", "", width, "macro-F1",
                     "B - A", "95 % interval", "ECE", "T", "ECE at T*", "NLL");
  for (std::size_t i = 0; i < analysis.configurations.size(); ++i) {
    const ConfigurationFindings& findings = analysis.configurations[i];
    const PairDifference* pair = difference_from_reference(analysis, i);
    // The pair is a minus b, and the reference is a.
    const std::string delta =
        pair == nullptr ? "" : fmt::format("{:+.4f}", negated(pair->macro_f1_difference));
    const std::string interval =
        pair == nullptr
            ? ""
            : fmt::format("[{:+.4f}, {:+.4f}]", negated(pair->interval.high), negated(pair->interval.low));
    const auto& calibration = findings.calibration;
    out += fmt::format("{:<{}}  {:>8.4f}  {:>8}  {:>18}  {:>6}  {:>6}  {:>9}  {:>7}\n",
                       printable(comparison.names[i]), width, findings.quality.macro_f1, delta, interval,
                       ece(calibration ? std::optional(calibration->ece_raw) : std::nullopt),
                       ece(calibration ? std::optional(calibration->temperature_all.value) : std::nullopt),
                       ece(calibration ? (calibration->ece_cross_fitted
                                              ? calibration->ece_cross_fitted
                                              : std::optional(calibration->ece_temperature_in_sample))
                                       : std::nullopt),
                       findings.quality.negative_log_likelihood
                           ? fmt::format("{:.4f}", *findings.quality.negative_log_likelihood)
                           : "-");
  }
  return out;
}

}  // namespace

std::string comparison_text(const Comparison& comparison, bool detail) {
  const Analysis& analysis = comparison.analysis;
  Widths widths;
  for (const std::string& name : comparison.names) widths.name = std::max(widths.name, name.size());
  for (const std::string& tier : analysis.tier_names) widths.part = std::max(widths.part, tier.size());
  CellTable cells(widths, "tier");
  for (const TierComparison& row : analysis.comparisons) cells.add(row);
  std::string out = fmt::format("{} examples, {} classes; reference: {}\n\n", grouped(analysis.examples),
                                analysis.label_names.size(), printable(comparison.names.front()));
  out += cells.text();
  out += second_split_table(analysis, widths);
  if (detail) out += beside_table(analysis, widths);
  out += group_table(analysis, widths);
  out += run_table(comparison, widths.name);
  out += weakness_lines(analysis, detail);
  out += fmt::format(
      "\nAccuracy in %, differences in points with Tango's score interval; lost: right to wrong. Holm's "
      "correction over\n{} comparisons. Size against a margin of {:.2g} points. *Cross-fitted: each half of "
      "the rows at the temperature of\nthe other. Macro-F1: paired bootstrap, {} replicates, seed {}.\n",
      analysis.family_size, analysis.comparisons.empty() ? 1.0 : 100.0 * analysis.comparisons.front().margin,
      grouped(analysis.replicates), analysis.seed);
  return out;
}

}  // namespace quantier
