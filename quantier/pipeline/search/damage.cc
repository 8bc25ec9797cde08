#include "quantier/pipeline/search/damage.h"

#include <algorithm>
#include <cmath>

#include "quantier/base/check.h"

namespace quantier {
namespace {

// log(sum(exp(row)))
double log_sum(std::span<const float> row) {
  const double largest = *std::ranges::max_element(row);
  double sum = 0;
  for (const float logit : row) sum += std::exp(static_cast<double>(logit) - largest);
  return largest + std::log(sum);
}

// KL(softmax(p) || softmax(q)), never below 0.
double divergence(std::span<const float> p, std::span<const float> q) {
  const double log_p = log_sum(p);
  const double log_q = log_sum(q);
  double sum = 0;
  for (std::size_t k = 0; k < p.size(); ++k) {
    const double of_p = static_cast<double>(p[k]) - log_p;
    sum += std::exp(of_p) * (of_p - (static_cast<double>(q[k]) - log_q));
  }
  return std::max(sum, 0.0);
}

}  // namespace

std::vector<TierDamage> damage_of(const Predictions& reference, const Predictions& changed,
                                  std::span<const std::int32_t> labels, const ExampleTiers& tiers) {
  QT_CHECK(reference.example_count == changed.example_count &&
               tiers.tier_of_example.size() == reference.example_count,
           "damage is read example by example");
  std::vector<TierDamage> damage(tiers.names.size());
  for (std::size_t i = 0; i < reference.example_count; ++i) {
    if (tiers.tier_of_example[i] < 0) continue;
    TierDamage& tier = damage[static_cast<std::size_t>(tiers.tier_of_example[i])];
    const std::int32_t before = argmax(reference.row(i));
    const std::int32_t now = argmax(changed.row(i));
    ++tier.examples;
    tier.changed += before != now ? 1U : 0U;
    tier.mean_divergence += divergence(reference.row(i), changed.row(i));
    if (labels.empty()) continue;
    tier.right += now == labels[i] ? 1U : 0U;
    tier.lost += before == labels[i] && now != labels[i] ? 1U : 0U;
    tier.gained += before != labels[i] && now == labels[i] ? 1U : 0U;
  }
  for (TierDamage& tier : damage) {
    if (tier.examples > 0) tier.mean_divergence /= static_cast<double>(tier.examples);
  }
  return damage;
}

double weighted_divergence(std::span<const TierDamage> damage, std::span<const double> weights) {
  QT_CHECK(damage.size() == weights.size(), "one weight for each tier");
  double sum = 0;
  double total = 0;
  for (std::size_t t = 0; t < damage.size(); ++t) {
    if (damage[t].examples == 0) continue;
    sum += weights[t] * damage[t].mean_divergence;
    total += weights[t];
  }
  return total > 0 ? sum / total : 0.0;
}

}  // namespace quantier
