#include "quantier/pipeline/import_reconcile.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include <fmt/format.h>

#include "quantier/base/rng.h"
#include "quantier/pipeline/import_reading.h"
#include "quantier/pipeline/report_imported.h"

namespace quantier {
namespace {

using import_internal::Reading;
using import_internal::Rows;

// Numbers of float32 softmax agree with ours to this.
constexpr double kFloatNoise = 2e-6;
// An example that such noise moves over the edge of a bin changes ECE by about 1 / N; a few may.
constexpr double kMovedExamples = 3.0;
// Fewest replicates that a bootstrap in a notebook is taken to have; more of them only differ less.
constexpr double kFewestReplicates = 500.0;
constexpr double kStandardErrors = 5.0;
constexpr int kTriedHalves = 100;

// Half a unit of the last digit as written.
double half_unit(const ReportedValue& stated) {
  if (!stated.decimals || *stated.decimals > 9) return 0.0;
  return 0.5 * std::pow(10.0, -*stated.decimals) * (1.0 + 1e-9);
}

class Reconciling {
 public:
  Reconciling(const ReconcileInput& input, const std::vector<Run>& runs, const std::vector<Run>& earlier)
      : input_(input), runs_(runs), earlier_(earlier) {}

  Result<Reconciliation> all() {
    Reconciliation result;
    if (!runs_.empty()) {
      QT_TRY(analysis_, analysed());
      result.calibration = imported_calibration(*analysis_);
    }
    for (const ReportedValue& value : input_.values) {
      Reconciled row;
      row.stated = value;
      compare(row);
      result.rows.push_back(std::move(row));
    }
    return result;
  }

 private:
  Result<Analysis> analysed() const {
    AnalysisOptions options;
    options.reference_recipe = input_.reference_recipe;
    options.replicates = 100;  // macro-F1's intervals are not asked for here
    options.calibration_replicates = 0;
    options.temperature_recipes = input_.temperature_recipes;
    options.reported_temperatures = reported_temperatures_of(runs_, input_.values);
    for (const ReportedValue& value : input_.values) {
      if (!value.label.empty() &&
          std::ranges::find(options.named_classes, value.label) == options.named_classes.end()) {
        options.named_classes.push_back(value.label);
      }
    }
    return analyze(runs_, input_.tiers, options);
  }

  const Reading* reading_of(const ReportedValue& value) {
    const bool is_earlier = value.kind == ReportedKind::kEarlier;
    const std::string key = fmt::format("{}/{}/{}", is_earlier, value.model, value.recipe);
    if (const auto found = readings_.find(key); found != readings_.end()) return &found->second;
    for (const Run& run : is_earlier ? earlier_ : runs_) {
      const ConfigurationId& id = run.configuration;
      if (id.model != value.model || (id.recipe != value.recipe && !is_earlier)) continue;
      return &readings_.emplace(key, Reading(run)).first->second;
    }
    return nullptr;
  }
  const ConfigurationFindings* findings_of(const ReportedValue& value) const {
    if (!analysis_) return nullptr;
    for (const ConfigurationFindings& each : analysis_->configurations) {
      if (each.model == value.model && each.recipe == value.recipe) return &each;
    }
    return nullptr;
  }
  // Of a file that leaves the recipe out: the comparison that its n and its difference fit best.
  const TierComparison* comparison_of(ReportedValue& value) const {
    const TierComparison* best = nullptr;
    if (!analysis_) return best;
    const ReportedValue* mean = &value;
    for (const ReportedValue& other : input_.values) {
      if (other.quantity == "delta" && other.model == value.model && other.tier == value.tier &&
          other.recipe == value.recipe && file_of(other) == file_of(value)) {
        mean = &other;
      }
    }
    for (const TierComparison& each : analysis_->comparisons) {
      if (each.model != value.model || each.tier != value.tier) continue;
      if (!value.recipe.empty() && each.recipe != value.recipe) continue;
      if (best == nullptr || std::abs(each.delta - mean->value) < std::abs(best->delta - mean->value)) {
        best = &each;
      }
    }
    return best;
  }
  static std::string file_of(const ReportedValue& value) {
    return value.source.substr(0, value.source.find(','));
  }

  void compare(Reconciled& row) {
    const std::string& quantity = row.stated.quantity;
    if (is_cost(quantity)) {
      row.why = input_.device_declared ? "taken as stated, for the declared device"
                                       : "taken as stated; no device is declared, so it passes no limit";
      return;
    }
    if (row.stated.kind == ReportedKind::kEarlier && reading_of(row.stated) == nullptr) {
      row.why = "kept as stated: its predictions are not here";
      return;
    }
    if (!row.stated.tier.empty()) return tier_value(row);
    if (!row.stated.label.empty()) return class_value(row);
    const Reading* reading = reading_of(row.stated);
    if (reading == nullptr) {
      row.why = "no predictions of this configuration are here";
      return;
    }
    if (quantity == "temperature") return temperature(row, *reading);
    if (quantity == "ece_pre") return ece_before(row, *reading);
    if (quantity == "ece_post") return ece_after(row, *reading);
    if (quantity == "accuracy" || quantity == "macro_f1") return quality(row, *reading);
    row.why = "nothing here computes it";
  }

  // Equal, rounded, or neither; `slack` is what other arithmetic may differ by.
  static bool agrees(Reconciled& row, double computed, double slack) {
    row.computed = computed;
    const double difference = std::abs(row.stated.value - computed);
    if (difference <= slack) {
      row.difference = Difference::kNone;
    } else if (difference <= half_unit(row.stated) + slack) {
      row.difference = Difference::kRounding;
    } else {
      row.difference = Difference::kUnexplained;
      row.why = "none of the known reasons fits";
      return false;
    }
    return true;
  }

  void quality(Reconciled& row, const Reading& reading) const {
    // Earlier runs stand in no analysis with the others.
    std::optional<Analysis> own;
    const Quality* quality = nullptr;
    if (row.stated.kind == ReportedKind::kEarlier) {
      AnalysisOptions options;
      options.replicates = 100;
      auto analysis = analyze({reading.run()}, {}, options);
      if (!analysis) {
        row.why = analysis.error().what;
        return;
      }
      own = *std::move(analysis);
      quality = &own->configurations.front().quality;
    } else {
      quality = &findings_of(row.stated)->quality;
    }
    if (row.stated.quantity == "accuracy") {
      agrees(row, quality->accuracy, kFloatNoise);
      return;
    }
    if (agrees(row, quality->macro_f1_sklearn, kFloatNoise)) return;
    Reconciled other = row;
    if (!agrees(other, quality->macro_f1, kFloatNoise)) return;
    row.difference = Difference::kDefinition;
    row.why = "the file counts the classes with examples, scikit-learn also those only predicted";
  }

  [[nodiscard]] static const Rows& rows_of(const ReportedValue& value, const Reading& reading) {
    return value.part.empty() ? reading.all() : reading.odd();
  }
  // The rows on which a stated temperature was fitted.
  [[nodiscard]] static const Rows& fitted_rows(const ReportedValue& value, const Reading& reading) {
    return value.part.empty() ? reading.all() : reading.even();
  }
  [[nodiscard]] const ReportedValue* stated_temperature(const ReportedValue& value) const {
    for (const ReportedValue& other : input_.values) {
      if (other.quantity == "temperature" && other.kind == value.kind && other.model == value.model &&
          other.recipe == value.recipe && other.part == value.part) {
        return &other;
      }
    }
    return nullptr;
  }
  double optimum_of(const ReportedValue& value, const Reading& reading) {
    const std::string key =
        fmt::format("{}/{}/{}/{}", static_cast<int>(value.kind), value.model, value.recipe, value.part);
    const auto found = optima_.find(key);
    if (found != optima_.end()) return found->second;
    return optima_[key] = reading.optimum(fitted_rows(value, reading));
  }

  void temperature(Reconciled& row, const Reading& reading) {
    const double optimum = optimum_of(row.stated, reading);
    if (agrees(row, optimum, 1e-4)) return;
    const Rows& rows = fitted_rows(row.stated, reading);
    const double stated = row.stated.value;
    if (!(stated > 0.0) || reading.nll(rows, stated) >= reading.nll(rows, 1.0)) {
      row.why = "its likelihood is no better than without a temperature, so no fit stopped there";
      return;
    }
    row.difference = Difference::kTemperatureFit;
    const double share = 100.0 * std::log(stated) / std::log(optimum);
    if (row.stated.kind == ReportedKind::kEarlier) {
      row.why = fmt::format("fitted on other rows, or not to the end: {:.0f} % of the optimal log T", share);
      return;
    }
    row.why = fmt::format("the fit stopped at {:.0f} % of the optimal log T", share);
    const auto fit = reproduction_of(row.stated, half_unit(row.stated), *findings_of(row.stated));
    if (!fit) return;
    if (fit->is_it) {
      row.why = fmt::format("{} gives it; it stops at {:.0f} % of the optimal log T", fit->recipe, share);
    } else if (fit->float_stops) {
      row.why = fmt::format("{} gives {:.4f}, and less in single precision; {:.0f} % of the optimal log T",
                            fit->recipe, fit->temperature, share);
    } else {
      row.difference = Difference::kUnexplained;
      row.why = fmt::format("{} gives {:.4f}; the optimum is {:.4f}", fit->recipe, fit->temperature, optimum);
    }
  }

  void ece_before(Reconciled& row, const Reading& reading) const {
    const Rows& rows = rows_of(row.stated, reading);
    const double slack = kFloatNoise + kMovedExamples / static_cast<double>(rows.size());
    if (agrees(row, reading.ece(rows, 1.0), kFloatNoise)) return;
    Reconciled other = row;
    if (agrees(other, reading.ece(rows, 1.0, true), kFloatNoise)) {
      row.difference = Difference::kBinEdges;
      row.why = fmt::format("bins closed on the left give {:.4f}", *other.computed);
    } else if (std::abs(row.stated.value - *row.computed) <= half_unit(row.stated) + slack) {
      row.difference = Difference::kBinEdges;
      row.why = "an example at the edge of a bin";
    }
  }

  void ece_after(Reconciled& row, const Reading& reading) {
    const Rows& rows = rows_of(row.stated, reading);
    const double optimum = optimum_of(row.stated, reading);
    row.computed = reading.ece(rows, optimum);
    const ReportedValue* fitted = stated_temperature(row.stated);
    if (fitted == nullptr) {
      if (!agrees(row, *row.computed, kFloatNoise)) row.why = "no temperature is stated beside it";
      return;
    }
    // A rounded T reads a slightly different ECE.
    const double unit = half_unit(*fitted);
    const double slack =
        kFloatNoise + kMovedExamples / static_cast<double>(rows.size()) + half_unit(row.stated);
    bool found = false;
    bool left = false;
    double at_stated = 0.0;
    for (const bool closed_left : {false, true}) {
      for (const double temperature : {fitted->value, fitted->value - unit, fitted->value + unit}) {
        const double value = reading.ece(rows, temperature, closed_left);
        if (!closed_left && temperature == fitted->value) at_stated = value;
        if (found || std::abs(value - row.stated.value) > slack) continue;
        found = true;
        left = closed_left;
      }
    }
    if (found && std::abs(*row.computed - row.stated.value) <= kFloatNoise + half_unit(row.stated)) {
      agrees(row, *row.computed, kFloatNoise);
    } else if (found) {
      row.difference = Difference::kTemperatureFit;
      row.why = fmt::format(
          "at the file's T = {:.4g} Quantier reads {:.4f} too{}; at the optimum {:.4g} it is {:.4f}",
          fitted->value, at_stated, left ? " (bins closed on the left)" : "", optimum, *row.computed);
    } else if (row.stated.kind == ReportedKind::kEarlier &&
               within_random_halves(row, reading, fitted->value)) {
      row.difference = Difference::kSeed;
      row.why =
          fmt::format("read on a random half that the file does not name; all rows at its T = {:.4g}: {:.4f}",
                      fitted->value, at_stated);
    } else {
      row.difference = Difference::kUnexplained;
      row.why = fmt::format("at the file's T = {:.4g} Quantier reads {:.4f}", fitted->value, at_stated);
    }
  }

  // Whether some random half reads so.
  bool within_random_halves(const Reconciled& row, const Reading& reading, double temperature) const {
    double least = 1.0;
    double most = 0.0;
    for (std::uint64_t half = 0; half < kTriedHalves; ++half) {
      Philox random(input_.seed, half);
      Rows rows = reading.all();
      shuffle(rows, random);
      rows.resize(std::max<std::size_t>(1, rows.size() / 2));
      std::ranges::sort(rows);
      const double value = reading.ece(rows, temperature, half % 2 == 1);
      least = std::min(least, value);
      most = std::max(most, value);
    }
    const double margin = 0.25 * (most - least) + half_unit(row.stated);
    return row.stated.value >= least - margin && row.stated.value <= most + margin;
  }

  void tier_value(Reconciled& row) {
    const TierComparison* found = comparison_of(row.stated);
    if (found == nullptr) {
      row.why = "nothing was compared in this tier";
      return;
    }
    if (row.stated.recipe.empty()) row.stated.recipe = found->recipe;
    const std::string& quantity = row.stated.quantity;
    if (quantity == "n") {
      agrees(row, static_cast<double>(found->n), 0.0);
      return;
    }
    const auto n = static_cast<double>(found->n);
    const double discordant = static_cast<double>(found->flips.discordant()) / n;
    const double deviation = std::sqrt(std::max(discordant - found->delta * found->delta, 0.0) / n);
    if (quantity == "delta") {
      if (agrees(row, found->delta, 1e-9)) return;
      if (std::abs(row.stated.value - found->delta) <=
          kStandardErrors * deviation / std::sqrt(kFewestReplicates) + half_unit(row.stated)) {
        row.difference = Difference::kBootstrapMean;
        row.why = "the mean of bootstrap replicates; the observed difference has no noise of drawing";
      }
      return;
    }
    if (quantity != "delta_low" && quantity != "delta_high") {
      row.why = "nothing here computes it";
      return;
    }
    if (!found->bootstrap) return;
    if (agrees(row, quantity == "delta_low" ? found->bootstrap->low : found->bootstrap->high, 1e-9)) return;
    // Standard error of a 2.5 % quantile of normal replicates: sqrt(p q / B) / density, and one step of the
    // lattice 1 / n on which replicates lie.
    constexpr double kQuantileError = 2.67;
    const double slack =
        kStandardErrors * kQuantileError * deviation / std::sqrt(kFewestReplicates) + 1.0 / n;
    if (std::abs(row.stated.value - *row.computed) <= slack + half_unit(row.stated)) {
      row.difference = Difference::kSeed;
      row.why = "drawn replicates; Quantier sums the distribution they are drawn from";
    }
  }

  void class_value(Reconciled& row) const {
    const ConfigurationFindings* findings = findings_of(row.stated);
    if (findings == nullptr) {
      row.why = "no predictions of this configuration are here";
      return;
    }
    for (const NamedClass& named : findings->named_classes) {
      if (named.label != row.stated.label) continue;
      const std::string& quantity = row.stated.quantity;
      const std::optional<double> value = quantity == "n" ? std::optional(static_cast<double>(named.n))
                                          : quantity == "accuracy"              ? named.accuracy
                                          : quantity == "mean_probability_true" ? named.mean_probability_true
                                                                                : std::nullopt;
      if (value) {
        agrees(row, *value, kFloatNoise);
      } else {
        row.why = "nothing here computes it";
      }
    }
  }

  const ReconcileInput& input_;
  const std::vector<Run>& runs_;
  const std::vector<Run>& earlier_;
  std::optional<Analysis> analysis_;
  std::map<std::string, Reading> readings_;
  std::map<std::string, double> optima_;
};

}  // namespace

bool is_cost(const std::string& quantity) {
  return quantity == "latency_ms" || quantity == "memory_gb" || quantity == "batch_size";
}

const char* difference_name(Difference difference) {
  switch (difference) {
    case Difference::kNone:
      return "equal";
    case Difference::kRounding:
      return "rounding";
    case Difference::kTemperatureFit:
      return "temperature fit";
    case Difference::kBootstrapMean:
      return "bootstrap mean";
    case Difference::kSeed:
      return "seed";
    case Difference::kBinEdges:
      return "bin edges";
    case Difference::kDefinition:
      return "definition";
    case Difference::kNotComputed:
      return "not computed";
    case Difference::kUnexplained:
      return "UNEXPLAINED";
  }
  return "UNEXPLAINED";
}

Result<Reconciliation> reconcile(const ReconcileInput& input, const std::vector<Run>& runs,
                                 const std::vector<Run>& earlier) {
  return Reconciling(input, runs, earlier).all();
}

}  // namespace quantier
