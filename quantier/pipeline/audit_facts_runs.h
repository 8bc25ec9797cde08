// What is known of every configuration by itself: quality, calibration, costs, classes. Included by
// audit_facts.cc only.
#pragma once

#include "quantier/pipeline/audit_fact_writer.h"

namespace quantier::audit_facts {

class RunFacts : public FactWriter {
 public:
  using FactWriter::FactWriter;

  void configurations() {
    for (const ConfigurationFindings& one : analysis_.configurations) {
      quality(one);
      if (one.calibration) calibration(one, *one.calibration);
      cost(one);
      classes(one);
      landings(of(one, "flips", "errors"), one.error_landing.errors);
      declared(one);
    }
  }

 private:
  void quality(const ConfigurationFindings& one) {
    const Quality& quality = one.quality;
    const std::string base = fmt::format("{}/{}", one.model, one.recipe);
    put(of(one, "accuracy", base + "/accuracy"), quality.accuracy);
    put(of(one, "error_rate", base + "/accuracy"), 1.0 - quality.accuracy);
    Fact f1 = of(one, "macro_f1", base + "/macro-f1");
    put(f1, quality.macro_f1);
    if (quality.macro_f1_interval)
      ends(f1, quality.macro_f1_interval->low, quality.macro_f1_interval->high, false, true);
    put(of(one, "macro_f1_bias", base + "/macro-f1"), quality.macro_f1_bias, true);
    put(of(one, "macro_f1_sklearn", base + "/macro-f1"), quality.macro_f1_sklearn);
    if (quality.negative_log_likelihood) {
      Fact nll = of(one, "nll", base + "/nll");
      nll.unit = FactUnit::kPlain;
      put(nll, *quality.negative_log_likelihood);
    }
    for (const TierQuality& tier : quality.tiers) {
      Fact fact = of(one, "accuracy", fmt::format("{}/{}/accuracy", base, tier.name));
      fact.tier = tier.name;
      if (tier.accuracy) put(fact, *tier.accuracy);
      fact.metric = "tier_f1";
      if (tier.macro_f1) put(fact, *tier.macro_f1);
      if (tier.macro_f1_interval)
        ends(fact, tier.macro_f1_interval->low, tier.macro_f1_interval->high, false, true);
      fact.model.clear();
      fact.recipe.clear();
      fact.metric = "n";
      count(fact, tier.n);
      fact.metric = "classes";
      count(fact, tier.classes);
    }
  }

  void calibration(const ConfigurationFindings& one, const Calibration& calibration) {
    const std::string id = fmt::format("{}/{}/ece", one.model, one.recipe);
    const auto error = [&](const char* fit, double value) {
      Fact fact = of(one, "ece", id);
      fact.fit = fit;
      put(fact, value);
    };
    error("raw", calibration.ece_raw);
    error("in-sample", calibration.ece_temperature_in_sample);
    if (calibration.ece_own_halves) error("in-sample", *calibration.ece_own_halves);
    if (calibration.ece_a_to_b) error("held-out", *calibration.ece_a_to_b);
    if (calibration.ece_b_to_a) error("held-out", *calibration.ece_b_to_a);
    if (calibration.ece_b_raw) error("raw", *calibration.ece_b_raw);
    if (calibration.ece_cross_fitted) {
      error("held-out", *calibration.ece_cross_fitted);
      Fact fact = of(one, "ece", id);
      fact.fit = "held-out";
      if (const auto& interval = calibration.ece_cross_fitted_interval)
        ends(fact, interval->low, interval->high, false, true);
      fact.metric = "ece_debiased";
      if (calibration.ece_cross_fitted_debiased) put(fact, *calibration.ece_cross_fitted_debiased);
    }
    const auto temperature = [&](const char* fit, double value) {
      Fact fact = of(one, "temperature", id);
      fact.fit = fit;
      fact.unit = FactUnit::kPlain;
      put(fact, value);
    };
    temperature("in-sample", calibration.temperature_all.value);
    temperature("", calibration.temperature_all.value);
    if (calibration.temperature_a) temperature("held-out", calibration.temperature_a->value);
    if (calibration.temperature_b) temperature("held-out", calibration.temperature_b->value);
    for (const TemperatureReading& reading : one.temperature_readings) {
      temperature("reported", reading.temperature);
      Fact fact = of(one, "ece", id);
      fact.fit = "reported";
      put(fact, reading.ece);
      if (reading.ece_a_to_b) put(fact, *reading.ece_a_to_b);
      if (reading.share_of_optimum) put(of(one, "temperature_share", id), *reading.share_of_optimum);
    }
    std::vector<Gate> gates = calibration.gates;
    if (calibration.gate) gates.push_back(*calibration.gate);
    for (const Gate& gate : gates) {
      const std::string name = fmt::format("{}/{}/gate", one.model, one.recipe);
      put(of(one, "gate_threshold", name), gate.threshold);
      Fact share = of(one, "gate_share", name);
      put(share, gate.share);
      put(share, 1.0 - gate.share);
      ends(share, gate.share_interval.low, gate.share_interval.high);
      Fact accuracy = of(one, "gate_accuracy", name);
      if (gate.accuracy) put(accuracy, *gate.accuracy);
      if (gate.accuracy) put(of(one, "gate_error", name), 1.0 - *gate.accuracy);
      if (gate.accuracy_interval) ends(accuracy, gate.accuracy_interval->low, gate.accuracy_interval->high);
      count(of(one, "gate_kept", name), gate.kept);
      count(of(one, "gate_kept", name), gate.kept_right);
      count(of(one, "n", name), gate.n);
    }
    if (const auto& general = one.generalisation) {
      for (const Estimate* each : {&general->in_sample_drop, &general->held_out_drop, &general->gap}) {
        Fact fact = of(one, "ece_difference", id);
        put(fact, each->value, true);
        ends(fact, each->interval.low, each->interval.high, true, true);
      }
    }
  }

  void cost(const ConfigurationFindings& one) {
    const std::string id = fmt::format("{}/{}/latency", one.model, one.recipe);
    for (const LatencySummary& summary : one.latency) {
      Fact fact = of(one, "latency", id);
      fact.unit = FactUnit::kMilliseconds;
      put(fact, summary.median_ms);
      put(fact, summary.min_ms);
      put(fact, summary.max_ms);
      for (const auto& quantile : {summary.p50_ms, summary.p95_ms, summary.p99_ms}) {
        if (quantile) put(fact, *quantile);
      }
      if (summary.tokenize_fraction) put(of(one, "tokenize", id), *summary.tokenize_fraction);
      if (summary.median_interval) ends(fact, summary.median_interval->low, summary.median_interval->high);
      if (summary.median_ms > 0.0) {
        Fact rate = of(one, "requests", id);
        rate.unit = FactUnit::kRate;
        put(rate, 1000.0 / summary.median_ms);
        Fact spread = of(one, "latency_spread", id);
        if (summary.min_ms > 0.0) put(spread, summary.max_ms / summary.min_ms - 1.0, true);
      }
    }
    if (!one.memory) return;
    const MemoryRecord& memory = *one.memory;
    if (memory.process_peak_bytes > 0) {
      put(of(one, "memory", fmt::format("{}/{}/memory", one.model, one.recipe)),
          static_cast<double>(memory.weights_bytes) / static_cast<double>(memory.process_peak_bytes));
    }
    Fact fact = of(one, "memory", fmt::format("{}/{}/memory", one.model, one.recipe));
    fact.unit = FactUnit::kBytes;
    for (const std::uint64_t bytes :
         {memory.weights_bytes, memory.process_peak_bytes, memory.device_peak_bytes.value_or(0),
          memory.allocator_weights_peak_bytes + memory.allocator_activations_peak_bytes}) {
      if (bytes > 0) put(fact, static_cast<double>(bytes));
    }
  }

  void classes(const ConfigurationFindings& one) {
    for (const NamedClass& named_class : one.named_classes) {
      Fact fact =
          of(one, "class_accuracy", fmt::format("{}/{}/class/{}", one.model, one.recipe, named_class.label));
      fact.label = named_class.label;
      fact.tier = named_class.tier;
      if (named_class.accuracy) put(fact, *named_class.accuracy);
      if (named_class.accuracy_interval) {
        ends(fact, named_class.accuracy_interval->low, named_class.accuracy_interval->high);
      }
      fact.metric = "probability";
      if (named_class.mean_probability_true) put(fact, *named_class.mean_probability_true);
      fact.metric = "class_n";
      count(fact, named_class.n);
    }
    for (const ClassQuality& each : one.classes) {
      const auto id = static_cast<std::size_t>(each.label_id);
      if (id >= analysis_.label_names.size()) continue;
      Fact fact = of(one, "class_accuracy",
                     fmt::format("{}/{}/class/{}", one.model, one.recipe, analysis_.label_names[id]));
      fact.label = analysis_.label_names[id];
      if (each.accuracy) put(fact, *each.accuracy);
      fact.metric = "tier_f1";
      if (each.f1) put(fact, *each.f1);
      if (each.f1_interval) ends(fact, each.f1_interval->low, each.f1_interval->high, false, true);
      fact.metric = "class_n";
      count(fact, each.n);
      count(fact, each.hits);
      count(fact, each.predicted);
    }
  }

  void declared(const ConfigurationFindings& one) {
    if (!one.device.empty() && std::ranges::find(out_.devices, one.device) == out_.devices.end()) {
      out_.devices.push_back(one.device);
    }
  }
};

}  // namespace quantier::audit_facts
