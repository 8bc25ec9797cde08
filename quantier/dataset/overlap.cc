#include "quantier/dataset/overlap.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string_view>
#include <unordered_map>

#include "quantier/dataset/fingerprint.h"
#include "quantier/dataset/shingles.h"

namespace quantier {
namespace {

double jaccard(const std::vector<std::uint64_t>& a, const std::vector<std::uint64_t>& b) {
  std::size_t common = 0;
  for (std::size_t i = 0, j = 0; i < a.size() && j < b.size();) {
    if (a[i] == b[j]) {
      ++common;
      ++i;
      ++j;
    } else if (a[i] < b[j]) {
      ++i;
    } else {
      ++j;
    }
  }
  return static_cast<double>(common) / static_cast<double>(a.size() + b.size() - common);
}

class Index {
 public:
  Index(std::span<const std::string> texts, double near)
      : near_(near), best_(texts.size(), Overlap{0, 0, false, 0}) {
    for (const std::string& text : texts) {
      equal_.emplace(normalised_text(text), sets_.size());  // the first of several equal ones stands for them
      sets_.push_back(shingles_of(text));
      for (const std::uint64_t shingle : sets_.back()) ++frequency_[shingle];
    }
    for (std::size_t i = 0; i < sets_.size(); ++i) {
      for (const std::uint64_t shingle : prefix(sets_[i])) holders_[shingle].push_back(i);
    }
    seen_by_.assign(texts.size(), 0);
  }

  void look_up(std::string_view text, std::size_t number) {
    if (const auto found = equal_.find(normalised_text(text)); found != equal_.end())
      keep({found->second, number, true, 1.0});
    const std::vector<std::uint64_t> set = shingles_of(text);
    for (const std::uint64_t shingle : prefix(set)) {
      const auto holders = holders_.find(shingle);
      if (holders == holders_.end()) continue;
      for (const std::size_t i : holders->second) {
        if (seen_by_[i] == number + 1) continue;
        seen_by_[i] = number + 1;
        const double similarity = jaccard(sets_[i], set);
        if (similarity >= near_) keep({i, number, false, similarity});
      }
    }
  }

  [[nodiscard]] std::vector<Overlap> found() const {
    std::vector<Overlap> overlaps;
    for (const Overlap& best : best_) {
      if (best.similarity > 0) overlaps.push_back(best);
    }
    return overlaps;
  }

 private:
  // The rarest shingles, as many as two similar sets cannot both leave out.
  [[nodiscard]] std::vector<std::uint64_t> prefix(const std::vector<std::uint64_t>& set) const {
    if (set.empty()) return {};
    std::vector<std::uint64_t> ordered = set;
    const auto rarity = [&](std::uint64_t shingle) {
      const auto found = frequency_.find(shingle);
      return std::pair{found == frequency_.end() ? 0U : found->second, shingle};
    };
    std::ranges::sort(ordered, {}, rarity);
    const auto shared = static_cast<std::size_t>(std::ceil(near_ * static_cast<double>(set.size()) - 1e-9));
    ordered.resize(set.size() - std::max<std::size_t>(shared, 1) + 1);
    return ordered;
  }

  void keep(const Overlap& overlap) {
    Overlap& best = best_[overlap.first];
    const bool is_better = best.similarity == 0 || (overlap.is_equal && !best.is_equal) ||
                           (overlap.is_equal == best.is_equal && overlap.similarity > best.similarity);
    if (is_better) best = overlap;
  }

  double near_;
  std::vector<std::vector<std::uint64_t>> sets_;
  std::unordered_map<std::uint64_t, std::uint32_t> frequency_;
  std::unordered_map<std::uint64_t, std::vector<std::size_t>> holders_;
  std::unordered_map<std::string, std::size_t> equal_;
  std::vector<std::size_t> seen_by_;  // the text that looked last, plus one
  std::vector<Overlap> best_;         // similarity 0: none
};

}  // namespace

bool more_than_chance(std::size_t near, std::size_t texts) {
  constexpr double kShare = 0.02;
  return static_cast<double>(near) > std::max(1.0, kShare * static_cast<double>(texts));
}

std::vector<Overlap> find_overlaps(std::span<const std::string> first, std::span<const std::string> second,
                                   double near) {
  Index index(first, near);
  for (std::size_t i = 0; i < second.size(); ++i) index.look_up(second[i], i);
  return index.found();
}

}  // namespace quantier
