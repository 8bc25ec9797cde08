// A long-tailed classification problem made from a seed, for the benchmarks of the statistics: class
// frequencies fall geometrically (2,666 : 1 from head to tail by default), answers are right about half of
// the time, and a recipe changes a few of them.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "quantier/base/rng.h"

namespace quantier::bench {

struct SyntheticSplit {
  std::size_t classes = 113;
  std::vector<std::int32_t> labels;
  std::vector<std::int32_t> tier_of_class;  // 20 head, 40 mid, the rest tail
};

inline SyntheticSplit make_split(std::size_t n, std::size_t classes, std::uint64_t seed) {
  SyntheticSplit split;
  split.classes = classes;
  std::vector<double> cumulative(classes);
  double sum = 0.0;
  for (std::size_t c = 0; c < classes; ++c) {
    sum += std::pow(2666.0, -static_cast<double>(c) / static_cast<double>(classes - 1));
    cumulative[c] = sum;
    split.tier_of_class.push_back(c < 20 ? 0 : c < 60 ? 1 : 2);
  }
  Philox random(seed, 1);
  for (std::size_t i = 0; i < n; ++i) {
    const double at = random.next_uniform() * sum;
    split.labels.push_back(static_cast<std::int32_t>(
        std::upper_bound(cumulative.begin(), cumulative.end(), at) - cumulative.begin()));
  }
  return split;
}

// Half of the answers right; wrong ones prefer frequent classes.
inline std::vector<std::int32_t> make_answers(const SyntheticSplit& split, std::uint64_t seed) {
  Philox random(seed, 2);
  std::vector<std::int32_t> answers;
  for (const std::int32_t label : split.labels) {
    if (random.next_uniform() < 0.5) {
      answers.push_back(label);
    } else {
      const double u = random.next_uniform();
      answers.push_back(static_cast<std::int32_t>(u * u * static_cast<double>(split.classes)));
    }
  }
  return answers;
}

inline std::vector<std::int32_t> with_flips(const SyntheticSplit& split,
                                            const std::vector<std::int32_t>& answers, double share,
                                            std::uint64_t seed) {
  Philox random(seed, 3);
  std::vector<std::int32_t> changed = answers;
  for (std::size_t i = 0; i < changed.size(); ++i) {
    if (random.next_uniform() >= share) continue;
    changed[i] = random.next_uniform() < 0.4 ? split.labels[i]
                                             : static_cast<std::int32_t>(random.next_below(split.classes));
  }
  return changed;
}

// Logits of `classes` with the answer on top and, over all examples, confidences from unsure to sure.
inline std::vector<float> make_logits(const SyntheticSplit& split, const std::vector<std::int32_t>& answers,
                                      std::uint64_t seed) {
  Philox random(seed, 4);
  std::vector<float> logits;
  logits.reserve(answers.size() * split.classes);
  for (std::size_t i = 0; i < answers.size(); ++i) {
    const std::size_t begin = logits.size();
    for (std::size_t c = 0; c < split.classes; ++c) {
      logits.push_back(static_cast<float>(3.0 * (random.next_uniform() + random.next_uniform() - 1.0)));
    }
    const bool right = answers[i] == split.labels[i];
    const double lead = (right ? 7.0 : 4.5) * random.next_uniform();
    const float top = *std::max_element(logits.begin() + static_cast<std::ptrdiff_t>(begin), logits.end());
    logits[begin + static_cast<std::size_t>(answers[i])] = top + static_cast<float>(lead);
  }
  return logits;
}

}  // namespace quantier::bench
