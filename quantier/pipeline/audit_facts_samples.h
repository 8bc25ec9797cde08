// What other calibration texts move: the extremes of the samples, as ends. Included by audit_facts.cc only.
#pragma once

#include "quantier/pipeline/audit_fact_writer.h"

namespace quantier::audit_facts {

class SampleFacts : public FactWriter {
 public:
  using FactWriter::FactWriter;

  void samples() {
    for (const SampleSpread& spread : analysis_.sample_spreads) {
      const auto fact = [&](const char* metric) {
        return named(spread.model, spread.recipe, metric, "calibration-samples");
      };
      ends(fact("macro_f1"), spread.macro_f1.least, spread.macro_f1.most);
      ends(fact("accuracy"), spread.accuracy.least, spread.accuracy.most);
      for (std::size_t t = 0; t < spread.tier_accuracy.size(); ++t) {
        if (!spread.tier_accuracy[t]) continue;
        Fact tier = fact("accuracy");
        tier.tier = analysis_.tier_names[t];
        ends(tier, spread.tier_accuracy[t]->least, spread.tier_accuracy[t]->most);
      }
      if (spread.ece) {
        Fact error = fact("ece");
        error.fit = "held-out";
        ends(error, spread.ece->least, spread.ece->most);
      }
      Fact flips = fact("flips");
      flips.unit = FactUnit::kCount;
      if (spread.flips) ends(flips, spread.flips->least, spread.flips->most);
      count(flips, spread.most_between);
      count(fact("n"), spread.n);
    }
  }
};

}  // namespace quantier::audit_facts
