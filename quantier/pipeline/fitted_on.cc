#include "quantier/pipeline/fitted_on.h"

#include <algorithm>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "quantier/base/utf8.h"
#include "quantier/checkpoint/gguf/gguf_model.h"
#include "quantier/checkpoint/model_directory.h"
#include "quantier/dataset/fingerprint.h"
#include "quantier/dataset/overlap.h"
#include "quantier/pipeline/selected_on.h"

namespace quantier {
namespace {

constexpr const char* kKey = "fitted_on";
constexpr const char* kManifest = "quantier.json";
// Names the scheme: another one would be another key.
constexpr const char* kSignatures = "minhash_128";

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

// As many as there are fingerprints, or none.
Status read_signatures(const Json& item, const std::string& source, FittedOn& fitted) {
  const auto list = item.find(kSignatures);
  if (list == item.end()) return {};
  if (!list->is_array() || list->size() != fitted.texts.fingerprints.size())
    return damaged(source, fmt::format("\"{}\" is not a list as long as the fingerprints", kSignatures));
  for (const Json& value : *list) {
    std::optional<NearSignature> signature;
    if (value.is_string()) signature = parse_signature(value.get<std::string>());
    if (!signature && !value.is_null())
      return damaged(source, fmt::format("\"{}\" holds something else than signatures", kSignatures));
    fitted.signatures.push_back(signature);
  }
  return {};
}

}  // namespace

std::vector<FittedOn> fitted_on(const PlanRules& rules, const std::optional<CalibrationSet>& set) {
  std::vector<FittedOn> fitted;
  if (set) {
    FittedOn own{"calibration", {set->record.file, set->record.sha256, {}}};
    std::set<std::string> seen;
    for (std::size_t i = 0; i < set->record.texts; ++i) {
      std::string fingerprint = text_fingerprint(set->texts[i]);
      if (!seen.insert(fingerprint).second) continue;
      own.texts.fingerprints.push_back(std::move(fingerprint));
      own.signatures.push_back(near_signature(set->texts[i]));
    }
    fitted.push_back(std::move(own));
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
    if (each.signatures.empty()) continue;
    Json& signatures = json.back()[kSignatures] = Json::array();
    for (const auto& signature : each.signatures)
      signatures.push_back(signature ? Json(signature_text(*signature)) : Json(nullptr));
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
    QT_TRY_STATUS(read_signatures(item, source, each));
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

std::vector<NearText> near_fitted(const FittedOn& fitted, std::span<const std::string> texts) {
  if (fitted.signatures.empty()) return {};
  const std::set<std::string> seen(fitted.texts.fingerprints.begin(), fitted.texts.fingerprints.end());
  // Equal ones are told by their fingerprints, and would stand before those that are only near.
  std::vector<std::string> others;
  std::vector<std::size_t> example_of;
  for (std::size_t i = 0; i < texts.size(); ++i) {
    if (seen.contains(text_fingerprint(texts[i]))) continue;
    others.push_back(texts[i]);
    example_of.push_back(i);
  }
  std::vector<NearText> near = find_near(fitted.signatures, others);
  for (NearText& each : near) each.second = example_of[each.second];
  return near;
}

Result<std::vector<std::string>> refuse_fitted(const Checkpoint& checkpoint, const Dataset& data,
                                               const std::string& where) {
  QT_TRY(const std::vector<FittedOn> fitted, stored_fitted_on(checkpoint));
  std::vector<std::string> remarks;
  for (const FittedOn& each : fitted) {
    const std::string texts =
        fmt::format("{} that its {} saw", printable(each.texts.data, 200), printable(each.by, 40));
    const std::size_t count = count_selected(each.texts, data.texts);
    if (count > 0) {
      return fail(ErrorKind::kUserInput, "the quantized weights were fitted to examples of this data", where,
                  fmt::format("{} of {} examples stand among those of {}", count, data.size(), texts),
                  "measure them on other examples; `quantier predict` marks such a result as seen");
    }
    const std::vector<NearText> near = near_fitted(each, data.texts);
    for (const NearText& one : near) {
      remarks.push_back(fmt::format(
          "the weights were fitted to a text that shares about {:.0f} % of its three-word sequences with the "
          "example \"{}\" (one of {})",
          100 * one.estimate,
          data.ids.empty() ? fmt::format("#{}", one.second + 1) : printable(data.ids[one.second], 60),
          texts));
    }
    if (!more_than_chance(near.size(), each.texts.fingerprints.size())) continue;
    return fail(ErrorKind::kUserInput,
                "the quantized weights were fitted to texts that are nearly those of this data", where,
                fmt::format("{} of {} texts; {}", near.size(), each.texts.fingerprints.size(),
                            remarks[remarks.size() - near.size()]),
                "measure them on other examples; `quantier predict` marks such a result as seen");
  }
  return remarks;
}

}  // namespace quantier
