#include "quantier/pipeline/tier_input.h"

#include <algorithm>
#include <charconv>
#include <map>
#include <unordered_map>

#include <fmt/format.h>

#include "quantier/base/utf8.h"
#include "quantier/dataset/prediction_labels.h"
#include "quantier/dataset/tiers.h"
#include "quantier/pipeline/prediction_input.h"

namespace quantier {
namespace {

std::unexpected<Error> refuse(const std::string& where, std::string what, std::string why,
                              std::string hint = {}) {
  return fail(ErrorKind::kUserInput, std::move(what), where, std::move(why), std::move(hint));
}

// "head=10,mid=30,tail".
Result<AnalysisTiers> by_sizes(const TierRequest& request, const std::vector<std::string>& label_names) {
  const auto wrong = [&](std::string why) {
    return fail(ErrorKind::kUsage, "the tiers cannot be read", printable(request.tiers), std::move(why),
                "write NAME=CLASSES for each tier but the last, which takes the rest: head=10,mid=30,tail");
  };
  if (request.counts.empty()) return wrong("sizes need training counts to sort the classes by (--counts)");
  std::vector<std::string> names;
  std::vector<std::size_t> sizes;
  std::string_view rest = request.tiers;
  while (!rest.empty()) {
    const std::size_t comma = std::min(rest.find(','), rest.size());
    const std::string_view part = rest.substr(0, comma);
    rest.remove_prefix(std::min(comma + 1, rest.size()));
    const std::size_t equals = part.find('=');
    names.emplace_back(part.substr(0, equals));
    if (equals == std::string_view::npos) {
      if (!rest.empty()) return wrong(fmt::format("\"{}\" has no size", printable(part, 40)));
      continue;
    }
    const std::string_view digits = part.substr(equals + 1);
    std::size_t size = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), size);
    if (error != std::errc() || end != digits.data() + digits.size()) {
      return wrong(fmt::format("\"{}\" is not a number of classes", printable(digits, 40)));
    }
    sizes.push_back(size);
  }
  if (sizes.size() == names.size()) return wrong("the last tier has a size too");
  QT_TRY(const std::vector<std::int64_t> counts, read_training_counts(request.counts, label_names));
  QT_TRY(Tiers tiers, make_tiers(counts, names, sizes));
  return AnalysisTiers{std::move(tiers.names), std::move(tiers.tier_of_class)};
}

Result<AnalysisTiers> by_label_file(const std::string& path, const std::vector<std::string>& label_names) {
  QT_TRY(const Json document, read_json_file(path));
  if (!document.is_object() || document.empty()) {
    return refuse(path, "the tiers cannot be read", "expected a JSON object",
                  "write {\"head\": [\"label\", ...], ...} or {\"label\": \"head\", ...}");
  }
  std::unordered_map<std::string, std::size_t> id_of;
  for (std::size_t k = 0; k < label_names.size(); ++k) id_of.emplace(label_names[k], k);
  AnalysisTiers tiers;
  tiers.tier_of_class.assign(label_names.size(), -1);
  const auto put = [&](const std::string& label, const std::string& tier) -> Status {
    auto name = std::ranges::find(tiers.names, tier);
    if (name == tiers.names.end()) {
      tiers.names.push_back(tier);
      name = tiers.names.end() - 1;
    }
    const auto id = id_of.find(label);
    if (id == id_of.end()) {
      return refuse(path, fmt::format("there is no class \"{}\"", printable(label, 60)),
                    fmt::format("{} classes are known", label_names.size()),
                    "classes without names are called 0, 1, ...; give names with --label-names");
    }
    std::int32_t& place = tiers.tier_of_class[id->second];
    if (place >= 0) {
      return refuse(path, fmt::format("the class \"{}\" stands in two tiers", printable(label, 60)), "");
    }
    place = static_cast<std::int32_t>(name - tiers.names.begin());
    return {};
  };
  for (const auto& item : document.items()) {
    const Json& value = item.value();
    if (value.is_string()) {
      QT_TRY_STATUS(put(item.key(), value.get<std::string>()));
    } else if (value.is_array()) {
      for (const Json& label : value) {
        if (!label.is_string() && !label.is_number_integer()) {
          return refuse(path, "a label is neither a name nor a number", "in tier " + printable(item.key()));
        }
        QT_TRY_STATUS(put(label.is_string() ? label.get<std::string>() : label.dump(), item.key()));
      }
    } else {
      return refuse(path,
                    fmt::format("\"{}\" is neither a tier's name nor a list", printable(item.key(), 60)), "");
    }
  }
  return tiers;
}

Status every_example_has_a_tier(const AnalysisTiers& tiers, std::span<const std::int32_t> labels,
                                const std::vector<std::string>& label_names, const std::string& where) {
  for (const std::int32_t label : labels) {
    const auto id = static_cast<std::size_t>(label);
    if (tiers.tier_of_class[id] >= 0) continue;
    return refuse(where, fmt::format("the class \"{}\" has examples and no tier", printable(label_names[id])),
                  "a tier that leaves examples out would not be what its name says",
                  "put every class into a tier");
  }
  return {};
}

}  // namespace

Result<AnalysisTiers> tiers_of_examples(const std::vector<std::string>& tier_of_example,
                                        std::span<const std::int32_t> labels,
                                        const std::vector<std::string>& label_names,
                                        const std::string& source) {
  if (tier_of_example.size() != labels.size()) {
    return refuse(source, "tiers and labels do not fit together",
                  fmt::format("{} tiers for {} labels", tier_of_example.size(), labels.size()));
  }
  std::vector<std::string> tier_of(label_names.size());
  std::map<std::string, double> examples;
  std::map<std::string, double> classes;
  for (std::size_t i = 0; i < labels.size(); ++i) {
    std::string& tier = tier_of[static_cast<std::size_t>(labels[i])];
    if (tier.empty()) {
      tier = tier_of_example[i];
      classes[tier] += 1.0;
    }
    if (tier != tier_of_example[i] || tier.empty()) {
      return refuse(
          fmt::format("{}, row {} (from 0)", source, i),
          fmt::format("the class \"{}\" stands in two tiers",
                      printable(label_names[static_cast<std::size_t>(labels[i])], 60)),
          fmt::format("\"{}\" here, \"{}\" before", printable(tier_of_example[i], 40), printable(tier, 40)),
          "a tier is a property of the class; check that tiers and labels belong together");
    }
    examples[tier] += 1.0;
  }
  AnalysisTiers tiers;
  for (const auto& [name, count] : examples) tiers.names.push_back(name);
  std::ranges::stable_sort(tiers.names, [&](const std::string& a, const std::string& b) {
    return examples[a] / classes[a] > examples[b] / classes[b];
  });
  for (const std::string& name : tier_of) {
    const auto place = std::ranges::find(tiers.names, name);
    tiers.tier_of_class.push_back(name.empty() ? -1 : static_cast<std::int32_t>(place - tiers.names.begin()));
  }
  return tiers;
}

Result<AnalysisTiers> tiers_from_request(const TierRequest& request,
                                         const std::vector<std::string>& label_names,
                                         const PredictionTable& reference,
                                         std::span<const std::int32_t> labels) {
  if (request.tiers.empty()) return AnalysisTiers{};
  std::error_code ignored;
  const bool is_file = std::filesystem::is_regular_file(request.tiers, ignored);
  const std::size_t mark = request.tiers.rfind('#');
  if (!is_file && mark != std::string::npos) {
    const std::string path = request.tiers.substr(0, mark);
    PredictionOptions options;
    options.need_logits = false;
    const std::string group = request.tiers.substr(mark + 1);
    options.columns.groups = {group};
    QT_TRY(PredictionTable table, read_predictions(path, options));
    QT_TRY(const std::vector<std::size_t> order, join_rows(reference, table));
    reorder(table, order);
    return tiers_of_examples(table.groups[group], labels, label_names, request.tiers);
  }
  Result<AnalysisTiers> tiers = is_file || request.tiers.ends_with(".json")
                                    ? by_label_file(request.tiers, label_names)
                                    : by_sizes(request, label_names);
  if (tiers) QT_TRY_STATUS(every_example_has_a_tier(*tiers, labels, label_names, request.tiers));
  return tiers;
}

Json tiers_to_json(const AnalysisTiers& tiers) {
  return {{"names", tiers.names}, {"tier_of_class", tiers.tier_of_class}};
}

Result<AnalysisTiers> tiers_from_json(const Json& json, const std::string& source) {
  AnalysisTiers tiers;
  const auto names = json.find("names");
  const auto classes = json.find("tier_of_class");
  const auto wrong = [&] { return fail(ErrorKind::kCorruptData, "the stored tiers cannot be read", source); };
  if (!json.is_object() || names == json.end() || classes == json.end()) return wrong();
  for (const Json& name : *names) {
    if (!name.is_string()) return wrong();
    tiers.names.push_back(name.get<std::string>());
  }
  for (const Json& tier : *classes) {
    if (!tier.is_number_integer()) return wrong();
    tiers.tier_of_class.push_back(tier.get<std::int32_t>());
  }
  return tiers;
}

}  // namespace quantier
