// Contrasts between comparisons, the shape of a loss, and the pattern of each recipe.

#include <algorithm>
#include <cmath>
#include <functional>
#include <numbers>

#include "quantier/stats/comparisons/paired_counts.h"
#include "quantier/stats/comparisons/parts.h"

namespace quantier::analysis_internal {
namespace {

constexpr double kNormalQuantile = 1.959963984540054;  // of 0.975

double normal_cdf(double x) { return 0.5 * std::erfc(-x / std::numbers::sqrt2); }

using Mask = std::vector<std::uint8_t>;

ContrastSide side_of(const RunView& reference, const RunView& candidate, const Split& split, const Mask& mask,
                     std::string part) {
  ContrastSide side;
  side.model = candidate.run->configuration.model;
  side.recipe = candidate.run->configuration.recipe;
  side.part = std::move(part);
  side.n = mask.empty() ? split.labels.size()
                        : static_cast<std::uint64_t>(std::count(mask.begin(), mask.end(), std::uint8_t{1}));
  side.flips = count_flips(split.labels, reference.predictions, candidate.predictions, mask);
  side.delta = static_cast<double>(side.flips.net()) / static_cast<double>(side.n);
  return side;
}

PairedCounts counts_of(const ContrastSide& side) {
  return {side.n, side.flips.right_to_wrong, side.flips.wrong_to_right};
}

// MOVER at a normal quantile.
Interval combined(const ContrastSide& a, const ContrastSide& b, double correlation, double quantile) {
  const Interval of_a = tango_score_interval_at(counts_of(a), quantile);
  const Interval of_b = tango_score_interval_at(counts_of(b), quantile);
  const auto reach = [&](double x, double y) {
    return std::sqrt(std::max(x * x + y * y - 2.0 * correlation * x * y, 0.0));
  };
  const double difference = a.delta - b.delta;
  return {.low = difference - reach(a.delta - of_a.low, of_b.high - b.delta),
          .high = difference + reach(of_a.high - a.delta, b.delta - of_b.low),
          .level = 0.95,
          .method = correlation == 0.0 ? "Tango scores, MOVER" : "Tango scores, MOVER with correlation"};
}

// The two-sided level at which the interval just reaches 0.
double p_of(const std::function<Interval(double)>& interval) {
  double outside = 0.0;  // quantiles at which 0 is outside
  double inside = 38.0;  // beyond it p underflows
  if (!interval(1e-6).excludes_zero()) return 1.0;
  if (interval(inside).excludes_zero()) return 0.0;
  for (int step = 0; step < 50; ++step) {
    const double middle = 0.5 * (inside + outside);
    (interval(middle).excludes_zero() ? outside : inside) = middle;
  }
  return std::erfc(inside / std::numbers::sqrt2);
}

double replication_of(double p) {
  // |z| of a two-sided p, by bisection.
  double low = 0.0;
  double high = 38.0;
  for (int step = 0; step < 60; ++step) {
    const double middle = 0.5 * (low + high);
    (std::erfc(middle / std::numbers::sqrt2) > p ? low : high) = middle;
  }
  return p >= 1.0 ? 0.0 : normal_cdf((low - kNormalQuantile) / std::numbers::sqrt2);
}

Contrast contrast_of(ContrastKind kind, ContrastSide a, ContrastSide b, double correlation) {
  Contrast contrast;
  contrast.kind = kind;
  contrast.difference = a.delta - b.delta;
  contrast.interval = combined(a, b, correlation, kNormalQuantile);
  contrast.p = p_of([&](double quantile) { return combined(a, b, correlation, quantile); });
  contrast.replication = replication_of(contrast.p);
  contrast.a = std::move(a);
  contrast.b = std::move(b);
  return contrast;
}

// What each example contributed to a delta: -1, 0 or 1.
int contribution(const RunView& reference, const RunView& candidate, std::size_t i) {
  return static_cast<int>(candidate.right[i]) - static_cast<int>(reference.right[i]);
}

struct Covariance {
  double aa = 0.0;
  double bb = 0.0;
  double ab = 0.0;
};

// Of the two deltas' means over the examples of the mask.
Covariance covariance_of(const RunView& reference_a, const RunView& a, const RunView& reference_b,
                         const RunView& b, const Mask& mask) {
  double n = 0.0;
  double sum_a = 0.0;
  double sum_b = 0.0;
  Covariance sums;
  for (std::size_t i = 0; i < a.right.size(); ++i) {
    if (!mask.empty() && mask[i] == 0) continue;
    const int x = contribution(reference_a, a, i);
    const int y = contribution(reference_b, b, i);
    n += 1.0;
    sum_a += x;
    sum_b += y;
    sums.aa += x * x;
    sums.bb += y * y;
    sums.ab += x * y;
  }
  if (n == 0.0) return {};
  return {(sums.aa / n - sum_a / n * (sum_a / n)) / n, (sums.bb / n - sum_b / n * (sum_b / n)) / n,
          (sums.ab / n - sum_a / n * (sum_b / n)) / n};
}

// Upper tail of chi-square.
double chi_square_tail(double x, std::uint32_t degrees) {
  if (x <= 0.0) return 1.0;
  double tail = degrees % 2 == 1 ? std::erfc(std::sqrt(x / 2.0)) : std::exp(-x / 2.0);
  for (std::uint32_t d = degrees % 2 == 1 ? 1 : 2; d < degrees; d += 2) {
    int sign = 0;
    tail += std::exp(0.5 * d * std::log(x / 2.0) - x / 2.0 - lgamma_r(0.5 * d + 1.0, &sign));
  }
  return std::min(tail, 1.0);
}

const TierComparison* find(const Analysis& analysis, const RunView& candidate, const std::string& tier) {
  for (const TierComparison& comparison : analysis.comparisons) {
    if (comparison.run_key == candidate.run->key && comparison.tier == tier &&
        comparison.model == candidate.run->configuration.model &&
        comparison.recipe == candidate.run->configuration.recipe) {
      return &comparison;
    }
  }
  return nullptr;
}

struct TierPair {
  double a = 0.0;
  double b = 0.0;
  Covariance covariance;
};

// min over a common factor of the squared distances, which is chi-square with one degree less than tiers. The
// factor is a direction, so that neither recipe has to be the larger one.
void test_proportion(const std::vector<TierPair>& tiers, ShapeComparison& shape) {
  const auto distance = [&](double angle) {
    const double c = std::cos(angle);
    const double s = std::sin(angle);
    double sum = 0.0;
    for (const TierPair& tier : tiers) {
      const double variance =
          c * c * tier.covariance.aa - 2.0 * c * s * tier.covariance.ab + s * s * tier.covariance.bb;
      const double gap = c * tier.a - s * tier.b;
      sum += variance > 0.0 ? gap * gap / variance : gap == 0.0 ? 0.0 : 1e9;
    }
    return sum;
  };
  constexpr int kGrid = 1440;
  double best = 0.0;
  for (int i = 1; i < kGrid; ++i) {
    const double angle = std::numbers::pi * i / kGrid;
    if (distance(angle) < distance(best)) best = angle;
  }
  double step = std::numbers::pi / kGrid;
  for (int i = 0; i < 60; ++i, step *= 0.7) {
    if (distance(best - step) < distance(best)) best -= step;
    if (distance(best + step) < distance(best)) best += step;
  }
  shape.degrees = static_cast<std::uint32_t>(tiers.size() - 1);
  shape.p = chi_square_tail(distance(best), shape.degrees);
  if (std::abs(std::cos(best)) > 1e-6) shape.factor = std::tan(best);  // a cos = b sin
}

bool any_resolved(const Analysis& analysis, const RunView& view, const AnalysisTiers& tiers) {
  return std::any_of(tiers.names.begin(), tiers.names.end(), [&](const std::string& name) {
    const TierComparison* comparison = find(analysis, view, name);
    return comparison != nullptr && comparison->evidence != EvidenceWord::kUnresolved;
  });
}

ShapeComparison shape_of(const RunView& reference, const RunView& a, const RunView& b, const Split& split,
                         const AnalysisTiers& tiers, const Analysis& analysis) {
  ShapeComparison shape;
  shape.model = a.run->configuration.model;
  shape.recipe_a = a.run->configuration.recipe;
  shape.recipe_b = b.run->configuration.recipe;
  std::vector<TierPair> pairs;
  for (std::size_t t = 0; t < tiers.names.size(); ++t) {
    if (split.tier_examples[t] == 0) continue;
    TierPair pair;
    pair.a = side_of(reference, a, split, split.tier_masks[t], "").delta;
    pair.b = side_of(reference, b, split, split.tier_masks[t], "").delta;
    pair.covariance = covariance_of(reference, a, reference, b, split.tier_masks[t]);
    if (pair.covariance.aa > 0.0 || pair.covariance.bb > 0.0) pairs.push_back(pair);
  }
  const bool of_a = any_resolved(analysis, a, tiers);
  const bool of_b = any_resolved(analysis, b, tiers);
  shape.word = of_a && of_b   ? ShapeWord::kProportional
               : of_a || of_b ? ShapeWord::kOnlyOne
                              : ShapeWord::kNoDamage;
  if (pairs.size() < 2 || shape.word == ShapeWord::kNoDamage) return shape;
  test_proportion(pairs, shape);
  if (of_a && of_b && *shape.p < 0.05) shape.word = ShapeWord::kAnotherShape;
  return shape;
}

PatternFinding pattern_of(const RunView& reference, const RunView& candidate, const AnalysisTiers& tiers,
                          const Analysis& analysis) {
  PatternFinding finding;
  finding.model = candidate.run->configuration.model;
  finding.recipe = candidate.run->configuration.recipe;
  finding.reference_recipe = reference.run->configuration.recipe;
  const auto strengthen = [&](EvidenceWord word) {
    // The words stand from strong to weak.
    finding.strongest = std::min(finding.strongest, word);
  };
  for (const std::string& name : tiers.names) {
    const TierComparison* comparison = find(analysis, candidate, name);
    if (comparison == nullptr) continue;
    if (comparison->evidence == EvidenceWord::kUnresolved) {
      finding.unresolved.push_back(name);
      continue;
    }
    (comparison->delta < 0.0 ? finding.lost : finding.gained).push_back(name);
    strengthen(comparison->evidence);
  }
  const TierComparison* all = find(analysis, candidate, "all");
  const bool overall = all != nullptr && all->evidence != EvidenceWord::kUnresolved;
  if (!finding.lost.empty() && !finding.gained.empty()) {
    finding.pattern = DamagePattern::kMixed;
  } else if (!finding.lost.empty()) {
    finding.pattern = finding.unresolved.empty() ? DamagePattern::kEveryTier : DamagePattern::kSomeTiers;
  } else if (!finding.gained.empty()) {
    finding.pattern = DamagePattern::kGains;
  } else if (overall) {
    finding.pattern = DamagePattern::kOverallOnly;
    strengthen(all->evidence);
  }
  const auto role = [&](const std::string& tier) {
    const auto in = [&](const std::vector<std::string>& list) {
      return std::find(list.begin(), list.end(), tier) != list.end();
    };
    return in(finding.lost) ? -1 : in(finding.gained) ? 1 : 0;
  };
  for (const Contrast& contrast : analysis.contrasts) {
    if (contrast.kind != ContrastKind::kTierAgainstTier || contrast.a.model != finding.model ||
        contrast.a.recipe != finding.recipe) {
      continue;
    }
    if (role(contrast.a.part) != role(contrast.b.part) && contrast.interval.excludes_zero()) {
      finding.contrast_resolved = true;
    }
  }
  return finding;
}

Mask class_mask(const Split& split, std::int32_t class_id) {
  Mask mask(split.labels.size());
  for (std::size_t i = 0; i < mask.size(); ++i) mask[i] = split.labels[i] == class_id ? 1 : 0;
  return mask;
}

void contrasts_of_one(const RunView& reference, const RunView& candidate, const Split& split,
                      const AnalysisTiers& tiers, const AnalysisOptions& options,
                      std::vector<Contrast>& out) {
  const auto tier_side = [&](std::size_t t) {
    return side_of(reference, candidate, split, split.tier_masks[t], tiers.names[t]);
  };
  for (std::size_t s = 0; s < tiers.names.size(); ++s) {
    for (std::size_t t = s + 1; t < tiers.names.size(); ++t) {
      if (split.tier_examples[s] == 0 || split.tier_examples[t] == 0) continue;
      out.push_back(contrast_of(ContrastKind::kTierAgainstTier, tier_side(s), tier_side(t), 0.0));
    }
  }
  const std::vector<std::string>& names = candidate.data().label_names;
  for (const std::string& label : options.named_classes) {
    const auto id = static_cast<std::size_t>(std::find(names.begin(), names.end(), label) - names.begin());
    if (tiers.tier_of_class.empty() || tiers.tier_of_class[id] < 0 || split.support[id] == 0) continue;
    const auto tier = static_cast<std::size_t>(tiers.tier_of_class[id]);
    const Mask own = class_mask(split, static_cast<std::int32_t>(id));
    Mask rest = split.tier_masks[tier];
    for (std::size_t i = 0; i < rest.size(); ++i) rest[i] = rest[i] != 0 && own[i] == 0 ? 1 : 0;
    if (split.tier_examples[tier] == split.support[id]) continue;
    out.push_back(contrast_of(ContrastKind::kClassAgainstTier,
                              side_of(reference, candidate, split, own, label),
                              side_of(reference, candidate, split, rest, tiers.names[tier]), 0.0));
  }
}

void contrast_recipes(const RunView& reference, const RunView& a, const RunView& b, const Split& split,
                      const Mask& mask, const std::string& part, std::vector<Contrast>& out) {
  Contrast contrast;
  contrast.kind = ContrastKind::kRecipeAgainstRecipe;
  contrast.a = side_of(reference, a, split, mask, part);
  contrast.b = side_of(reference, b, split, mask, part);
  contrast.direct_flips = count_flips(split.labels, b.predictions, a.predictions, mask);
  const PairedCounts counts{contrast.a.n, contrast.direct_flips->right_to_wrong,
                            contrast.direct_flips->wrong_to_right};
  contrast.difference = counts.difference();
  contrast.interval = tango_score_interval(counts);
  contrast.p = mcnemar_mid_p_value(counts.lost, counts.gained);
  contrast.replication = replication_probability(counts);
  out.push_back(std::move(contrast));
}

void contrast_models(const RunView& reference_a, const RunView& a, const RunView& reference_b,
                     const RunView& b, const Split& split, const Mask& mask, const std::string& part,
                     std::vector<Contrast>& out) {
  const Covariance covariance = covariance_of(reference_a, a, reference_b, b, mask);
  const double scale = std::sqrt(covariance.aa * covariance.bb);
  const double correlation = scale > 0.0 ? std::clamp(covariance.ab / scale, -1.0, 1.0) : 0.0;
  out.push_back(contrast_of(ContrastKind::kModelAgainstModel, side_of(reference_a, a, split, mask, part),
                            side_of(reference_b, b, split, mask, part), correlation));
}

}  // namespace

Status add_contrasts(const std::vector<RunView>& views, const Split& split, const AnalysisTiers& tiers,
                     const AnalysisOptions& options, Analysis& analysis) {
  std::vector<std::optional<std::size_t>> references;
  for (std::size_t i = 0; i < views.size(); ++i) {
    const bool own = views[i].run->configuration.recipe == options.reference_recipe;
    references.push_back(own ? std::nullopt : reference_of(views, i, options.reference_recipe));
  }
  const auto in_every_part = [&](const auto& body) {
    body(Mask{}, std::string("all"));
    for (std::size_t t = 0; t < tiers.names.size(); ++t) {
      if (split.tier_examples[t] > 0) body(split.tier_masks[t], tiers.names[t]);
    }
  };
  std::vector<Contrast>& out = analysis.contrasts;
  for (std::size_t i = 0; i < views.size(); ++i) {
    if (stop_requested(options.interrupt)) return interrupted();
    if (!references[i]) continue;
    const RunView& reference = views[*references[i]];
    contrasts_of_one(reference, views[i], split, tiers, options, out);
    const ConfigurationId& id = views[i].run->configuration;
    for (std::size_t j = 0; j < i; ++j) {
      if (!references[j]) continue;
      const ConfigurationId& other = views[j].run->configuration;
      if (*references[i] == *references[j]) {
        in_every_part([&](const Mask& mask, const std::string& part) {
          contrast_recipes(reference, views[i], views[j], split, mask, part, out);
        });
        analysis.shapes.push_back(shape_of(reference, views[i], views[j], split, tiers, analysis));
      } else if (id.recipe == other.recipe && id.device == other.device) {
        in_every_part([&](const Mask& mask, const std::string& part) {
          contrast_models(reference, views[i], views[*references[j]], views[j], split, mask, part, out);
        });
      }
    }
  }
  std::vector<double> p_values;
  p_values.reserve(out.size());
  for (const Contrast& contrast : out) p_values.push_back(contrast.p);
  const std::vector<double> adjusted = holm_adjusted(p_values);
  for (std::size_t i = 0; i < out.size(); ++i) {
    out[i].holm_p = adjusted[i];
    out[i].evidence = evidence_word(out[i].interval, out[i].holm_p, out[i].replication);
    out[i].size = size_word(out[i].interval, options.margin);
  }
  for (std::size_t i = 0; i < views.size(); ++i) {
    if (references[i])
      analysis.patterns.push_back(pattern_of(views[*references[i]], views[i], tiers, analysis));
  }
  return {};
}

}  // namespace quantier::analysis_internal

namespace quantier {

const char* contrast_kind_name(ContrastKind kind) {
  switch (kind) {
    case ContrastKind::kTierAgainstTier:
      return "tier against tier";
    case ContrastKind::kRecipeAgainstRecipe:
      return "recipe against recipe";
    case ContrastKind::kModelAgainstModel:
      return "model against model";
    case ContrastKind::kClassAgainstTier:
      return "class against tier";
  }
  return "";
}

const char* shape_word_name(ShapeWord word) {
  switch (word) {
    case ShapeWord::kNoDamage:
      return "no damage resolved";
    case ShapeWord::kOnlyOne:
      return "only one resolved";
    case ShapeWord::kProportional:
      return "proportional not refuted";
    case ShapeWord::kAnotherShape:
      return "another shape";
  }
  return "";
}

const char* damage_pattern_name(DamagePattern pattern) {
  switch (pattern) {
    case DamagePattern::kNoneResolved:
      return "none resolved";
    case DamagePattern::kOverallOnly:
      return "overall only";
    case DamagePattern::kEveryTier:
      return "every tier";
    case DamagePattern::kSomeTiers:
      return "some tiers";
    case DamagePattern::kMixed:
      return "mixed";
    case DamagePattern::kGains:
      return "gains";
  }
  return "";
}

}  // namespace quantier
