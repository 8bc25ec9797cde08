// Puts numbers of an analysis into the audit's list of facts: what the parts of audit_facts.cc share. Only
// they include this.
#pragma once

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "quantier/audit/fact.h"
#include "quantier/decide/decision.h"
#include "quantier/stats/comparisons/analysis.h"

namespace quantier::audit_facts {

inline constexpr const char* kAllTiers = "all";
inline constexpr double kPercentileError = 2.67;     // see the header
inline constexpr double kOthersReplicates = 1000.0;  // what notebooks draw, where it is not known

inline std::string tier_name(const std::string& tier) { return tier == kAllTiers ? std::string() : tier; }

class FactWriter {
 public:
  FactWriter(const Analysis& analysis, const Decision& decision, AuditEvidence& out, FactSource source)
      : analysis_(analysis), decision_(decision), out_(out), source_(source) {}

 protected:
  static Fact named(const std::string& model, const std::string& recipe, const char* metric,
                    const std::string& part) {
    Fact fact;
    fact.metric = metric;
    fact.model = model;
    fact.recipe = recipe;
    fact.id = fmt::format("{}/{}/{}", model, recipe, part);
    return fact;
  }
  Fact of(const ConfigurationFindings& one, const char* metric, std::string id) const {
    Fact fact = named(one.model, one.recipe, metric, "");
    fact.id = std::move(id);
    fact.source = source_;
    return fact;
  }

  void put(Fact fact, double value, bool difference = false) {
    if (!std::isfinite(value)) return;
    fact.value = value;
    fact.difference = fact.difference || difference;
    out_.facts.push_back(std::move(fact));
  }
  void count(Fact fact, std::uint64_t value) {
    fact.unit = FactUnit::kCount;
    put(std::move(fact), static_cast<double>(value));
  }
  // Both ends of an interval; of a resampled one with its Monte-Carlo error.
  void ends(Fact fact, double low, double high, bool difference = false, bool resampled = false) {
    if (resampled) {
      const double replicates =
          source_ == FactSource::kStated ? kOthersReplicates : std::max(100.0, double(analysis_.replicates));
      fact.monte_carlo_sd = kPercentileError * (high - low) / (2.0 * 1.96) / std::sqrt(replicates);
    }
    fact.role = FactRole::kLow;
    put(fact, low, difference);
    fact.role = FactRole::kHigh;
    put(fact, high, difference);
  }

  // A matrix of counts between tiers: its cells, and what its rows and columns add up to.
  void landings(Fact fact, const std::vector<std::vector<std::uint64_t>>& counts) {
    std::vector<std::uint64_t> columns;
    for (std::size_t row = 0; row < counts.size(); ++row) {
      fact.tier = row < analysis_.tier_names.size() ? analysis_.tier_names[row] : std::string();
      std::uint64_t sum = 0;
      columns.resize(std::max(columns.size(), counts[row].size()));
      for (std::size_t column = 0; column < counts[row].size(); ++column) {
        sum += counts[row][column];
        columns[column] += counts[row][column];
        // A cell is of the tier it comes from and of the one it goes to.
        Fact cell = fact;
        cell.metric = "flips";
        count(cell, counts[row][column]);
        cell.tier = column < analysis_.tier_names.size() ? analysis_.tier_names[column] : std::string();
        count(cell, counts[row][column]);
      }
      for (const char* metric : {"flips", "n"}) {
        fact.metric = metric;
        count(fact, sum);
        Fact whole = fact;
        whole.tier.clear();
        count(whole, sum);
      }
    }
    for (std::size_t column = 0; column < columns.size(); ++column) {
      fact.tier = column < analysis_.tier_names.size() ? analysis_.tier_names[column] : std::string();
      fact.metric = "flips";
      count(fact, columns[column]);
    }
  }

  const Analysis& analysis_;
  const Decision& decision_;
  AuditEvidence& out_;
  FactSource source_;
};

}  // namespace quantier::audit_facts
