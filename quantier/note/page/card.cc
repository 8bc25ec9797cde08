#include <algorithm>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "quantier/note/decision_words.h"
#include "quantier/note/page/page.h"
#include "quantier/note/reported.h"
#include "quantier/note/words.h"

namespace quantier::note_internal {
namespace {

constexpr double kRequests = 1000.0;

std::string text(std::string_view plain) { return escape_html(visible(plain)); }

std::string entry(std::string_view term, const std::string& markup) {
  return markup.empty() ? std::string() : fmt::format("<dt>{}</dt><dd>{}</dd>\n", term, markup);
}

std::string list(const std::vector<std::string>& items) {
  if (items.empty()) return {};
  std::string out = "<ul>";
  for (const std::string& item : items) out += fmt::format("<li>{}</li>", text(item));
  return out + "</ul>";
}

const NoteTierDelta* change_of(const NoteInput& input, const Candidate& candidate, const std::string& tier) {
  for (const NoteTierDelta& delta : input.tier_deltas) {
    if (delta.model == candidate.model && delta.recipe == candidate.recipe && delta.tier == tier)
      return &delta;
  }
  return nullptr;
}

// What 1,000 requests take, and how many of them are answered right, tier by tier, against the baseline.
std::vector<std::string> per_thousand(const NoteInput& input, const Candidate& chosen) {
  std::vector<std::string> items;
  if (chosen.ms_per_example) {
    const std::string& protocol = input.decision.envelope.latency_protocol;
    const std::string how = table_only(input)  ? "as the files state"
                            : protocol.empty() ? "throughput protocol"
                                               : protocol + " protocol";
    items.push_back(fmt::format("{:.2f} s of computing ({} ms/example, {})",
                                *chosen.ms_per_example * kRequests / 1000.0,
                                milliseconds(chosen.ms_per_example), how));
  }
  for (const Candidate::Tier& tier : chosen.tiers) {
    std::string item = fmt::format("{}: {:.0f} of 1,000 right", tier.name, tier.accuracy * kRequests);
    if (const NoteTierDelta* delta = change_of(input, chosen, tier.name)) {
      item += fmt::format(", {} against {} [{}, {}] ({})", signed_fixed(delta->delta * kRequests, 0),
                          delta->baseline, signed_fixed(delta->low * kRequests, 0),
                          signed_fixed(delta->high * kRequests, 0), delta->verdict);
    } else if (chosen.recipe == input.reference_recipe) {
      item += " (it is the reference itself)";
    }
    items.push_back(item);
  }
  return items;
}

std::vector<std::string> assumptions(const NoteInput& input) {
  std::vector<std::string> items;
  if (table_only(input)) {
    items.emplace_back("Traffic looks like the examples behind the table, which are not here");
  } else if (!input.dataset.empty()) {
    items.push_back("Traffic looks like " + input.dataset);
  }
  if (!input.stack.empty()) items.push_back("Time and memory: " + input.stack);
  if (!input.decision.envelope.device.empty())
    items.push_back("It runs on " + input.decision.envelope.device);
  for (const NoteCalibration& row : input.calibration) {
    if (!input.decision.chosen || !row.temperature) continue;
    const Candidate& chosen = input.decision.candidates[*input.decision.chosen];
    if (row.model == chosen.model && row.recipe == chosen.recipe) {
      items.push_back(fmt::format("Confidences are divided by the temperature {:.3f}", *row.temperature));
    }
  }
  if (!input.limited.empty()) items.push_back("A limited run: " + input.limited);
  return items;
}

}  // namespace

std::string decision_card(const NoteInput& input) {
  const Decision& decision = input.decision;
  std::string out =
      "<section class=\"card\" aria-labelledby=\"card-title\">\n<p class=\"ask\">Which model, at which "
      "precision?</p>\n";
  out += fmt::format("<h2 id=\"card-title\">{}</h2>\n<dl>\n",
                     decision.chosen ? "Ship " + text(name(decision, decision.chosen))
                                     : std::string("Nothing passes every limit"));
  const std::string temperature = temperature_sentence(decision);
  out += entry("First of all", temperature.empty() ? "" : text(temperature));
  if (decision.stability || table_only(input)) out += entry("How sure", text(stability_sentence(decision)));
  if (decision.chosen) {
    out += entry("Per 1,000 requests", list(per_thousand(input, decision.candidates[*decision.chosen])));
  }
  out += entry("What binds", decision.constraints.empty() ? std::string("No limit was stated.")
                                                          : text(binding_sentence(decision)));
  out += entry("It assumes", list(assumptions(input)));
  std::vector<std::string> changes = breakpoint_sentences(decision);
  if (const std::string advice = relaxation_advice(decision); !advice.empty()) changes.push_back(advice);
  out += entry("What would change it",
               changes.empty() ? std::string("No single limit, moved alone.") : list(changes));
  std::string evidence;
  if (!input.evidence_date.empty()) evidence += text(input.evidence_date) + ", ";
  if (!input.evidence_hash.empty())
    evidence += fmt::format("hash <code>{}</code>", text(input.evidence_hash));
  out += entry("Evidence", evidence);
  return out + "</dl>\n</section>\n";
}

}  // namespace quantier::note_internal
