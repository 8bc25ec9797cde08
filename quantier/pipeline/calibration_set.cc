#include "quantier/pipeline/calibration_set.h"

#include <algorithm>
#include <cstdlib>
#include <numeric>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "quantier/base/rng.h"
#include "quantier/base/sha256.h"
#include "quantier/base/utf8.h"
#include "quantier/dataset/overlap.h"
#include "quantier/dataset/sample.h"
#include "quantier/pipeline/predict.h"
#include "quantier/record/json.h"

namespace quantier {
namespace {

// Separates this use of a seed from every other.
constexpr std::uint64_t kOrderStream = 0x43414C4942524154;  // "CALIBRAT"

std::string name_of(const Dataset& data, std::size_t example) {
  return data.ids.empty() ? fmt::format("#{}", example + 1) : data.ids[example];
}

}  // namespace

Json to_json(const CalibrationOptions& options) {
  Json json{{"path", options.path.string()},
            {"text_column", options.text_column},
            {"seed", std::to_string(options.seed)},
            {"tokens", options.tokens},
            {"allow_overlap", options.allow_overlap}};
  if (options.count) json["count"] = *options.count;
  return json;
}

Result<CalibrationOptions> calibration_options_from_json(const Json& json, std::string_view source) {
  CalibrationOptions options;
  QT_TRY(const std::string path, json_get<std::string>(json, "path", source));
  options.path = path;
  QT_TRY(options.text_column, json_get<std::string>(json, "text_column", source));
  QT_TRY(const std::string seed, json_get<std::string>(json, "seed", source));
  options.seed = std::strtoull(seed.c_str(), nullptr, 10);
  QT_TRY(options.tokens, json_get_count(json, "tokens", source));
  QT_TRY(options.allow_overlap, json_get<bool>(json, "allow_overlap", source));
  if (json.contains("count")) {
    QT_TRY(options.count, json_get_count(json, "count", source));
  }
  return options;
}

Result<CalibrationSet> read_calibration_set(const CalibrationOptions& options,
                                            const std::vector<std::string>& label_names) {
  if (options.count == 0U || options.tokens == 0) {
    return fail(ErrorKind::kUsage, "a calibration of no texts", options.path.string(), "",
                "ask for at least one text and one token");
  }
  QT_TRY(const Dataset data, read_dataset(options.path, {.text = options.text_column}, label_names));
  if (data.size() == 0) {
    return fail(ErrorKind::kUserInput, "there are no calibration texts", options.path.string(),
                "the file is empty", "give some hundred texts of the training split");
  }
  CalibrationSet set;
  set.options = options;
  const std::uint64_t count = std::min<std::uint64_t>(options.count.value_or(data.size()), data.size());
  std::vector<std::size_t> kept = stratified_sample(data, static_cast<std::size_t>(count), options.seed);
  Philox random(options.seed, kOrderStream);
  shuffle(kept, random);
  for (const std::size_t example : kept) {
    set.texts.push_back(data.texts[example]);
    set.ids.push_back(name_of(data, example));
  }
  set.record.file = options.path.string();
  set.record.sha256 = data.sha256;
  set.record.examples_in_file = data.size();
  set.record.seed = options.seed;
  set.record.overlap_allowed = options.allow_overlap;
  return set;
}

Status guard_overlap(CalibrationSet& set, const Dataset& evaluation, std::string_view source) {
  const std::vector<Overlap> overlaps = find_overlaps(set.texts, evaluation.texts);
  std::size_t equal = 0;
  std::optional<std::string> first;
  for (const Overlap& overlap : overlaps) {
    if (overlap.is_equal) ++equal;
    std::string sentence = fmt::format(
        "calibration \"{}\" and {} \"{}\" {}", printable(set.ids[overlap.first], 60), source,
        printable(name_of(evaluation, overlap.second), 60),
        overlap.is_equal
            ? "are the same text"
            : fmt::format("share {:.0f} % of their three-word sequences", 100 * overlap.similarity));
    // An equal one is the stronger case.
    if (!first || (overlap.is_equal && equal == 1)) first = sentence;
    set.record.overlaps.push_back(std::move(sentence));
  }
  const auto near = overlaps.size() - equal;
  const bool too_many = more_than_chance(near, set.texts.size());
  if (set.options.allow_overlap || (equal == 0 && !too_many)) return {};
  return fail(ErrorKind::kUserInput, "calibration texts stand in the evaluation data",
              set.options.path.string(),
              fmt::format("{}; in all {} equal and {} nearly equal of {} texts", *first, equal, near,
                          set.texts.size()),
              "calibrate with texts of the training split, or accept and record it with "
              "--calibration-overlap allow");
}

Result<CalibrationTokens> encode_calibration(CalibrationSet& set, const Tokenizer& tokenizer,
                                             std::optional<std::size_t> max_length, ThreadPool* pool) {
  QT_TRY(const std::vector<Encoding> encodings,
         tokenize_all(tokenizer, set.texts, max_length, pool, set.record.file));
  CalibrationTokens encoded;
  set.record.ids.clear();
  set.record.cut_texts = 0;
  for (std::size_t i = 0; i < encodings.size(); ++i) {
    const std::vector<std::int32_t>& ids = encodings[i].ids;
    if (i > 0 && encoded.tokens.size() + ids.size() > set.options.tokens) break;
    encoded.tokens.insert(encoded.tokens.end(), ids.begin(), ids.end());
    encoded.offsets.push_back(static_cast<std::uint32_t>(encoded.tokens.size()));
    set.record.ids.push_back(set.ids[i]);
    if (encodings[i].truncated) ++set.record.cut_texts;
  }
  set.record.texts = set.record.ids.size();
  set.record.tokens = encoded.tokens.size();
  return encoded;
}

Status check_repeatable(const CalibrationRecord& record) {
  if (record.texts < record.examples_in_file) return {};
  return fail(ErrorKind::kUsage, "every sample would be all of the calibration texts", record.file,
              fmt::format("{} texts are there, and all of them are used", record.examples_in_file),
              "draw fewer with --calibration-count (in a run, `count` under [calibration])");
}

std::optional<std::string> overlap_remark(const CalibrationRecord& record) {
  if (record.overlaps.empty()) return std::nullopt;
  return fmt::format(
      "{} of the calibration texts drawn stand in the evaluation data or are nearly like one there{}: a "
      "method does better "
      "on what it was fitted to",
      record.overlaps.size(), record.overlap_allowed ? " (allowed by --calibration-overlap)" : "");
}

std::vector<std::pair<std::string, std::string>> record_options(const CalibrationRecord& record) {
  Sha256 ids;
  for (const std::string& id : record.ids) ids.update(id + "\n");
  std::vector<std::pair<std::string, std::string>> options = {
      {"calibration_file", record.file},
      {"calibration_sha256", record.sha256},
      {"calibration_seed", std::to_string(record.seed)},
      {"calibration_texts", fmt::format("{} of {}", record.texts, record.examples_in_file)},
      {"calibration_tokens", std::to_string(record.tokens)},
      {"calibration_ids_sha256", ids.hex()}};
  if (record.cut_texts > 0) options.emplace_back("calibration_cut_texts", std::to_string(record.cut_texts));
  if (!record.overlaps.empty()) {
    options.emplace_back(
        record.overlap_allowed ? "calibration_overlap_allowed" : "calibration_near_duplicates",
        fmt::format("{}: {}", record.overlaps.size(), fmt::join(record.overlaps, "; ")));
  }
  return options;
}

}  // namespace quantier
