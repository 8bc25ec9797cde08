#include "quantier/dataset/prediction_labels.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <unordered_map>

#include <fmt/format.h>

#include "quantier/base/utf8.h"

namespace quantier {
namespace {

constexpr std::ptrdiff_t kFurthestShift = 64;
// Standard errors above chance: what no try among a few hundred reaches by luck.
constexpr double kAboveChance = 6.0;
constexpr double kNoBetterThanChance = 3.0;

double share_equal(std::span<const std::int32_t> a, std::span<const std::int32_t> b) {
  std::size_t equal = 0;
  for (std::size_t i = 0; i < a.size(); ++i) equal += a[i] == b[i] ? 1 : 0;
  return static_cast<double>(equal) / static_cast<double>(a.size());
}

double shifted(std::span<const std::int32_t> predictions, std::span<const std::int32_t> labels,
               std::ptrdiff_t shift) {
  const auto n = static_cast<std::ptrdiff_t>(labels.size());
  std::size_t equal = 0;
  for (std::ptrdiff_t i = 0; i < n; ++i) {
    const auto from = static_cast<std::size_t>((i + shift % n + n) % n);
    equal += predictions[static_cast<std::size_t>(i)] == labels[from] ? 1 : 0;
  }
  return static_cast<double>(equal) / static_cast<double>(n);
}

// Each predicted class is renamed to the label it meets most often on even rows, and read on odd rows: what
// was chosen by looking is judged on rows that were not looked at.
double renamed(std::span<const std::int32_t> predictions, std::span<const std::int32_t> labels,
               std::size_t class_count) {
  std::map<std::pair<std::int32_t, std::int32_t>, std::size_t> meetings;
  for (std::size_t i = 0; i < labels.size(); i += 2) ++meetings[{predictions[i], labels[i]}];
  std::vector<std::pair<std::size_t, std::pair<std::int32_t, std::int32_t>>> order;
  order.reserve(meetings.size());
  for (const auto& [pair, count] : meetings) order.emplace_back(count, pair);
  std::ranges::stable_sort(order, [](const auto& a, const auto& b) { return a.first > b.first; });
  std::vector<std::int32_t> name(class_count + 1, -1);
  std::vector<bool> taken(class_count + 1, false);
  for (const auto& [count, pair] : order) {
    const auto predicted = static_cast<std::size_t>(pair.first);
    const auto label = static_cast<std::size_t>(pair.second);
    if (name[predicted] >= 0 || taken[label]) continue;
    name[predicted] = pair.second;
    taken[label] = true;
  }
  std::size_t equal = 0;
  std::size_t read = 0;
  for (std::size_t i = 1; i < labels.size(); i += 2, ++read) {
    equal += name[static_cast<std::size_t>(predictions[i])] == labels[i] ? 1 : 0;
  }
  return read == 0 ? 0.0 : static_cast<double>(equal) / static_cast<double>(read);
}

}  // namespace

Result<std::vector<std::int32_t>> class_ids_of(const PredictionTable& table, std::size_t class_count,
                                               const std::vector<std::string>& class_names) {
  std::vector<std::int32_t> ids;
  if (!table.has_labels()) {
    return fail(ErrorKind::kUserInput, "there are no labels", table.source,
                "without true labels there is nothing to be right about",
                "name their column with --map labels=KEY, or give a file of labels with --labels");
  }
  if (!table.label_names.empty()) {
    std::unordered_map<std::string_view, std::int32_t> by_name;
    for (std::size_t k = 0; k < class_names.size(); ++k) {
      by_name.emplace(class_names[k], static_cast<std::int32_t>(k));
    }
    for (std::size_t i = 0; i < table.label_names.size(); ++i) {
      const auto found = by_name.find(table.label_names[i]);
      if (found == by_name.end()) {
        return fail(ErrorKind::kUserInput,
                    fmt::format("the label \"{}\" is no class", printable(table.label_names[i], 60)),
                    fmt::format("{}, row {} (from 0)", table.source, i),
                    class_names.empty() ? "the classes have no names here"
                                        : fmt::format("{} class names are known", class_names.size()),
                    "give the names in the order of the logits with --label-names FILE");
      }
      ids.push_back(found->second);
    }
    return ids;
  }
  const auto [least, most] = std::ranges::minmax(table.label_numbers);
  if (least >= 0 && static_cast<std::uint64_t>(most) < class_count) {
    ids.assign(table.label_numbers.begin(), table.label_numbers.end());
    return ids;
  }
  const auto outside = std::ranges::find_if(table.label_numbers, [&](std::int64_t label) {
    return label < 0 || static_cast<std::uint64_t>(label) >= class_count;
  });
  const bool from_one = least == 1 && static_cast<std::uint64_t>(most) == class_count;
  return fail(
      ErrorKind::kUserInput, "a label lies outside the classes",
      fmt::format("{}, row {} (from 0)", table.source, outside - table.label_numbers.begin()),
      fmt::format("the label is {}; there are {} classes, so labels run from 0 to {}", *outside, class_count,
                  class_count - 1),
      from_one
          ? "the labels run from 1: subtract 1 when exporting them"
          : "check that labels and logits belong together, and that -1 does not stand for a missing label");
}

Result<std::vector<std::size_t>> join_rows(const PredictionTable& reference, const PredictionTable& other) {
  std::vector<std::size_t> order(reference.example_count);
  const std::string both = fmt::format("{} and {}", reference.source, other.source);
  if (reference.ids.empty() || other.ids.empty()) {
    if (reference.example_count != other.example_count) {
      return fail(ErrorKind::kUserInput, "the files have different numbers of examples", both,
                  fmt::format("{} rows and {} rows, and no ids in {} to join them by",
                              reference.example_count, other.example_count,
                              reference.ids.empty() && other.ids.empty() ? "either"
                              : reference.ids.empty()                    ? "the first"
                                                                         : "the second"),
                  "export the same examples, or write an id with each row (--map ids=KEY)");
    }
    for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
    return order;
  }
  std::unordered_map<std::string_view, std::size_t> place;
  place.reserve(other.ids.size());
  for (std::size_t i = 0; i < other.ids.size(); ++i) place.emplace(other.ids[i], i);
  std::size_t missing = 0;
  std::string first_missing;
  for (std::size_t i = 0; i < order.size(); ++i) {
    const auto found = place.find(reference.ids[i]);
    if (found == place.end()) {
      if (missing++ == 0) first_missing = reference.ids[i];
      continue;
    }
    order[i] = found->second;
  }
  const std::size_t extra = other.ids.size() - (order.size() - missing);
  if (missing == 0 && extra == 0) return order;
  return fail(
      ErrorKind::kUserInput, "the files hold different examples", both,
      fmt::format("{} ids of the first are not in the second{}, {} of the second not in the first", missing,
                  missing == 0 ? "" : fmt::format(" (\"{}\" is one)", printable(first_missing, 60)), extra),
      "differences are only taken over the same examples: keep the ids that both have");
}

void reorder(PredictionTable& table, const std::vector<std::size_t>& order) {
  if (std::ranges::is_sorted(order)) return;
  const auto apply = [&](auto& values) {
    if (values.empty()) return;
    auto moved = values;
    for (std::size_t i = 0; i < order.size(); ++i) moved[i] = values[order[i]];
    values = std::move(moved);
  };
  apply(table.label_numbers);
  apply(table.label_names);
  apply(table.ids);
  for (auto& [name, values] : table.groups) apply(values);
  // Along the cycles of the permutation: the matrix never stands twice in memory.
  std::vector<bool> done(table.logits.empty() ? 0 : order.size(), false);
  std::vector<float> held(table.class_count);
  const auto row = [&](std::size_t i) {
    return table.logits.begin() + static_cast<std::ptrdiff_t>(i * table.class_count);
  };
  const auto width = static_cast<std::ptrdiff_t>(table.class_count);
  for (std::size_t start = 0; start < done.size(); ++start) {
    if (done[start]) continue;
    std::copy(row(start), row(start) + width, held.begin());
    std::size_t at = start;
    while (order[at] != start) {
      std::copy(row(order[at]), row(order[at]) + width, row(at));
      done[at] = true;
      at = order[at];
    }
    std::ranges::copy(held, row(at));
    done[at] = true;
  }
}

std::optional<LabelFrameFault> find_label_frame_fault(std::span<const std::int32_t> predictions,
                                                      std::span<const std::int32_t> labels,
                                                      std::size_t class_count) {
  const auto n = static_cast<double>(labels.size());
  if (labels.size() < 20 || class_count < 2) return std::nullopt;
  std::vector<double> predicted(class_count + 1, 0.0);
  std::vector<double> present(class_count + 1, 0.0);
  for (std::size_t i = 0; i < labels.size(); ++i) {
    predicted[static_cast<std::size_t>(predictions[i])] += 1.0 / n;
    present[static_cast<std::size_t>(labels[i])] += 1.0 / n;
  }
  LabelFrameFault fault;
  for (std::size_t k = 0; k < class_count; ++k) fault.chance += predicted[k] * present[k];
  const double error = std::sqrt(std::max(fault.chance * (1.0 - fault.chance), 1.0 / n) / n);
  fault.accuracy = share_equal(predictions, labels);
  if (fault.accuracy > fault.chance + kNoBetterThanChance * error) return std::nullopt;

  const auto try_frame = [&](double accuracy, double chance_error, const std::string& what) {
    if (accuracy <= fault.chance + kAboveChance * chance_error) return;
    if (accuracy <= fault.recovered || accuracy <= 1.5 * fault.accuracy) return;
    fault.recovered = accuracy;
    fault.what = what;
  };
  for (std::ptrdiff_t shift = 1; shift <= std::min<std::ptrdiff_t>(kFurthestShift, std::ssize(labels) - 1);
       ++shift) {
    for (const std::ptrdiff_t each : {shift, -shift}) {
      try_frame(shifted(predictions, labels, each), error,
                fmt::format("the labels moved {} by {} row{}", each > 0 ? "up" : "down", shift,
                            shift == 1 ? "" : "s"));
    }
  }
  std::vector<std::int32_t> changed(labels.rbegin(), labels.rend());
  try_frame(share_equal(predictions, changed), error, "the labels in reverse order");
  for (const std::int32_t step : {-1, 1}) {
    const auto classes = static_cast<std::int32_t>(class_count);
    std::ranges::transform(labels, changed.begin(),
                           [&](std::int32_t label) { return (label + step + classes) % classes; });
    try_frame(
        share_equal(predictions, changed), error,
        fmt::format("classes counted from another number (each label {} 1)", step < 0 ? "minus" : "plus"));
  }
  // Half the rows were spent on choosing the names. Any renaming contains the simple ones, so it has to be
  // clearly better to be the explanation.
  const double by_name = renamed(predictions, labels, class_count);
  if (by_name > 1.2 * fault.recovered) {
    try_frame(by_name, error * std::sqrt(2.0), "another order of the classes");
  }
  if (fault.recovered == 0.0) return std::nullopt;
  return fault;
}

Status check_label_frame(std::span<const std::int32_t> predictions, std::span<const std::int32_t> labels,
                         std::size_t class_count, const std::string& source) {
  const auto fault = find_label_frame_fault(predictions, labels, class_count);
  if (!fault) return {};
  return fail(
      ErrorKind::kUserInput, "labels and predictions do not stand in the same frame", source,
      fmt::format("accuracy is {:.1f} %, chance {:.1f} %; {} would give {:.1f} %", 100.0 * fault->accuracy,
                  100.0 * fault->chance, fault->what, 100.0 * fault->recovered),
      fault->what.starts_with("another order")
          ? "the classes of the logits and of the labels are numbered differently: export both with "
            "one list of names"
          : "export labels and logits from the same loop, or join them by ids (--map ids=KEY)");
}

}  // namespace quantier
