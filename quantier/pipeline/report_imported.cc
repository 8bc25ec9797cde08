#include "quantier/pipeline/report_imported.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "quantier/base/utf8.h"

namespace quantier {
namespace {

bool is_imported(const Run& run) { return run.provenance.origin == RunOrigin::kImported; }

}  // namespace

void read_as_imported(Envelope& envelope) {
  envelope.memory_definition = kImportedMemory;
  if (!envelope.max_ms_per_example && !envelope.requests_per_second) {
    envelope.latency_protocol = timing_protocol_name(TimingProtocol::kWorkload);
  }
}

bool all_imported(const std::vector<Run>& runs) {
  return !runs.empty() && std::ranges::all_of(runs, is_imported);
}

std::map<std::string, double> reported_temperatures_of(const std::vector<Run>& runs,
                                                       const std::vector<ReportedValue>& values) {
  std::map<std::string, double> temperatures;
  for (const Run& run : runs) {
    if (!is_imported(run)) continue;
    for (const ReportedValue& value : values) {
      if (value.quantity != "temperature" || value.kind != ReportedKind::kReported || !value.part.empty() ||
          value.model != run.configuration.model || value.recipe != run.configuration.recipe) {
        continue;
      }
      if (value.value > 0.0 && std::isfinite(value.value)) temperatures[run.key] = value.value;
    }
  }
  return temperatures;
}

void mark_imported_costs(const std::vector<Run>& runs, std::vector<NoteCost>& costs) {
  for (const Run& run : runs) {
    if (!is_imported(run)) continue;
    for (NoteCost& cost : costs) {
      if (cost.run_key == run.key) cost.imported = true;
    }
  }
}

std::string imported_stack(const std::vector<Run>& runs) {
  std::vector<std::string> devices;
  for (const Run& run : runs) {
    const std::string& device = run.provenance.declared_device;
    if (!device.empty() && std::ranges::find(devices, device) == devices.end()) devices.push_back(device);
  }
  if (devices.empty()) {
    return "imported: nothing was measured here, and the device is not declared, so time and memory pass no "
           "limit";
  }
  return fmt::format("imported: nothing was measured here; time and memory are what the files state for {}",
                     fmt::join(devices, " and "));
}

std::vector<std::pair<std::string, std::string>> imported_appendix(const std::vector<Run>& runs) {
  std::vector<std::pair<std::string, std::string>> rows;
  for (const Run& run : runs) {
    std::string batch = run.effective_batch_size == 0
                            ? std::string()
                            : fmt::format(", batches of {}", run.effective_batch_size);
    rows.emplace_back("Imported: " + run.configuration.display(),
                      fmt::format("{} (sha256 {}){}", printable(run.provenance.imported_from),
                                  run.provenance.data_sha256.substr(0, 16), batch));
  }
  rows.emplace_back("Time and memory",
                    imported_stack(runs) + "; one value each, so without an interval or a spread");
  return rows;
}

std::vector<std::pair<std::string, std::string>> reported_calibration_rows(const Analysis& analysis) {
  std::vector<std::pair<std::string, std::string>> rows;
  for (const ConfigurationFindings& findings : analysis.configurations) {
    if (!findings.calibration) continue;
    for (const TemperatureReading& reading : findings.temperature_readings) {
      if (reading.fit != "reported") continue;
      std::string share;
      if (reading.share_of_optimum) {
        share = fmt::format(", {:.0f} % of the optimal log T", 100.0 * *reading.share_of_optimum);
      }
      rows.emplace_back(
          "Reported temperature, " + findings.display(),
          fmt::format("{:.4f}{}: ECE {:.4f} there, {:.4f} at the optimum {:.4f} (both in-sample)",
                      reading.temperature, share, reading.ece,
                      findings.calibration->ece_temperature_in_sample,
                      findings.calibration->temperature_all.value));
    }
  }
  return rows;
}

}  // namespace quantier
