#include "quantier/dataset/sample.h"

#include <algorithm>
#include <map>
#include <numeric>

#include "quantier/base/rng.h"

namespace quantier {
namespace {

// Separates this use of a seed from every other.
constexpr std::uint64_t kSampleStream = 0x53414D504C450000;  // "SAMPLE"

}  // namespace

std::vector<std::size_t> stratified_sample(const Dataset& dataset, std::size_t size, std::uint64_t seed) {
  const std::size_t n = dataset.size();
  std::vector<std::size_t> kept;
  if (size >= n) {
    kept.resize(n);
    std::iota(kept.begin(), kept.end(), std::size_t{0});
    return kept;
  }
  std::map<std::int32_t, std::vector<std::size_t>> by_label;
  for (std::size_t i = 0; i < n; ++i) by_label[dataset.labels.empty() ? 0 : dataset.labels[i]].push_back(i);

  // size * count / n, whole part and remainder, exactly (data of 2^32 examples would not fit in memory).
  struct Share {
    std::int32_t label;
    std::size_t quota;
    std::size_t remainder;
  };
  std::vector<Share> shares;
  std::size_t given = 0;
  for (const auto& [label, members] : by_label) {
    const auto product = std::uint64_t{size} * members.size();
    shares.push_back({label, product / n, product % n});
    given += shares.back().quota;
  }
  std::ranges::stable_sort(shares, [](const Share& a, const Share& b) { return a.remainder > b.remainder; });
  for (std::size_t i = 0; given < size; ++i, ++given) ++shares[i].quota;

  for (const Share& share : shares) {
    std::vector<std::size_t>& members = by_label[share.label];
    Philox random(seed, kSampleStream + static_cast<std::uint64_t>(share.label));
    shuffle(members, random);
    kept.insert(kept.end(), members.begin(), members.begin() + static_cast<std::ptrdiff_t>(share.quota));
  }
  std::ranges::sort(kept);
  return kept;
}

Dataset keep_examples(const Dataset& dataset, const std::vector<std::size_t>& indices) {
  Dataset kept;
  kept.sha256 = dataset.sha256;
  kept.columns = dataset.columns;
  for (const std::size_t index : indices) {
    kept.texts.push_back(dataset.texts[index]);
    if (!dataset.ids.empty()) kept.ids.push_back(dataset.ids[index]);
    if (!dataset.labels.empty()) kept.labels.push_back(dataset.labels[index]);
  }
  return kept;
}

}  // namespace quantier
