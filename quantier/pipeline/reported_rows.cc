// What a store's reported values say of each configuration, tier and class.
#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <tuple>
#include <utility>

#include <fmt/format.h>

#include "quantier/pipeline/report_table.h"

namespace quantier {
namespace {

using Member = std::optional<NoteStated> NoteReportedConfiguration::*;
constexpr std::array<std::pair<std::string_view, Member>, 7> kQuantities = {
    {{"accuracy", &NoteReportedConfiguration::accuracy},
     {"macro_f1", &NoteReportedConfiguration::macro_f1},
     {"latency_ms", &NoteReportedConfiguration::ms_per_example},
     {"memory_gb", &NoteReportedConfiguration::memory_gb},
     {"ece_pre", &NoteReportedConfiguration::ece_before},
     {"temperature", &NoteReportedConfiguration::temperature},
     {"ece_post", &NoteReportedConfiguration::ece_after}}};

NoteStated stated(const ReportedValue& value) { return {value.value, value.decimals, value.source}; }

// The row of a table or the object of a document that a value stands in: values of one place belong together.
std::string place_of(const std::string& source) {
  const std::size_t column = source.rfind(", column ");
  if (column != std::string::npos) return source.substr(0, column);
  const std::size_t file = source.find(", ");
  const std::size_t dot = source.rfind('.');
  return dot != std::string::npos && file != std::string::npos && dot > file ? source.substr(0, dot) : source;
}

const char* part_words(const std::string& quantity) {
  if (quantity == "delta") return "change of accuracy";
  if (quantity == "accuracy") return "accuracy";
  if (quantity == "mean_probability_true") return "probability of the true class";
  return nullptr;
}

class Parts {
 public:
  explicit Parts(std::vector<NoteReportedPart>& out) : out_(out) {}

  // First what is shown, then what belongs to it.
  void add(const ReportedValue& value) {
    const char* words = part_words(value.quantity);
    if (words == nullptr) return;
    NoteReportedPart part{.model = value.model,
                          .recipe = value.recipe,
                          .tier = value.tier,
                          .label = value.label,
                          .quantity = words,
                          .finding = name_of(value),
                          .value = stated(value)};
    places_[key_of(value)].push_back(out_.size());
    out_.push_back(std::move(part));
  }
  void complete(const ReportedValue& value) {
    const auto found = places_.find(key_of(value));
    if (found == places_.end()) return;
    for (const std::size_t i : found->second) {
      if (value.quantity == "n") out_[i].n = value.value;
      if (out_[i].quantity != part_words("delta")) continue;
      if (value.quantity == "delta_low") out_[i].low = value.value;
      if (value.quantity == "delta_high") out_[i].high = value.value;
    }
  }

 private:
  using Key = std::tuple<std::string, std::string, std::string, std::string, std::string>;
  static Key key_of(const ReportedValue& value) {
    return {value.model, value.recipe, value.tier, value.label, place_of(value.source)};
  }
  // Stated again in another file, it is another finding.
  std::string name_of(const ReportedValue& value) {
    std::string name = value.model;
    for (const std::string& part : {value.recipe, value.tier, value.label}) {
      if (!part.empty()) name += "/" + part;
    }
    const std::string quantity = value.quantity == "delta"      ? "stated-change"
                                 : value.quantity == "accuracy" ? "stated-accuracy"
                                                                : "stated-probability";
    name += "/" + quantity;
    const std::size_t before = names_[name]++;
    return before == 0 ? name : fmt::format("{}-{}", name, before + 1);
  }
  std::vector<NoteReportedPart>& out_;
  std::map<Key, std::vector<std::size_t>> places_;
  std::map<std::string, std::size_t> names_;
};

bool is_known(const ReportedValue& value, const std::vector<ConfigurationId>& known) {
  return std::ranges::any_of(known, [&](const ConfigurationId& id) {
    return id.model == value.model && (value.recipe.empty() || id.recipe == value.recipe);
  });
}

}  // namespace

NoteReported reported_of(const std::vector<ReportedValue>& values,
                         const std::vector<ConfigurationId>& known) {
  NoteReported reported;
  Parts parts(reported.parts);
  for (const ReportedValue& value : values) {
    if (value.kind != ReportedKind::kReported || value.model.empty() || !std::isfinite(value.value) ||
        !value.part.empty() || is_known(value, known)) {
      continue;
    }
    if (!value.tier.empty() || !value.label.empty()) {
      parts.add(value);
      continue;
    }
    const auto* quantity =
        std::ranges::find(kQuantities, value.quantity, &std::pair<std::string_view, Member>::first);
    if (quantity == kQuantities.end()) continue;
    auto row = std::ranges::find_if(reported.configurations, [&](const auto& each) {
      return each.model == value.model && each.recipe == value.recipe;
    });
    if (row == reported.configurations.end()) {
      row = reported.configurations.insert(row, {.model = value.model, .recipe = value.recipe});
    }
    (*row).*(quantity->second) = stated(value);
  }
  for (const ReportedValue& value : values) {
    if (std::isfinite(value.value) && (!value.tier.empty() || !value.label.empty())) parts.complete(value);
  }
  return reported;
}

}  // namespace quantier
