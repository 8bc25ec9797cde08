#include <algorithm>
#include <cmath>
#include <optional>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "quantier/decide/choice_table.h"
#include "quantier/note/page/page.h"
#include "quantier/note/page/scale.h"
#include "quantier/note/words.h"

namespace quantier::note_internal {
namespace {

std::string text(std::string_view plain) { return escape_html(visible(plain)); }

// From below the smallest value to above the largest, so that everything can be let in and kept out.
struct SliderRange {
  double low = 0.0;
  double high = 1.0;
};

SliderRange range_of(const ChoiceLimit& limit, const Metric& metric) {
  constexpr double kBeyond = 0.15;
  double low = limit.limit;
  double high = limit.limit;
  for (const std::optional<double>& value : limit.values) {
    if (!value) continue;
    low = std::min(low, *value);
    high = std::max(high, *value);
  }
  const double room = kBeyond * std::max(high - low, 0.1 * std::max(std::abs(high), 1e-6));
  low = std::max(low - room, 0.0);
  high += room;
  if (metric.is_fraction()) high = std::min(high, 1.0);
  return {low, high};
}

}  // namespace

std::string limit_controls(const NoteInput& input) {
  const Decision& decision = input.decision;
  const ChoiceTable table = make_choice_table(decision);
  if (table.limits.empty()) return {};
  std::string out =
      "<details class=\"live\" open><summary>Move a limit, and it decides again</summary>\n"
      "<p id=\"live-answer\" role=\"status\" aria-live=\"polite\"></p>\n<div class=\"limits\">\n";
  for (std::size_t l = 0; l < table.limits.size(); ++l) {
    const ChoiceLimit& limit = table.limits[l];
    const Constraint& constraint = decision.constraints[limit.constraint];
    const std::string label = fmt::format("{} {}{}", short_name(constraint),
                                          limit.upper ? "at most" : "at least", limit.hard ? "" : " (soft)");
    out += fmt::format(
        "<label><input type=\"checkbox\" data-limit=\"{0}\" data-role=\"use\" checked aria-label=\"use the "
        "limit: "
        "{1}\"> {1}</label>",
        l, text(label));
    if (!limit.movable) {
      out += fmt::format("<span>{}</span><span></span><span>fixed</span>\n", text(limit_text(constraint)));
      continue;
    }
    const SliderRange range = range_of(limit, constraint.metric);
    const double scale = scale_of(constraint.metric);
    out += fmt::format(
        "<input type=\"range\" data-limit=\"{0}\" data-role=\"range\" min=\"{2:.6g}\" max=\"{3:.6g}\" "
        "step=\"any\" "
        "value=\"{4:.10g}\" aria-label=\"{1}\">"
        "<input type=\"number\" data-limit=\"{0}\" data-role=\"number\" step=\"any\" value=\"{4:.10g}\" "
        "aria-label=\"{1}\"><span>{5}</span>\n",
        l, text(label), range.low / scale, range.high / scale, limit.limit / scale,
        text(shown_unit(constraint.metric)));
  }
  out +=
      "</div>\n<p><button type=\"button\" id=\"live-reset\">back to the stated limits</button></p>\n"
      "<div class=\"scroll\" tabindex=\"0\" role=\"group\" aria-label=\"Table\"><table><thead><tr><th "
      "scope=\"col\" "
      "class=\"t\">configuration</th>"
      "<th scope=\"col\" class=\"t\">choice</th>";
  for (const ChoiceLimit& limit : table.limits) {
    out += fmt::format("<th scope=\"col\">{}</th>", text(short_name(decision.constraints[limit.constraint])));
  }
  out += "</tr></thead>\n<tbody id=\"live-table\">\n";
  for (const Candidate& candidate : decision.candidates) {
    out += fmt::format("<tr><td class=\"t\">{}</td><td class=\"t\"></td>", text(candidate.name));
    for (std::size_t l = 0; l < table.limits.size(); ++l) out += "<td></td>";
    out += "</tr>\n";
  }
  return out + "</tbody></table></div>\n</details>\n";
}

std::string gate_controls(const NoteInput& input) {
  const bool any = std::ranges::any_of(input.calibration, [](const auto& row) { return !row.gates.empty(); });
  if (!any) return {};
  const std::vector<double> thresholds = gate_thresholds(input);
  const auto at = std::ranges::min_element(
      thresholds, {}, [&](double threshold) { return std::abs(threshold - input.calibration.front().gate); });
  std::string out = fmt::format(
      "<details class=\"gates\"><summary>A gate on confidence: what it lets through, and how often that is "
      "right</summary>\n<p><label for=\"gate-range\">Answer without a person at confidence ≥ <output "
      "id=\"gate-value\"></output></label> <input type=\"range\" id=\"gate-range\" min=\"0\" max=\"{}\" "
      "step=\"1\" "
      "value=\"{}\"></p>\n<div class=\"scroll\" tabindex=\"0\" role=\"group\" "
      "aria-label=\"Table\"><table><thead><tr><th scope=\"col\" "
      "class=\"t\">configuration</th><th scope=\"col\">share answered</th><th scope=\"col\">right of "
      "these</th>"
      "<th scope=\"col\">95 % interval</th></tr></thead>\n<tbody id=\"gate-table\">\n",
      thresholds.size() - 1, at - thresholds.begin());
  for (const NoteCalibration& row : input.calibration) {
    out += fmt::format("<tr><td class=\"t\">{} {}</td><td></td><td></td><td></td></tr>\n", text(row.model),
                       text(row.recipe));
  }
  return out +
         "</tbody></table></div>\n<p class=\"small\">After temperature. Thresholds are those that were "
         "computed.</p></details>\n";
}

std::string flips_section(const NoteInput& input) {
  if (input.flipped_examples.empty()) return {};
  std::string out = "<details class=\"flips\"><summary>The flips behind every tier</summary>\n";
  for (const NoteFlippedExamples& flips : input.flipped_examples) {
    out += fmt::format("<details><summary>{} {}, {}: {} lost and {} gained against {}</summary>\n",
                       text(flips.model), text(flips.recipe), text(flips.tier), count(flips.lost),
                       count(flips.gained), text(flips.baseline));
    if (flips.shown.empty()) {
      out += "<p>No prediction changed between right and wrong.</p></details>\n";
      continue;
    }
    const bool with_text =
        std::ranges::any_of(flips.shown, [](const NoteFlippedExample& flip) { return !flip.text.empty(); });
    out += fmt::format(
        "<div class=\"scroll\" tabindex=\"0\" role=\"group\" aria-label=\"Table\"><table><thead><tr><th "
        "scope=\"col\" "
        "class=\"t\">example</th><th "
        "scope=\"col\" class=\"t\">label</th><th scope=\"col\" class=\"t\">{}</th><th scope=\"col\" "
        "class=\"t\">{}</th>{}</tr></thead><tbody>\n",
        text(flips.baseline), text(flips.recipe), with_text ? "<th scope=\"col\" class=\"t\">text</th>" : "");
    for (const NoteFlippedExample& flip : flips.shown) {
      out += fmt::format(
          "<tr><td class=\"t\">{}</td><td class=\"t\">{}</td><td class=\"t\">{}</td><td "
          "class=\"t\">{}</td>{}</tr>\n",
          text(flip.id), text(flip.label), text(flip.before), text(flip.after),
          with_text ? fmt::format("<td class=\"t\">{}</td>", text(flip.text)) : std::string());
    }
    out += "</tbody></table></div>\n";
    const std::size_t all = flips.lost + flips.gained;
    if (flips.shown.size() < all) {
      out += fmt::format("<p class=\"small\">{} of {}; the evidence store holds them all.</p>\n",
                         count(flips.shown.size()), count(all));
    }
    out += "</details>\n";
  }
  return out + "</details>\n";
}

}  // namespace quantier::note_internal
