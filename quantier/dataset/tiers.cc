#include "quantier/dataset/tiers.h"

#include <algorithm>
#include <numeric>
#include <unordered_map>
#include <unordered_set>

#include <fmt/format.h>

#include "quantier/base/json.h"
#include "quantier/base/utf8.h"

namespace quantier {

Result<Tiers> make_tiers(const std::vector<std::int64_t>& training_counts,
                         const std::vector<std::string>& names, const std::vector<std::size_t>& sizes) {
  const auto refuse = [](std::string why, std::string hint) {
    return fail(ErrorKind::kUsage, "the tiers cannot be formed", "[tiers] in the configuration",
                std::move(why), std::move(hint));
  };
  if (names.empty()) return refuse("no tier is named", "name at least one, or leave [tiers] out");
  if (std::unordered_set<std::string>(names.begin(), names.end()).size() != names.size()) {
    return refuse("two tiers have the same name", "give each tier its own name");
  }
  if (sizes.size() + 1 != names.size()) {
    return refuse(fmt::format("{} names and {} sizes", names.size(), sizes.size()),
                  "give one size for each tier but the last, which takes the remaining classes");
  }
  const std::size_t classes = training_counts.size();
  std::size_t taken = 0;
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    if (sizes[i] == 0) {
      return refuse(fmt::format("the tier \"{}\" has no classes", names[i]), "give it at least one");
    }
    if (sizes[i] >= classes - taken) {
      return refuse(fmt::format("the sizes leave no class for the tier \"{}\"; the model has {} classes",
                                names.back(), classes),
                    "use smaller sizes");
    }
    taken += sizes[i];
  }
  if (classes == 0) return refuse("the model has no classes", "");

  std::vector<std::size_t> order(classes);
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(
      order, [&](std::size_t a, std::size_t b) { return training_counts[a] > training_counts[b]; });
  Tiers tiers{.names = names, .tier_of_class = std::vector<std::int32_t>(classes, 0)};
  std::size_t rank = 0;
  for (std::size_t tier = 0; tier < names.size(); ++tier) {
    const std::size_t end = tier < sizes.size() ? rank + sizes[tier] : classes;
    for (; rank < end; ++rank) tiers.tier_of_class[order[rank]] = static_cast<std::int32_t>(tier);
  }
  return tiers;
}

Result<std::vector<std::int64_t>> read_training_counts(const std::filesystem::path& path,
                                                       const std::vector<std::string>& label_names) {
  QT_TRY(const Json document, read_json_file(path.string()));
  if (!document.is_object()) {
    return fail(ErrorKind::kUserInput, "training counts cannot be used", path.string(),
                fmt::format("expected a JSON object from label to count, found {}", document.type_name()));
  }
  std::unordered_map<std::string_view, std::size_t> by_name;
  for (std::size_t i = 0; i < label_names.size(); ++i) by_name.emplace(label_names[i], i);
  std::vector<std::int64_t> counts(label_names.size(), 0);
  for (const auto& item : document.items()) {
    const auto found = by_name.find(item.key());
    if (found == by_name.end()) {
      return fail(ErrorKind::kUserInput,
                  fmt::format("the model does not know the label \"{}\"", printable(item.key(), 60)),
                  path.string(), "labels come from the model's config.json (id2label)",
                  "check that counts and model belong together");
    }
    QT_TRY(const std::int64_t count, json_get<std::int64_t>(document, item.key(), path.string()));
    if (count < 0) {
      return fail(ErrorKind::kUserInput,
                  fmt::format("the count of \"{}\" is negative", printable(item.key(), 60)), path.string());
    }
    counts[found->second] = count;
  }
  return counts;
}

}  // namespace quantier
