// Tables of comparisons whose truth is known: how often does "established" cry wolf, how often does it see
// what is there, and does Tango's interval cover?
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "quantier/base/rng.h"
#include "quantier/stats/comparisons/paired_counts.h"
#include "quantier/stats/comparisons/parts.h"
#include "quantier/stats/estimators/binomial.h"
#include "quantier/stats/estimators/proportion.h"
#include "quantier/stats/estimators/verdict.h"

namespace quantier::bench {

using analysis_internal::PairedCounts;

inline constexpr std::size_t kTableCells = 12;

struct CellTruth {
  std::uint64_t n = 0;
  double flips = 0.0;       // share of examples that change between right and wrong
  double lost_share = 0.5;  // of those, for the worse
};

inline PairedCounts draw_cell(const CellTruth& truth, Philox& random) {
  PairedCounts counts;
  counts.n = truth.n;
  const std::uint64_t changed = draw_binomial(truth.n, truth.flips, random);
  counts.lost = draw_binomial(changed, truth.lost_share, random);
  counts.gained = changed - counts.lost;
  return counts;
}

// n log-uniform in 210..4500, flips uniform in 1..10 %.
inline CellTruth null_cell(Philox& random) {
  CellTruth truth;
  truth.n = static_cast<std::uint64_t>(
      std::lround(std::exp(std::log(210.0) + random.next_uniform() * std::log(4500.0 / 210.0))));
  truth.flips = 0.01 + 0.09 * random.next_uniform();
  return truth;
}

// The words as Analysis gives them. R costs the most and matters only where Holm's p is small.
inline std::vector<EvidenceWord> words_of(const std::vector<PairedCounts>& table) {
  std::vector<double> p_values;
  for (const PairedCounts& counts : table) {
    p_values.push_back(analysis_internal::mcnemar_mid_p_value(counts.lost, counts.gained));
  }
  const std::vector<double> adjusted = analysis_internal::holm_adjusted(p_values);
  std::vector<EvidenceWord> words;
  for (std::size_t i = 0; i < table.size(); ++i) {
    const double replication =
        adjusted[i] < 0.05 ? analysis_internal::replication_probability(table[i]) : 0.0;
    words.push_back(
        evidence_word(analysis_internal::tango_score_interval(table[i]), adjusted[i], replication));
  }
  return words;
}

// Exact McNemar: two-sided binomial, both tails.
inline double exact_mcnemar(const PairedCounts& counts) {
  const std::uint64_t fewer = std::min(counts.lost, counts.gained);
  return std::min(2.0 * binomial_at_most(counts.discordant(), fewer, 0.5), 1.0);
}

struct NullResult {
  std::uint64_t tables = 0;
  std::uint64_t any_established = 0;
  std::uint64_t any_holm = 0;         // Holm's p alone
  std::uint64_t any_directional = 0;  // or better
};

inline NullResult null_tables(std::uint32_t tables, std::uint64_t seed, ThreadPool* pool) {
  std::vector<NullResult> all(tables);
  analysis_internal::for_each_task(pool, tables, [&](std::size_t t) {
    Philox random(seed, t);
    std::vector<PairedCounts> table;
    std::vector<double> p_values;
    for (std::size_t i = 0; i < kTableCells; ++i) {
      table.push_back(draw_cell(null_cell(random), random));
      p_values.push_back(analysis_internal::mcnemar_mid_p_value(table.back().lost, table.back().gained));
    }
    const std::vector<double> adjusted = analysis_internal::holm_adjusted(p_values);
    const std::vector<EvidenceWord> words = words_of(table);
    const auto any = [&](auto predicate) {
      for (std::size_t i = 0; i < kTableCells; ++i) {
        if (predicate(i)) return std::uint64_t{1};
      }
      return std::uint64_t{0};
    };
    all[t].any_established = any([&](std::size_t i) { return words[i] == EvidenceWord::kEstablished; });
    all[t].any_holm = any([&](std::size_t i) { return adjusted[i] < 0.05; });
    all[t].any_directional = any([&](std::size_t i) { return words[i] != EvidenceWord::kUnresolved; });
  });
  NullResult sum;
  sum.tables = tables;
  for (const NullResult& one : all) {
    sum.any_established += one.any_established;
    sum.any_holm += one.any_holm;
    sum.any_directional += one.any_directional;
  }
  return sum;
}

struct PowerResult {
  double holm_mid_p = 0.0;
  double holm_exact = 0.0;
  double established = 0.0;
  double directional = 0.0;  // or better
};

// One cell moves, the other eleven are null.
inline PowerResult power_of(const CellTruth& truth, std::uint32_t tables, std::uint64_t seed,
                            ThreadPool* pool) {
  std::vector<PowerResult> all(tables);
  analysis_internal::for_each_task(pool, tables, [&](std::size_t t) {
    Philox random(seed, t);
    std::vector<PairedCounts> table = {draw_cell(truth, random)};
    while (table.size() < kTableCells) table.push_back(draw_cell(null_cell(random), random));
    std::vector<double> mid_p;
    std::vector<double> exact;
    for (const PairedCounts& counts : table) {
      mid_p.push_back(analysis_internal::mcnemar_mid_p_value(counts.lost, counts.gained));
      exact.push_back(exact_mcnemar(counts));
    }
    all[t].holm_mid_p = analysis_internal::holm_adjusted(mid_p)[0] < 0.05 ? 1.0 : 0.0;
    all[t].holm_exact = analysis_internal::holm_adjusted(exact)[0] < 0.05 ? 1.0 : 0.0;
    const EvidenceWord word = words_of(table)[0];
    all[t].established = word == EvidenceWord::kEstablished ? 1.0 : 0.0;
    all[t].directional = word != EvidenceWord::kUnresolved ? 1.0 : 0.0;
  });
  PowerResult mean;
  for (const PowerResult& one : all) {
    mean.holm_mid_p += one.holm_mid_p / tables;
    mean.holm_exact += one.holm_exact / tables;
    mean.established += one.established / tables;
    mean.directional += one.directional / tables;
  }
  return mean;
}

struct IntervalCoverage {
  double tango = 0.0;
  double bootstrap = 0.0;
};

inline IntervalCoverage interval_coverage(const CellTruth& truth, std::uint32_t draws, std::uint64_t seed,
                                          ThreadPool* pool) {
  const double delta = truth.flips * (1.0 - 2.0 * truth.lost_share);
  std::vector<IntervalCoverage> all(draws);
  analysis_internal::for_each_task(pool, draws, [&](std::size_t d) {
    Philox random(seed, d);
    const PairedCounts counts = draw_cell(truth, random);
    const auto holds = [&](const Interval& interval) {
      return interval.low <= delta + 1e-12 && delta - 1e-12 <= interval.high ? 1.0 : 0.0;
    };
    all[d].tango = holds(analysis_internal::tango_score_interval(counts));
    // The bootstrap costs more and is only shown for comparison.
    if (d % 10 == 0) all[d].bootstrap = holds(analysis_internal::exact_bootstrap_interval(counts));
  });
  IntervalCoverage mean;
  for (const IntervalCoverage& one : all) {
    mean.tango += one.tango / draws;
    mean.bootstrap += one.bootstrap / (draws / 10.0);
  }
  return mean;
}

}  // namespace quantier::bench
