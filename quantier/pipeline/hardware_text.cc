#include <algorithm>

#include <fmt/format.h>

#include "quantier/base/utf8.h"
#include "quantier/pipeline/hardware.h"

namespace quantier {
namespace {

constexpr double kMegabyte = 1e6;

std::string place_name(const HardwareCounterfactual& place) {
  return fmt::format("{}, {}", place.device_title,
                     place.stack == Stack::kFused ? "fused kernels" : "transformers + bitsandbytes");
}

Json support_json(const TechniqueSupport& support) {
  return {{"technique", technique_name(support.technique)},
          {"support", support_words(support)},
          {"has_what_it_needs", support.has_need},
          {"needs", support.needs},
          {"reason", support.reason}};
}

Json configuration_json(const HardwareCounterfactual& place, const CounterfactualConfiguration& from) {
  Json row{{"configuration", from.name},
           {"kind", "modelled"},
           {"technique", support_json(from.support)},
           {"memory_bytes", {{"low", from.memory_bytes.low}, {"high", from.memory_bytes.high}}},
           {"fits_in_memory", from.fits ? Json(*from.fits) : Json(nullptr)}};
  if (!from.time) {
    row["ms_per_example"] = nullptr;
    row["why_absent"] = from.why_absent;
    return row;
  }
  const RooflineTime& time = from.time->time;
  row["ms_per_example"] = {{"low", from.low_ms_per_example()},
                           {"point", from.point_ms_per_example()},
                           {"high", from.high_ms_per_example()}};
  row["ms_of_a_batch"] = {{"products", time.products_ms},
                          {"activations", time.elementwise_ms},
                          {"quantize", time.quantize_ms},
                          {"launches", time.launches_ms},
                          {"bound", time_bound_name(time.bound)}};
  row["interval"] = {{"anchors", from.time->band.anchors},
                     {"nominal_coverage", from.time->band.nominal_coverage}};
  row["rank"] = from.rank_known ? Json(*from.rank) : Json("unknown");
  Json unordered = Json::array();
  for (const std::size_t other : from.unordered_with) unordered.push_back(place.configurations[other].name);
  row["order_unknown_with"] = std::move(unordered);
  row["mechanism"] = mechanism_sentence(from);
  return row;
}

std::string support_table(const HardwareReport& report) {
  std::string text = fmt::format("{:<26}", "technique");
  for (const DeviceSupport& device : report.support) text += fmt::format(" {:>13}", device.device);
  text += "  needs\n";
  std::vector<std::string> reasons;
  for (std::size_t t = 0; t < report.support.front().techniques.size(); ++t) {
    const TechniqueSupport& first = report.support.front().techniques[t];
    text += fmt::format("{:<26}", technique_name(first.technique));
    // Equal reasons of several devices are one line.
    std::vector<std::pair<std::string, std::string>> by_reason;
    for (const DeviceSupport& device : report.support) {
      const TechniqueSupport& support = device.techniques[t];
      text += fmt::format(" {:>13}", support_words(support));
      if (support.reason.empty()) continue;
      const auto found =
          std::ranges::find(by_reason, support.reason, &std::pair<std::string, std::string>::first);
      if (found == by_reason.end()) {
        by_reason.emplace_back(support.reason, device.device);
      } else {
        found->second += ", " + device.device;
      }
    }
    text += fmt::format("  {}\n", first.needs);
    for (const auto& [reason, devices] : by_reason) {
      reasons.push_back(fmt::format("  {} on {}: {}\n", technique_name(first.technique), devices, reason));
    }
  }
  text += "why\n";
  for (const std::string& reason : reasons) text += reason;
  for (const DeviceSupport& device : report.support) {
    if (!device.note.empty()) text += fmt::format("  {}: {}\n", device.title, device.note);
  }
  return text;
}

constexpr const char* kRow = "  {:<28} {:<21} {:>10} {:>16} {:>13}  {}\n";

std::string modelled_row(const CounterfactualConfiguration& row) {
  const double low = row.memory_bytes.low / kMegabyte;
  const double high = row.memory_bytes.high / kMegabyte;
  const std::string memory =
      low == high ? fmt::format("{:.0f}", high) : fmt::format("{:.0f} to {:.0f}", low, high);
  if (!row.time) {
    return fmt::format(kRow, printable(row.name, 60), "not modelled", "-", "-", memory, row.why_absent);
  }
  std::string rest = row.rank_known ? fmt::format("rank {}", *row.rank) : "rank unknown";
  rest += fmt::format(", bound by {}", time_bound_name(row.time->time.bound));
  if (!row.fits.value_or(true)) rest += ", may not fit in memory";
  return fmt::format(
      kRow, printable(row.name, 60), "modelled", fmt::format("{:.3g}", row.point_ms_per_example()),
      fmt::format("{:.3g} to {:.3g}", row.low_ms_per_example(), row.high_ms_per_example()), memory, rest);
}

std::string measured_row(const MeasuredConfiguration& row) {
  std::string how = row.device.empty() ? "device not declared" : printable(row.device, 80);
  if (!row.protocol.empty()) {
    how += fmt::format("; {}, n = {}, batches of {}", row.protocol, row.samples, row.batch);
  }
  if (!row.memory_definition.empty()) how += "; memory: " + row.memory_definition;
  if (row.inside) how += *row.inside ? "; inside the modelled interval" : "; OUTSIDE the modelled interval";
  return fmt::format(kRow, printable(row.name, 60), row.other_stack ? "measured, other stack" : "measured",
                     row.ms_per_example ? fmt::format("{:.3g}", *row.ms_per_example) : "-", "",
                     row.memory_bytes ? fmt::format("{:.0f}", *row.memory_bytes / kMegabyte) : "-", how);
}

std::string header() {
  return fmt::format(kRow, "configuration", "kind", "ms/example", "interval", "memory MB", "");
}

std::string place_table(const HardwareReport& report, std::size_t index) {
  const HardwareCounterfactual& place = report.places[index];
  std::string text = fmt::format("\n{}: {:.0f} texts of {:.0f} tokens\n", place_name(place), place.batch,
                                 place.tokens_per_text);
  text += header();
  for (const CounterfactualConfiguration& row : place.configurations) {
    text += modelled_row(row);
    for (const MeasuredConfiguration& measured : report.measured) {
      if (measured.place == index && measured.name == row.name) text += measured_row(measured);
    }
  }
  for (const MeasuredConfiguration& measured : report.measured) {
    const bool shown =
        std::ranges::any_of(place.configurations, [&](const auto& row) { return row.name == measured.name; });
    if (measured.place == index && !shown) text += measured_row(measured);
  }
  if (place.order.size() > 1) {
    text += fmt::format("  modelled order: {}  (< faster, ? unknown)\n", printable(order_text(place), 2000));
  }
  for (const CounterfactualConfiguration& row : place.configurations) {
    const std::string sentence = mechanism_sentence(row);
    if (!sentence.empty())
      text += fmt::format("  {}: {}\n", printable(row.name, 60), printable(sentence, 400));
  }
  return text;
}

// What no table of a device has.
std::string other_measured(const HardwareReport& report) {
  std::string text;
  for (const MeasuredConfiguration& row : report.measured) {
    if (!row.place) text += measured_row(row);
  }
  return text.empty() ? text : "\nmeasured on other devices\n" + header() + text;
}

}  // namespace

std::string hardware_text(const HardwareReport& report) {
  std::string text = support_table(report);
  for (std::size_t place = 0; place < report.places.size(); ++place) text += place_table(report, place);
  if (!report.places.empty()) {
    text += "\norders that turn over\n";
    for (const OrderChange& change : report.changes) {
      text += fmt::format("  {} is faster than {} on {}, slower on {}\n", printable(change.faster_here, 60),
                          printable(change.slower_here, 60), place_name(report.places[change.here]),
                          place_name(report.places[change.there]));
    }
    if (report.changes.empty()) text += "  none is known: no pair of a model has a known order both ways\n";
    text += fmt::format(
        "\nModelled: nothing here ran. Intervals are as wide as the roofline was wrong on published times "
        "that it "
        "was\nnot fitted to; of {} further ones {} lie inside. Sources and table: docs/methods/roofline.md\n",
        report.tested_anchors, report.anchors_inside);
  }
  return text + other_measured(report);
}

Json hardware_to_json(const HardwareReport& report) {
  Json document;
  Json devices = Json::array();
  for (const DeviceSupport& device : report.support) {
    Json techniques = Json::array();
    for (const TechniqueSupport& support : device.techniques) techniques.push_back(support_json(support));
    const Device* row = find_device(device.device);
    Json rates = Json::array();
    for (const DeviceRate& rate : row->rates) {
      rates.push_back({{"arithmetic", arithmetic_name(rate.arithmetic)},
                       {"sustained_tera_per_s", rate.sustained_tera},
                       {"burst_tera_per_s", rate.burst_tera},
                       {"basis", rate_basis_name(rate.basis)},
                       {"source", rate.source}});
    }
    devices.push_back({{"device", device.device},
                       {"title", device.title},
                       {"note", device.note},
                       {"bandwidth_gigabytes_per_s", row->bandwidth_giga},
                       {"bandwidth_source", row->bandwidth_source},
                       {"rates", std::move(rates)},
                       {"techniques", std::move(techniques)}});
  }
  document["devices"] = std::move(devices);
  Json places = Json::array();
  for (const HardwareCounterfactual& place : report.places) {
    Json rows = Json::array();
    for (const CounterfactualConfiguration& row : place.configurations) {
      rows.push_back(configuration_json(place, row));
    }
    places.push_back({{"device", place.device},
                      {"stack", stack_name(place.stack)},
                      {"kind", "modelled"},
                      {"batch", place.batch},
                      {"tokens_per_text", place.tokens_per_text},
                      {"configurations", std::move(rows)},
                      {"order", order_text(place)}});
  }
  document["modelled"] = std::move(places);
  Json changes = Json::array();
  for (const OrderChange& change : report.changes) {
    const auto place = [&](std::size_t index) {
      return Json{{"device", report.places[index].device}, {"stack", stack_name(report.places[index].stack)}};
    };
    changes.push_back({{"first", change.faster_here},
                       {"second", change.slower_here},
                       {"first_is_faster", place(change.here)},
                       {"second_is_faster", place(change.there)}});
  }
  document["orders_that_turn_over"] = std::move(changes);
  Json measured = Json::array();
  for (const MeasuredConfiguration& row : report.measured) {
    measured.push_back({{"configuration", row.name},
                        {"kind", row.other_stack ? "measured, other stack" : "measured"},
                        {"device", row.device.empty() ? Json(nullptr) : Json(row.device)},
                        {"ms_per_example", row.ms_per_example ? Json(*row.ms_per_example) : Json(nullptr)},
                        {"protocol", row.protocol},
                        {"samples", row.samples},
                        {"batch", row.batch},
                        {"memory_bytes", row.memory_bytes ? Json(*row.memory_bytes) : Json(nullptr)},
                        {"memory_definition", row.memory_definition},
                        {"has_roofline", row.has_shapes},
                        {"beside", row.place ? Json{{"device", report.places[*row.place].device},
                                                    {"stack", stack_name(report.places[*row.place].stack)}}
                                             : Json(nullptr)},
                        {"inside_modelled_interval", row.inside ? Json(*row.inside) : Json(nullptr)}});
  }
  document["measured"] = std::move(measured);
  document["validation"] = {{"test_anchors", report.tested_anchors}, {"inside", report.anchors_inside}};
  document["remarks"] = report.remarks;
  return document;
}

}  // namespace quantier
