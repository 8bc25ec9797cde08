#include "quantier/pipeline/report_table.h"

#include <algorithm>
#include <map>
#include <utility>

#include <fmt/format.h>

#include "quantier/base/sha256.h"
#include "quantier/note/pdf.h"
#include "quantier/pipeline/report_earlier.h"
#include "quantier/pipeline/report_findings.h"
#include "quantier/pipeline/report_hardware.h"
#include "quantier/pipeline/report_imported.h"
#include "quantier/pipeline/report_parts.h"

namespace quantier {
namespace {

std::vector<Promises> promises_of(const NoteReported& reported, const Decision& decision,
                                  const std::string& reference_recipe) {
  std::vector<ConfigurationCost> costs;
  for (const Candidate& candidate : decision.candidates) {
    ConfigurationCost cost{.model = candidate.model,
                           .recipe = candidate.recipe,
                           .run_key = {},
                           .ms_per_example = candidate.ms_per_example,
                           .memory_bytes = candidate.memory_bytes,
                           .accuracy = {},
                           .macro_f1 = candidate.macro_f1};
    for (const auto& row : reported.configurations) {
      if (row.display() == candidate.name && row.accuracy) cost.accuracy = row.accuracy->value;
    }
    costs.push_back(std::move(cost));
  }
  return check_stated_promises(costs, reference_recipe, decision.envelope.margins);
}

std::vector<NoteCost> costs_of(const Decision& decision) {
  std::vector<NoteCost> costs;
  for (const Candidate& candidate : decision.candidates) {
    NoteCost cost;
    cost.model = candidate.model;
    cost.recipe = candidate.recipe;
    cost.workload_ms = candidate.ms_per_example;
    cost.device_peak_bytes = candidate.memory_bytes;
    cost.imported = true;
    costs.push_back(std::move(cost));
  }
  return costs;
}

std::string dataset_text(const Decision& decision) {
  std::vector<std::string> models;
  for (const Candidate& candidate : decision.candidates) {
    if (std::ranges::find(models, candidate.model) == models.end()) models.push_back(candidate.model);
  }
  return fmt::format("A table of reported values: {} configurations of {} model{}, without predictions",
                     decision.candidates.size(), models.size(), models.size() == 1 ? "" : "s");
}

std::string stack_text(const std::string& device) {
  return device.empty()
             ? "nothing was run or measured here, and no device is declared, so time and memory pass "
               "no limit"
             : fmt::format(
                   "nothing was run or measured here; time and memory are what the files "
                   "state for {}",
                   device);
}

// How many numbers each file gave.
std::vector<std::pair<std::string, std::string>> appendix_of(const std::vector<ReportedValue>& values,
                                                             const std::string& device) {
  std::vector<std::string> order;
  std::map<std::string, std::size_t> counts;
  for (const ReportedValue& value : values) {
    const std::string file = value.source.substr(0, value.source.find(", "));
    if (counts[file]++ == 0) order.push_back(file);
  }
  std::vector<std::pair<std::string, std::string>> rows;
  for (const std::string& file : order) {
    rows.emplace_back("Reported values", fmt::format("{} from {}", counts[file], file));
  }
  rows.emplace_back("Time and memory",
                    stack_text(device) + "; one value each, so without an interval or a spread");
  rows.emplace_back(
      "Statistics",
      "none: single numbers carry no interval and no probability, and what ties, ties inside the "
      "declared margins");
  return rows;
}

std::string evidence_hash(const std::vector<ReportedValue>& values) {
  constexpr std::size_t kDigits = 16;
  std::string all;
  for (const ReportedValue& value : values) {
    all += fmt::format("{}\x1f{}\x1f{}\x1f{:a}\x1f{}\n", value.subject(), value.quantity,
                       static_cast<int>(value.kind), value.value, value.source);
  }
  return sha256_hex(all).substr(0, kDigits);
}

NoteInput input_of(const RunConfig& config, const Store& store, const ReportedTable& table,
                   const Decision& decision) {
  NoteInput input;
  input.decision = decision;
  input.title = config.title;
  input.reference_recipe = config.reference_recipe;
  input.reported = reported_of(table.values, {});
  input.reported->only = true;
  input.reported->device = decision.envelope.device;
  input.reported->folder = std::filesystem::path(store.path()).parent_path().string();
  // In the order of the decision; what has no macro-F1 comes behind it.
  std::ranges::stable_sort(input.reported->configurations, {}, [&](const NoteReportedConfiguration& row) {
    return std::ranges::find(decision.candidates, row.display(), &Candidate::name) -
           decision.candidates.begin();
  });
  input.promises = promises_of(*input.reported, decision, config.reference_recipe);
  input.cost = costs_of(decision);
  input.dataset = dataset_text(decision);
  input.stack = stack_text(decision.envelope.device);
  input.appendix = appendix_of(table.values, decision.envelope.device);
  if (!config.file.empty()) input.appendix.emplace_back("Configuration", config.file.filename().string());
  input.evidence_hash = evidence_hash(table.values);
  return input;
}

}  // namespace

Result<Report> make_table_report(const RunConfig& config, Store& store, const ReportOptions& options) {
  QT_TRY(const ReportedTable table, reported_table(store));
  QT_TRY(Envelope envelope, envelope_for(config, table.names));
  read_as_imported(envelope);
  read_as_table(table, envelope);
  Report report;
  report.store = store.path();
  report.table_only = true;
  report.analysis.reference_recipe = config.reference_recipe;
  QT_TRY(report.decision, decide_over_table(table, envelope, store.path()));
  NoteInput input = input_of(config, store, table, report.decision);
  report.findings = table_findings(*input.reported, report.decision, config.reference_recipe);
  QT_TRY(input.alternatives, alternatives_of_table(report.decision));
  QT_TRY(input.hardware, hardware_for_note(config, {}, report.decision));
  input.earlier = earlier_measurements(table.values, *input.reported, config.reference_recipe);
  for (Finding& finding : findings_of_earlier(input.earlier)) report.findings.push_back(std::move(finding));
  input.appendix.push_back(findings_key_row(report.findings));

  if (stop_requested(options.interrupt)) return interrupted();
  if (options.progress) options.progress({"writing the note", 0, 0});
  QT_TRY_STATUS(write_report(input, store, options, report));
  return report;
}

}  // namespace quantier
