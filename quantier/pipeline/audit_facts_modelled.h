// What a roofline says other hardware would take. Included by audit_facts.cc only.
#pragma once

#include "quantier/note/hardware_input.h"
#include "quantier/pipeline/audit_fact_writer.h"

namespace quantier::audit_facts {

class ModelledFacts : public FactWriter {
 public:
  using FactWriter::FactWriter;

  void hardware(const NoteHardware& hardware) {
    for (const NoteDevice& device : hardware.devices) {
      for (std::size_t i = 0; i < device.times.size() && i < decision_.candidates.size(); ++i) {
        if (!device.times[i]) continue;
        const Candidate& candidate = decision_.candidates[i];
        Fact fact = named(candidate.model, candidate.recipe, "latency", "modelled/" + device.name);
        fact.unit = FactUnit::kMilliseconds;
        fact.source = FactSource::kModelled;
        fact.device = device.name;
        ends(fact, device.times[i]->low_ms, device.times[i]->high_ms);
      }
    }
    for (const NoteModelledStep& step : hardware.steps) modelled_step(step, hardware.step_device);
  }

 private:
  // Of a batch, and away from the reference.
  void modelled_step(const NoteModelledStep& step, const std::string& device) {
    Fact fact = named(step.model, step.recipe, "latency", "modelled/" + device + "/step");
    fact.against_model = step.model;
    fact.against_recipe = analysis_.reference_recipe;
    fact.unit = FactUnit::kMilliseconds;
    fact.source = FactSource::kModelled;
    fact.device = device;
    put(fact, step.total_ms, true);
    for (const NoteModelledStep::Part& part : step.parts) put(fact, part.ms, true);
  }
};

}  // namespace quantier::audit_facts
