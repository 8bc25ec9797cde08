#include "quantier/pipeline/report_flips.h"

#include <algorithm>
#include <string>
#include <unordered_map>

#include <fmt/format.h>

#include "quantier/base/sha256.h"
#include "quantier/base/utf8.h"
#include "quantier/dataset/dataset.h"

namespace quantier {
namespace {

constexpr const char* kAllTiers = "all";
constexpr std::size_t kHashDigits = 12;

const Run* run_of(const std::vector<Run>& runs, const std::string& key) {
  const auto found = std::ranges::find(runs, key, &Run::key);
  return found == runs.end() ? nullptr : &*found;
}

bool in_tier(const AnalysisTiers& tiers, const std::string& tier, std::int32_t label) {
  if (tier == kAllTiers) return true;
  const auto name = std::ranges::find(tiers.names, tier);
  return name != tiers.names.end() && static_cast<std::size_t>(label) < tiers.tier_of_class.size() &&
         tiers.tier_of_class[static_cast<std::size_t>(label)] == name - tiers.names.begin();
}

NoteFlippedExamples flips_of(const TierComparison& comparison, const Predictions& before,
                             const Predictions& after, const AnalysisTiers& tiers) {
  NoteFlippedExamples flips{.model = comparison.model,
                            .recipe = comparison.recipe,
                            .baseline = comparison.reference_recipe,
                            .tier = comparison.tier,
                            .lost = 0,
                            .gained = 0,
                            .shown = {}};
  std::vector<NoteFlippedExample> gained;
  for (std::size_t i = 0; i < before.example_count; ++i) {
    const std::int32_t label = before.labels[i];
    if (!in_tier(tiers, comparison.tier, label)) continue;
    const std::int32_t was = argmax(before.row(i));
    const std::int32_t is = argmax(after.row(i));
    if ((was == label) == (is == label)) continue;
    const auto name = [&](std::int32_t id) { return before.label_names[static_cast<std::size_t>(id)]; };
    NoteFlippedExample flip;
    flip.id = i < before.ids.size() ? before.ids[i] : std::to_string(i);
    flip.label = name(label);
    flip.before = name(was);
    flip.after = name(is);
    std::vector<NoteFlippedExample>& side = was == label ? flips.shown : gained;
    ++(was == label ? flips.lost : flips.gained);
    if (side.size() < kShownFlips / 2) side.push_back(std::move(flip));
  }
  flips.shown.insert(flips.shown.end(), gained.begin(), gained.end());
  return flips;
}

}  // namespace

void add_flips(const Analysis& analysis, const std::vector<Run>& runs, const AnalysisTiers& tiers,
               NoteInput& input) {
  for (const TierComparison& comparison : analysis.comparisons) {
    // The whole split repeats its tiers.
    if (comparison.tier == kAllTiers && !analysis.tier_names.empty()) continue;
    const Run* before = run_of(runs, comparison.reference_run_key);
    const Run* after = run_of(runs, comparison.run_key);
    if (before == nullptr || after == nullptr) continue;
    if (before->predictions.labels.empty() || before->predictions.ids != after->predictions.ids) continue;
    input.flipped_examples.push_back(flips_of(comparison, before->predictions, after->predictions, tiers));
  }
}

Status add_texts(const RunConfig& config, const std::vector<Run>& runs, NoteInput& input) {
  if (config.data.path.empty()) {
    return fail(ErrorKind::kUserInput, "there are no texts to show", config.file.string(),
                "the configuration names no data", "name it as `path` in [data]");
  }
  QT_TRY(const Dataset data, read_dataset(config.data.path, config.data.columns, {}));
  if (!runs.empty() && !runs.front().provenance.data_sha256.empty() &&
      runs.front().provenance.data_sha256 != data.sha256) {
    return fail(ErrorKind::kUserInput, "the texts are not those of the runs", config.data.path.string(),
                "the file's hash differs from that of the data that was measured",
                "leave --with-texts out, or name the data that was measured");
  }
  std::unordered_map<std::string, std::size_t> row_of;
  for (std::size_t i = 0; i < data.size(); ++i) {
    row_of.emplace(data.ids.empty() ? std::to_string(i) : data.ids[i], i);
  }
  for (NoteFlippedExamples& flips : input.flipped_examples) {
    for (NoteFlippedExample& flip : flips.shown) {
      const auto row = row_of.find(flip.id);
      if (row != row_of.end()) flip.text = printable(data.texts[row->second], kShownTextBytes);
    }
  }
  return {};
}

void add_evidence_identity(const std::vector<Run>& runs, NoteInput& input) {
  std::vector<std::string> keys;
  for (const Run& run : runs) {
    keys.push_back(run.key);
    input.evidence_date = std::max(input.evidence_date, run.provenance.started_at);
  }
  std::ranges::sort(keys);
  std::string all;
  for (const std::string& key : keys) all += key + "\n";
  input.evidence_hash = sha256_hex(all).substr(0, kHashDigits);
}

}  // namespace quantier
