// What load tests confirmed. Included by audit_facts.cc only.
#pragma once

#include "quantier/pipeline/audit_fact_writer.h"
#include "quantier/record/load.h"

namespace quantier::audit_facts {

class LoadFacts : public FactWriter {
 public:
  using FactWriter::FactWriter;

  // Of each test the rate that it confirmed and the latency there; and the lowest that it saw fail.
  void tests(const std::vector<LoadTest>& tests) {
    for (const LoadTest& test : tests) {
      const std::string part = fmt::format("load/{}", test.id);
      Fact rate = named(test.configuration.model, test.configuration.recipe, "requests", part);
      rate.unit = FactUnit::kRate;
      rate.id = "load/" + std::to_string(test.id);
      if (test.summary.highest_confirmed_rate) put(rate, *test.summary.highest_confirmed_rate);
      if (test.summary.lowest_failed_rate) {
        Fact failed = rate;
        failed.id += "/failed";
        put(std::move(failed), *test.summary.lowest_failed_rate);
      }
      if (!test.summary.confirmed_latency) continue;
      constexpr double kNsPerMs = 1e6;
      Fact latency = named(test.configuration.model, test.configuration.recipe, "latency", part);
      latency.unit = FactUnit::kMilliseconds;
      const LatencyPercentile& at = *test.summary.confirmed_latency;
      put(latency, static_cast<double>(at.value_ns) / kNsPerMs);
      if (at.low_ns && at.high_ns)
        ends(latency, static_cast<double>(*at.low_ns) / kNsPerMs,
             static_cast<double>(*at.high_ns) / kNsPerMs);
    }
  }
};

}  // namespace quantier::audit_facts
