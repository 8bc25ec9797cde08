#include "quantier/pipeline/config_tiers.h"

#include <algorithm>

#include <fmt/format.h>

#include "quantier/dataset/tiers.h"
#include "quantier/pipeline/tier_input.h"

namespace quantier {
namespace {

std::string classes_of_each(const AnalysisTiers& tiers) {
  std::string text;
  for (std::size_t t = 0; t < tiers.names.size(); ++t) {
    const auto classes = std::ranges::count(tiers.tier_of_class, static_cast<std::int32_t>(t));
    text += fmt::format("{}{} {}", t == 0 ? "" : ", ", tiers.names[t], classes);
  }
  return text + " classes";
}

}  // namespace

Result<TierSetup> tiers_for(const RunConfig& config, Store& store,
                            const std::vector<std::string>& label_names) {
  TierSetup setup;
  if (!config.tiers) {
    QT_TRY(const std::optional<std::string> stored, store.setting(kTiersSetting));
    if (!stored) return setup;
    QT_TRY(const Json json, parse_json(*stored, store.path()));
    QT_TRY(setup.tiers, tiers_from_json(json, store.path()));
    if (setup.tiers.tier_of_class.size() != label_names.size()) return TierSetup{};
    setup.text = "tiers as imported: " + classes_of_each(setup.tiers);
    return setup;
  }
  QT_TRY(const std::vector<std::int64_t> counts,
         read_training_counts(config.tiers->training_counts, label_names));
  QT_TRY(Tiers tiers, make_tiers(counts, config.tiers->names, config.tiers->sizes));
  setup.tiers = {std::move(tiers.names), std::move(tiers.tier_of_class)};
  setup.text = "tiers by training frequency: " + classes_of_each(setup.tiers);
  return setup;
}

}  // namespace quantier
