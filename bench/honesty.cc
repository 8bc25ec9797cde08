// Do the verdicts and intervals keep what they promise? Simulations with known truth, from a seed; prints
// tables and ends with 1 when a goal is missed. A few minutes on two cores.
//
//   bench_honesty [--threads 2] [--seed 1] [--data-sets 1000]

#include <cstdlib>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "bench/honesty_calibration.h"
#include "bench/honesty_tables.h"
#include "quantier/base/thread_pool.h"

namespace {

using namespace quantier;
using namespace quantier::bench;

struct Settings {
  std::size_t threads = 2;
  std::uint64_t seed = 1;
  std::uint32_t data_sets = 1000;
};

bool goal(bool reached, const std::string& sentence) {
  fmt::print("{} {}\n", reached ? "reached:" : "MISSED: ", sentence);
  return reached;
}

bool nulls(const Settings& settings, ThreadPool& pool) {
  fmt::print("\n2,000 tables of 12 comparisons without any difference (n 210..4500, 1-10 % flips)\n");
  const NullResult result = null_tables(2000, settings.seed, &pool);
  const auto line = [&](const char* what, std::uint64_t count) {
    const Interval interval = clopper_pearson_interval(count, result.tables);
    fmt::print("  tables with any {:30} {:6.2f} %   95 % Clopper-Pearson {:.2f}..{:.2f} %\n", what,
               100.0 * static_cast<double>(count) / static_cast<double>(result.tables), 100.0 * interval.low,
               100.0 * interval.high);
    return interval.high;
  };
  const double upper = line("established", result.any_established);
  line("Holm p < 0.05", result.any_holm);
  line("directional or established", result.any_directional);
  return goal(upper <= 0.06, "upper bound of tables with any false `established` <= 6 %");
}

bool coverage(const Settings& settings, ThreadPool& pool) {
  fmt::print("\nCoverage of the 95 % interval of an accuracy difference (20,000 draws; bootstrap 2,000)\n");
  fmt::print("  {:>5} {:>6} {:>12} {:>8} {:>10}\n", "n", "flips", "down:up", "Tango", "bootstrap");
  struct Ratio {
    const char* name;
    double lost;
  };
  double worst = 1.0;
  std::uint64_t seed = settings.seed + 1000;
  for (const std::uint64_t n : {210u, 500u, 1700u, 4500u}) {
    for (const double flips : {0.01, 0.03, 0.10}) {
      for (const Ratio ratio : {Ratio{"1:0", 1.0}, Ratio{"4:1", 0.8}, Ratio{"1:1", 0.5}}) {
        const IntervalCoverage found = interval_coverage({n, flips, ratio.lost}, 20'000, ++seed, &pool);
        worst = std::min(worst, found.tango);
        fmt::print("  {:5} {:4.0f} % {:>12} {:7.1f} % {:8.1f} %\n", n, 100.0 * flips, ratio.name,
                   100.0 * found.tango, 100.0 * found.bootstrap);
      }
    }
  }
  return goal(worst >= 0.93,
              fmt::format("Tango's interval covers >= 93 % for every truth (worst {:.1f} %)", 100.0 * worst));
}

bool power(const Settings& settings, ThreadPool& pool) {
  fmt::print("\nPower for one cell that moves among eleven that do not (1,000 tables each)\n");
  fmt::print("  {:>5} {:>6} {:>8} {:>11} {:>11} {:>12} {:>12}\n", "n", "flips", "down:up", "Holm mid-p",
             "Holm exact", "established", "directional+");
  struct Case {
    std::uint64_t n;
    double flips;
    const char* ratio;
    double lost;
  };
  double below = 0.0;
  double above = 0.0;
  std::uint64_t seed = settings.seed + 2000;
  for (const Case& one : std::vector<Case>{{210, 0.03, "1:0", 1.0},
                                           {210, 0.05, "4:1", 0.8},
                                           {210, 0.10, "4:1", 0.8},
                                           {1700, 0.02, "4:1", 0.8},
                                           {1700, 0.05, "4:1", 0.8},
                                           {1700, 0.05, "2:1", 2.0 / 3.0},
                                           {1700, 0.10, "2:1", 2.0 / 3.0},
                                           {4500, 0.01, "4:1", 0.8},
                                           {4500, 0.03, "2:1", 2.0 / 3.0},
                                           {4500, 0.06, "2:1", 2.0 / 3.0},
                                           {4500, 0.10, "3:2", 0.6}}) {
    const PowerResult found = power_of({one.n, one.flips, one.lost}, 1000, ++seed, &pool);
    below = std::max(below, found.holm_exact - found.holm_mid_p);
    above = std::max(above, found.holm_mid_p - found.holm_exact);
    fmt::print("  {:5} {:4.0f} % {:>8} {:9.1f} % {:9.1f} % {:10.1f} % {:10.1f} %\n", one.n, 100.0 * one.flips,
               one.ratio, 100.0 * found.holm_mid_p, 100.0 * found.holm_exact, 100.0 * found.established,
               100.0 * found.directional);
  }
  return goal(
      below <= 0.03,
      fmt::format("Holm's p alone is never more than 3 points below Holm on exact McNemar (at most {:.1f} "
                  "below; up to {:.1f} above, where flips are few)",
                  100.0 * below, 100.0 * above));
}

bool named_cases() {
  fmt::print("\nNamed cases, each among eleven cells with as many ups as downs, and all five in one table\n");
  struct Case {
    PairedCounts counts;
    EvidenceWord expected;
  };
  const std::vector<Case> cases = {{{210, 0, 6}, EvidenceWord::kDirectional},
                                   {{210, 1, 7}, EvidenceWord::kDirectional},
                                   {{4500, 65, 200}, EvidenceWord::kEstablished},
                                   {{4500, 165, 300}, EvidenceWord::kEstablished},
                                   {{1700, 19, 70}, EvidenceWord::kEstablished}};
  bool right = true;
  std::vector<PairedCounts> together;
  for (const Case& one : cases) {
    std::vector<PairedCounts> table = {one.counts};
    table.resize(kTableCells, {1700, 20, 20});
    together.push_back(one.counts);
    const EvidenceWord word = words_of(table)[0];
    fmt::print("  n {:4}, down {:3}, up {:3}: {} (Tango {:+.4f}..{:+.4f}, mid-p {:.2g}, R {:.3f})\n",
               one.counts.n, one.counts.lost, one.counts.gained, evidence_word_name(word),
               analysis_internal::tango_score_interval(one.counts).low,
               analysis_internal::tango_score_interval(one.counts).high,
               analysis_internal::mcnemar_mid_p_value(one.counts.lost, one.counts.gained),
               analysis_internal::replication_probability(one.counts));
    right = right && word == one.expected;
  }
  together.resize(kTableCells, {1700, 20, 20});
  const std::vector<EvidenceWord> words = words_of(together);
  for (std::size_t i = 0; i < cases.size(); ++i) right = right && words[i] == cases[i].expected;
  return goal(right, "the named cases get their words");
}

bool calibration(const Settings& settings, ThreadPool& pool) {
  fmt::print("\nCoverage of the 95 % interval of the calibration error ({} data sets; bootstrap 60)\n",
             settings.data_sets);
  fmt::print("  {:8} {:12} {:>6} {:>5} {:>8} {:>9} {:>10} {:>8} {:>10}\n", "sure of", "error lies", "error",
             "N", "covers", "too low", "too high", "width", "bootstrap");
  double worst = 1.0;
  std::set<std::pair<double, std::size_t>> built;  // not every shape can be built at every error
  std::uint64_t seed = settings.seed + 3000;
  for (const ConfidenceLaw& confidence : confidence_laws()) {
    for (const GapLaw& gap : gap_laws()) {
      for (const double error : {0.0, 0.01, 0.02, 0.05, 0.10}) {
        if (error == 0.0 && &gap != &gap_laws().front()) continue;
        for (const std::size_t n : {std::size_t{500}, std::size_t{3215}, std::size_t{6430}}) {
          const CalibrationTruth truth{n, error, &confidence, &gap};
          const bool with_bootstrap =
              &gap == &gap_laws().front() && &confidence == &confidence_laws().front();
          const CalibrationCoverage found =
              calibration_coverage(truth, settings.data_sets, with_bootstrap ? 60 : 0, ++seed, &pool);
          if (!found.possible) continue;  // accuracies would leave [0, 1]
          worst = std::min(worst, found.interval);
          built.emplace(error, n);
          fmt::print("  {:8} {:12} {:6.2f} {:5} {:6.1f} % {:7.1f} % {:8.1f} % {:8.4f} {:>10}\n",
                     confidence.name, gap.name, error, n, 100.0 * found.interval, 100.0 * found.too_low,
                     100.0 * found.too_high, found.mean_width,
                     with_bootstrap ? fmt::format("{:.0f} %", 100.0 * found.percentile_bootstrap) : "");
        }
      }
    }
  }
  return goal(
      worst >= 0.90 && built.size() == 15,
      fmt::format("the interval of ECE covers >= 90 % for every truth (worst {:.1f} %; {} of 15 pairs of "
                  "error and N)",
                  100.0 * worst, built.size()));
}

}  // namespace

int main(int argc, char** argv) {
  Settings settings;
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string flag = argv[i];
    const std::uint64_t value = std::strtoull(argv[i + 1], nullptr, 10);
    if (flag == "--threads") {
      settings.threads = std::max<std::size_t>(1, value);
    } else if (flag == "--seed") {
      settings.seed = value;
    } else if (flag == "--data-sets") {
      settings.data_sets = static_cast<std::uint32_t>(std::max<std::uint64_t>(100, value));
    } else {
      fmt::print(stderr, "unknown option {}\n", flag);
      return 2;
    }
  }
  ThreadPool pool(settings.threads);
  bool all = named_cases();
  all &= nulls(settings, pool);
  all &= coverage(settings, pool);
  all &= power(settings, pool);
  all &= calibration(settings, pool);
  fmt::print("\n{}\n", all ? "every goal reached" : "at least one goal missed");
  return all ? 0 : 1;
}
