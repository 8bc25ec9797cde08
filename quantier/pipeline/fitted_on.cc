#include "quantier/pipeline/fitted_on.h"

#include <algorithm>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "quantier/base/utf8.h"
#include "quantier/checkpoint/gguf/gguf_model.h"
#include "quantier/checkpoint/model_directory.h"
#include "quantier/dataset/fingerprint.h"
#include "quantier/pipeline/selected_on.h"

namespace quantier {
namespace {

constexpr const char* kKey = "fitted_on";
constexpr const char* kManifest = "quantier.json";

std::unexpected<Error> damaged(const std::string& source, std::string why) {
  return fail(ErrorKind::kCorruptData, "what the weights were fitted to is damaged", source, std::move(why),
              "quantize the model again");
}

// The manifest, which stands beside the weights whatever their format is.
Result<std::optional<Json>> manifest_of(const Checkpoint& checkpoint) {
  if (!checkpoint.quantization() || is_gguf_path(checkpoint.directory())) return std::nullopt;
  QT_TRY(const ModelDirectory directory, ModelDirectory::resolve(checkpoint.directory()));
  if (!directory.has(kManifest)) return std::nullopt;
  QT_TRY(const std::filesystem::path path, directory.file(kManifest));
  QT_TRY(Json json, read_json_file(path.string()));
  if (!json.is_object()) return damaged(path.string(), "it is not a JSON object");
  return json;
}

}  // namespace

std::vector<FittedOn> fitted_on(const PlanRules& rules, const std::optional<CalibrationSet>& set) {
  std::vector<FittedOn> fitted;
  if (set) {
    SelectedOn texts{set->record.file, set->record.sha256, {}};
    std::set<std::string> seen;
    for (std::size_t i = 0; i < set->record.texts; ++i) {
      std::string fingerprint = text_fingerprint(set->texts[i]);
      if (seen.insert(fingerprint).second) texts.fingerprints.push_back(std::move(fingerprint));
    }
    fitted.push_back({"calibration", std::move(texts)});
  }
  if (rules.selected_on) fitted.push_back({"search", *rules.selected_on});
  return fitted;
}

Json to_json(const std::vector<FittedOn>& fitted) {
  Json json = Json::array();
  for (const FittedOn& each : fitted) {
    json.push_back({{"by", each.by},
                    {"data", each.texts.data},
                    {"sha256", each.texts.sha256},
                    {"fingerprints", each.texts.fingerprints}});
  }
  return json;
}

Result<std::vector<FittedOn>> stored_fitted_on(const Checkpoint& checkpoint) {
  QT_TRY(const std::optional<Json> manifest, manifest_of(checkpoint));
  std::vector<FittedOn> fitted;
  if (!manifest || !manifest->contains(kKey)) return fitted;
  const std::string source = (checkpoint.directory() / kManifest).string();
  const Json& list = manifest->at(kKey);
  if (!list.is_array()) return damaged(source, fmt::format("\"{}\" is not a list", kKey));
  for (const Json& item : list) {
    if (!item.is_object())
      return damaged(source, fmt::format("\"{}\" holds something else than objects", kKey));
    FittedOn each;
    QT_TRY(each.by, json_get<std::string>(item, "by", source));
    QT_TRY(each.texts.data, json_get<std::string>(item, "data", source));
    QT_TRY(each.texts.sha256, json_get<std::string>(item, "sha256", source));
    const auto fingerprints = item.find("fingerprints");
    const bool are_texts =
        fingerprints != item.end() && fingerprints->is_array() &&
        std::ranges::all_of(*fingerprints, [](const Json& value) { return value.is_string(); });
    if (!are_texts) return damaged(source, "\"fingerprints\" is not a list of texts");
    for (const Json& value : *fingerprints) each.texts.fingerprints.push_back(value.get<std::string>());
    fitted.push_back(std::move(each));
  }
  return fitted;
}

std::size_t count_fitted(const std::vector<FittedOn>& fitted, std::span<const std::string> texts) {
  SelectedOn all;
  for (const FittedOn& each : fitted) {
    all.fingerprints.insert(all.fingerprints.end(), each.texts.fingerprints.begin(),
                            each.texts.fingerprints.end());
  }
  return all.fingerprints.empty() ? 0 : count_selected(all, texts);
}

Status refuse_fitted(const Checkpoint& checkpoint, const Dataset& data, const std::string& where) {
  QT_TRY(const std::vector<FittedOn> fitted, stored_fitted_on(checkpoint));
  for (const FittedOn& each : fitted) {
    const std::size_t count = count_selected(each.texts, data.texts);
    if (count == 0) continue;
    return fail(ErrorKind::kUserInput, "the quantized weights were fitted to examples of this data", where,
                fmt::format("{} of {} examples stand among those of {} that its {} saw", count, data.size(),
                            printable(each.texts.data, 200), printable(each.by, 40)),
                "measure them on other examples; `quantier predict` marks such a result as seen");
  }
  return {};
}

}  // namespace quantier
