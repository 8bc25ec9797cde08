#include "quantier/note/hardware_words.h"

#include <algorithm>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "quantier/note/literature.h"
#include "quantier/note/words.h"

namespace quantier::note_internal {
namespace {

bool has_times(const NoteDevice& device) {
  return std::ranges::any_of(device.times, [](const auto& time) { return time.has_value(); });
}

bool any_times(const NoteHardware& hardware) { return std::ranges::any_of(hardware.devices, has_times); }

// What is known for certain; empty: it is not.
std::string certain_choice(const NoteDevice& device) {
  if (!device.choice_why.empty()) return {};
  if (device.possible.empty() && device.nothing_possible) return "nothing passes";
  return device.possible.size() == 1 && !device.nothing_possible ? device.possible.front() : std::string();
}

std::string choice_cell(const NoteDevice& device) {
  if (!has_times(device)) return "–";
  const std::string certain = certain_choice(device);
  if (!certain.empty()) return certain;
  if (!device.choice_why.empty() || device.possible.empty()) return "unknown";
  return fmt::format("unknown ({}{})", device.possible.size(),
                     device.nothing_possible ? " or nothing" : " possible");
}

std::string interval(const NoteModelledTime& time) {
  const auto number = [](double ms) {
    return ms < 0.995 ? fmt::format("{:.2g}", ms) : fmt::format("{:.3g}", ms);
  };
  return fmt::format("{}–{}", number(time.low_ms), number(time.high_ms));
}

void times_table(const NoteHardware& hardware, Blocks& blocks) {
  NoteTable table;
  table.header = {"what"};
  for (const NoteDevice& device : hardware.devices) table.header.push_back(device.name);
  table.caption =
      modelled(fmt::format("Modelled, not measured: ms/example of {} with {}, as an interval that is as wide "
                           "as the model was wrong on "
                           "published times; how many orders of two configurations lie outside its error; "
                           "what the same limits would "
                           "choose, with quality and calibration as measured here.",
                           hardware.workload, hardware.stack));
  for (std::size_t i = 0; i < hardware.configurations.size(); ++i) {
    std::vector<std::string> row = {hardware.configurations[i] + ", modelled"};
    for (const NoteDevice& device : hardware.devices) {
      const bool known = i < device.times.size() && device.times[i];
      row.push_back(known ? interval(*device.times[i]) : std::string("–"));
    }
    table.rows.push_back(std::move(row));
  }
  std::vector<std::string> orders = {"orders known"};
  std::vector<std::string> choices = {"choice there, modelled"};
  for (const NoteDevice& device : hardware.devices) {
    orders.push_back(has_times(device) ? fmt::format("{} of {}", device.known_pairs, device.pairs) : "–");
    choices.push_back(choice_cell(device));
  }
  table.rows.push_back(std::move(orders));
  table.rows.push_back(std::move(choices));
  blocks.emplace_back(std::move(table));
}

void techniques_table(const NoteHardware& hardware, Blocks& blocks) {
  NoteTable table;
  table.caption =
      "What a technique needs, and which devices have it. Storage only: kept in few bits and multiplied "
      "wider; slow: without what its fast kernels need.";
  table.header = {"what", "needs"};
  table.text_columns = 2;
  for (const NoteDevice& device : hardware.devices) table.header.push_back(device.name);
  for (const NoteTechnique& technique : hardware.techniques) {
    const bool named = !technique.recipe.empty() && technique.recipe != technique.name;
    std::vector<std::string> row = {
        technique.name + (named ? fmt::format(" ({} here)", technique.recipe) : std::string()),
        technique.needs};
    row.insert(row.end(), technique.support.begin(), technique.support.end());
    row.resize(table.header.size(), "–");
    table.rows.push_back(std::move(row));
  }
  blocks.emplace_back(std::move(table));
}

// Devices that share an answer stand in one clause.
std::string choice_sentence(const NoteHardware& hardware) {
  std::vector<std::pair<std::string, std::vector<std::string>>> answers;
  for (const NoteDevice& device : hardware.devices) {
    if (!has_times(device)) continue;
    std::string answer = certain_choice(device);
    if (answer.empty()) {
      const auto of = [&] {
        std::vector<std::string> possible = device.possible;
        if (device.nothing_possible) possible.emplace_back("nothing");
        return join(possible);
      };
      answer = !device.choice_why.empty()
                   ? fmt::format("unknown: {}", device.choice_why)
                   : fmt::format("unknown, since their order lies inside the error: {}", of());
    }
    auto found = std::ranges::find(answers, answer, &std::pair<std::string, std::vector<std::string>>::first);
    if (found == answers.end()) found = answers.insert(answers.end(), {answer, {}});
    found->second.push_back(device.name);
  }
  std::vector<std::string> parts;
  for (const auto& [answer, devices] : answers)
    parts.push_back(fmt::format("on {} {}", join(devices), answer));
  if (parts.empty()) return {};
  return fmt::format(
      "Modelled on other hardware, the same limits would choose: {} ({} of {} published times lie "
      "inside such intervals).",
      join(parts, "; "), hardware.anchors_inside, hardware.tested_anchors);
}

std::string signed_ms(double ms) { return fmt::format("{}{:.2g}", ms < 0.0 ? "−" : "+", std::abs(ms)); }

// "int8 +0.05 ms a batch (products −0.22, launches and waits +0.10)".
std::string step_words(const NoteModelledStep& step) {
  std::vector<std::string> parts;
  for (const NoteModelledStep::Part& part : step.parts)
    parts.push_back(fmt::format("{} {}", part.kind, signed_ms(part.ms)));
  return fmt::format("{} {} ms a batch ({})", step.recipe, signed_ms(step.total_ms), fmt::join(parts, ", "));
}

// Two are enough to read; the table holds the rest.
std::string changes_sentence(const NoteHardware& hardware) {
  constexpr std::size_t kShown = 2;
  std::vector<std::string> parts;
  for (const NoteOrderChange& change : hardware.changes) {
    if (parts.size() == kShown) break;
    parts.push_back(fmt::format("{} is faster than {} on {} and slower on {}", change.faster, change.slower,
                                change.here, change.there));
  }
  std::string text = parts.empty() ? std::string() : fmt::format("Orders turn over: {}.", join(parts, "; "));
  if (!hardware.steps.empty()) {
    std::vector<std::string> steps;
    for (const NoteModelledStep& step : hardware.steps) steps.push_back(step_words(step));
    text += fmt::format("{}By what, on a {} against {}: {}.", text.empty() ? "" : " ", hardware.step_device,
                        hardware.step_reference, join(steps, "; "));
  }
  return text;
}

std::string launches_sentence(const NoteHardware& hardware) {
  std::vector<std::string> bound;
  for (const NoteDevice& device : hardware.devices) {
    if (device.launches_matter) bound.push_back(device.name);
  }
  if (bound.empty()) return {};
  return fmt::format("On {} the launches of kernels make up much of the time of models this small.",
                     join(bound));
}

void add(std::string& text, const std::string& sentence) {
  if (!sentence.empty()) text += (text.empty() ? "" : " ") + sentence;
}

}  // namespace

void hardware_blocks(const NoteInput& input, Blocks& blocks) {
  std::string text;
  if (input.hardware) {
    const NoteHardware& hardware = *input.hardware;
    if (any_times(hardware)) times_table(hardware, blocks);
    if (!hardware.techniques.empty()) techniques_table(hardware, blocks);
    std::string from_model;
    for (const std::string& sentence :
         {choice_sentence(hardware), changes_sentence(hardware), launches_sentence(hardware)}) {
      add(from_model, sentence);
    }
    if (!from_model.empty()) text = modelled(from_model);
    if (!hardware.why_no_times.empty()) {
      add(text, fmt::format("No model of other hardware: {}.", hardware.why_no_times));
    } else if (!hardware.without_shapes.empty()) {
      add(text,
          fmt::format("No model of other hardware for {}: the shapes are not known. A [[models]] table gives "
                      "them, with `path` a model directory, a config.json or a TOML of shapes.",
                      join(hardware.without_shapes)));
    }
  }
  add(text, cited_for(input, LiteratureFinding::kHardware));
  add(text, cited_for(input, LiteratureFinding::kFp8));
  if (!text.empty()) blocks.emplace_back(NoteParagraph{text});
}

std::string devices_to_measure(const NoteInput& input) {
  if (!input.hardware) return {};
  std::vector<std::string> open;
  for (const NoteDevice& device : input.hardware->devices) {
    if (has_times(device) && certain_choice(device).empty()) open.push_back(device.name);
  }
  return join(open);
}

}  // namespace quantier::note_internal
