#include "quantier/pipeline/config_tiers.h"

#include <algorithm>

#include <fmt/format.h>

#include "quantier/dataset/tiers.h"

namespace quantier {

Result<TierSetup> tiers_for(const RunConfig& config, const std::vector<std::string>& label_names) {
  TierSetup setup;
  if (!config.tiers) return setup;
  QT_TRY(const std::vector<std::int64_t> counts,
         read_training_counts(config.tiers->training_counts, label_names));
  QT_TRY(Tiers tiers, make_tiers(counts, config.tiers->names, config.tiers->sizes));
  for (std::size_t t = 0; t < tiers.names.size(); ++t) {
    const auto classes =
        std::count(tiers.tier_of_class.begin(), tiers.tier_of_class.end(), static_cast<std::int32_t>(t));
    setup.text +=
        fmt::format("{}{} {}", t == 0 ? "tiers by training frequency: " : ", ", tiers.names[t], classes);
  }
  setup.text += " classes";
  setup.tiers = {std::move(tiers.names), std::move(tiers.tier_of_class)};
  return setup;
}

}  // namespace quantier
