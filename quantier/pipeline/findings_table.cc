// Findings of numbers that others stated: the number as it was written, and the place that it was read from.
#include <algorithm>
#include <cmath>
#include <map>

#include <fmt/format.h>

#include "quantier/pipeline/findings_parts.h"
#include "quantier/pipeline/report_table.h"

namespace quantier {
namespace {

constexpr const char* kVerdict = "as stated";

Finding stated_finding(const std::string& name, std::string statement, double estimate,
                       const std::string& source) {
  Finding finding;
  finding.name = name;
  finding.statement = std::move(statement);
  finding.estimate = estimate;
  finding.verdict = kVerdict;
  finding.arithmetic = {{"stated in", source},
                        {"not computed again", "its predictions are not in this store"}};
  return finding;
}

void add_parts(const NoteReported& reported, std::vector<Finding>& findings) {
  for (const NoteReportedPart& part : reported.parts) {
    const bool change = part.low || part.high || part.quantity.starts_with("change");
    Finding finding = stated_finding(
        part.finding,
        fmt::format("{} of {} in {}{}{}: {:.4f}, as stated", part.quantity, part.display(), part.tier,
                    part.tier.empty() || part.label.empty() ? "" : ", ", part.label, part.value.value),
        part.value.value, part.value.source);
    if (!finding.statement.empty()) {
      finding.statement.front() =
          static_cast<char>(std::toupper(static_cast<unsigned char>(finding.statement.front())));
    }
    if (change) {
      FindingField shown{"", {100.0 * part.value.value}};
      if (part.low && part.high) {
        shown.numbers.insert(shown.numbers.end(), {100.0 * *part.low, 100.0 * *part.high});
        finding.arithmetic.emplace_back("stated interval",
                                        fmt::format("[{:+.6f}, {:+.6f}]", *part.low, *part.high));
      }
      finding.fields.push_back(std::move(shown));
    }
    if (part.n) {
      finding.n = static_cast<std::uint64_t>(std::max(0.0, std::min(*part.n, 1e15)));
      finding.fields.push_back({"n", {*part.n}});
    }
    findings.push_back(std::move(finding));
  }
}

// First minus second, both ways, and the change of accuracy against the reference.
void add_differences(const NoteReported& reported, const std::string& reference_recipe,
                     std::vector<Finding>& findings) {
  for (const auto& a : reported.configurations) {
    for (const auto& b : reported.configurations) {
      if (&a == &b) continue;
      const auto difference = [&](const std::string& what, const NoteStated& first,
                                  const NoteStated& second) {
        Finding finding = stated_finding(fmt::format("{}/{}/{}", a.model, a.recipe, what),
                                         fmt::format("{} minus {}: {:+.4f}, of stated numbers", a.display(),
                                                     b.display(), first.value - second.value),
                                         first.value - second.value, first.source + "; " + second.source);
        finding.arithmetic.emplace_back("difference", fmt::format("{:.6f} - {:.6f} = {:+.6f}", first.value,
                                                                  second.value, first.value - second.value));
        return finding;
      };
      if (a.macro_f1 && b.macro_f1) {
        findings.push_back(
            difference(fmt::format("macro-f1/{}/{}", b.model, b.recipe), *a.macro_f1, *b.macro_f1));
      }
      if (a.accuracy && b.accuracy && a.model == b.model && b.recipe == reference_recipe) {
        Finding finding = difference("all/accuracy", *a.accuracy, *b.accuracy);
        finding.fields = {{"delta", {100.0 * finding.estimate}}};
        findings.push_back(std::move(finding));
      }
    }
  }
}

}  // namespace

std::vector<Finding> reported_findings(const NoteReported& reported) {
  std::vector<Finding> findings;
  for (const auto& row : reported.configurations) {
    const auto add = [&](const char* what, const char* words, const std::optional<NoteStated>& value,
                         double scale = 1.0) {
      if (!value) return;
      findings.push_back(
          stated_finding(fmt::format("{}/{}/{}", row.model, row.recipe, what),
                         fmt::format("{} of {}: {:g}, as stated", words, row.display(), value->value),
                         scale * value->value, value->source));
    };
    add("accuracy", "Accuracy", row.accuracy);
    add("macro-f1", "Macro-F1", row.macro_f1);
    add("time", "Milliseconds an example", row.ms_per_example);
    add("memory", "Peak memory in GB", row.memory_gb, 1e9);
    add("ece-raw", "Calibration error before temperature", row.ece_before);
    add("temperature", "Temperature", row.temperature);
    add("ece", "Calibration error after temperature", row.ece_after);
  }
  add_parts(reported, findings);
  return findings;
}

std::vector<Finding> table_findings(const NoteReported& reported, const Decision& decision,
                                    const std::string& reference_recipe) {
  std::vector<Finding> findings = reported_findings(reported);
  add_differences(reported, reference_recipe, findings);
  Analysis none;  // the decision's findings read the reference and the number of examples of it
  none.reference_recipe = reference_recipe;
  std::vector<Finding> decided;
  findings_internal::add_decision_findings(none, decision, decided);
  std::map<std::string, std::size_t> place;
  for (std::size_t i = 0; i < findings.size(); ++i) place.emplace(findings[i].name, i);
  for (Finding& finding : decided) {
    std::erase(finding.runs, std::string());
    const auto same = place.find(finding.name);
    if (same == place.end()) {
      findings.push_back(std::move(finding));
      continue;
    }
    // A cost as the decision reads it is the stated number.
    Finding& stated = findings[same->second];
    finding.verdict = stated.verdict;
    finding.arithmetic.insert(finding.arithmetic.end(), stated.arithmetic.begin(), stated.arithmetic.end());
    stated = std::move(finding);
  }
  return findings;
}

}  // namespace quantier
