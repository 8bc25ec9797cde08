// What a change of weights did to predictions, tier by tier: paired, example by example, against the same
// model unchanged.
//
// Flips are what a user sees, and are few when one layer changes; the divergence of the probabilities, KL(p
// || q) in nats with p of the reference, moves with every example and adds up nearly over layers, since small
// changes of the logits are nearly independent and enter squared. So flips are reported and divergence is
// what a choice is made by.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "quantier/record/predictions.h"

namespace quantier {

struct TierDamage {
  std::uint64_t examples = 0;
  std::uint64_t changed = 0;   // predictions that differ
  std::uint64_t lost = 0;      // of those: right before, wrong now
  std::uint64_t gained = 0;    // wrong before, right now
  std::uint64_t right = 0;     // right now
  double mean_divergence = 0;  // nats
};

// Which tier every example belongs to; without labels all examples are one tier.
struct ExampleTiers {
  std::vector<std::string> names;
  std::vector<std::int32_t> tier_of_example;  // [examples] index into names, or -1: counted nowhere
};

// One entry a tier. `labels` may be empty: then lost, gained and right stay 0.
[[nodiscard]] std::vector<TierDamage> damage_of(const Predictions& reference, const Predictions& changed,
                                                std::span<const std::int32_t> labels,
                                                const ExampleTiers& tiers);

// The number a choice is made by: the mean of the tiers' divergences by weight, tiers without examples left
// out. `weights` has an entry for each tier.
[[nodiscard]] double weighted_divergence(std::span<const TierDamage> damage, std::span<const double> weights);

}  // namespace quantier
