// The texts that calibrated methods look at: a sample of a file, with a record of what it is.
//
// The sample keeps the file's mix of labels where it has labels, is drawn by seed and stands in an order that
// is drawn too, so that the first of its texts are as good as any. It should come from the training split:
// texts on which quality is measured afterwards must not have shaped the weights, so the guard refuses a
// sample that has a text of the evaluation data in it, word for word; texts that are nearly those of the
// evaluation data (dataset/overlap.h) are named, and refused when they are more than two in a hundred.
// Errors: those of the data set and the tokenizer; kUsage for a sample of nothing; kUserInput for an overlap,
// naming both examples.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "quantier/base/error.h"
#include "quantier/base/json.h"
#include "quantier/base/thread_pool.h"
#include "quantier/dataset/dataset.h"
#include "quantier/engine/token_batch.h"
#include "quantier/record/calibration.h"
#include "quantier/tokenizer/tokenizer.h"

namespace quantier {

// What is kept of the texts while they go through the model is this many tokens times some thousand floats.
inline constexpr std::uint64_t kCalibrationTokens = 65536;

struct CalibrationOptions {
  std::filesystem::path path;
  std::string text_column;             // empty: found by name
  std::optional<std::uint64_t> count;  // texts; all that the tokens allow when absent
  std::uint64_t seed = 0;
  std::uint64_t tokens = kCalibrationTokens;  // no more than these, but for the first text
  bool allow_overlap = false;
};

[[nodiscard]] Json to_json(const CalibrationOptions& options);
[[nodiscard]] Result<CalibrationOptions> calibration_options_from_json(const Json& json,
                                                                       std::string_view source);

struct CalibrationSet {
  CalibrationOptions options;
  std::vector<std::string> texts;
  std::vector<std::string> ids;  // parallel
  CalibrationRecord record;      // texts, tokens and ids are filled in when it is encoded
};

// `label_names` are the model's.
[[nodiscard]] Result<CalibrationSet> read_calibration_set(const CalibrationOptions& options,
                                                          const std::vector<std::string>& label_names);

// `source` names the evaluation data in errors.
[[nodiscard]] Status guard_overlap(CalibrationSet& set, const Dataset& evaluation, std::string_view source);

struct CalibrationTokens {
  std::vector<std::int32_t> tokens;
  std::vector<std::uint32_t> offsets = {0};
  [[nodiscard]] TokenBatch batch() const { return {tokens, offsets}; }
};
// Texts in their order until the tokens are used up. Completes the record.
[[nodiscard]] Result<CalibrationTokens> encode_calibration(CalibrationSet& set, const Tokenizer& tokenizer,
                                                           std::optional<std::size_t> max_length,
                                                           ThreadPool* pool);

// A sample that is all there is cannot be drawn again: kUsage. Of a complete record.
[[nodiscard]] Status check_repeatable(const CalibrationRecord& record);

// What a reader of the results must know: that texts of the evaluation data, or ones nearly like them, took
// part.
[[nodiscard]] std::optional<std::string> overlap_remark(const CalibrationRecord& record);

// The record as pairs of name and text, for the executed plan.
[[nodiscard]] std::vector<std::pair<std::string, std::string>> record_options(
    const CalibrationRecord& record);

}  // namespace quantier
