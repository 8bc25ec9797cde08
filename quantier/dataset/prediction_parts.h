// The parts of the prediction reader, one format each; not for other stages.
#pragma once

#include <span>
#include <string_view>

#include "quantier/base/error.h"
#include "quantier/dataset/npz.h"
#include "quantier/dataset/prediction_file.h"

namespace quantier::prediction_internal {

// Each fills everything but rows_not_finite and remarks; `table.source` is set.
[[nodiscard]] Status read_npz_table(NpzReader& reader, const PredictionOptions& options,
                                    PredictionTable& table);
[[nodiscard]] Status read_jsonl_table(std::string_view content, const PredictionOptions& options,
                                      PredictionTable& table);
[[nodiscard]] Status read_csv_table(std::string_view content, char separator,
                                    const PredictionOptions& options, PredictionTable& table);

// One label of JSONL or CSV; numbers as long as every one so far was a whole number, names afterwards.
void append_label(std::string_view text, PredictionTable& table);

// The only name among `found` that is one of `usual` or ends with `suffix`; an error with --map when several
// could be meant, empty when none.
[[nodiscard]] Result<std::string> the_one_named(const std::vector<std::string>& found,
                                                std::span<const std::string_view> usual,
                                                std::string_view suffix, std::string_view what,
                                                std::string_view source);
[[nodiscard]] std::unexpected<Error> no_such_column(std::string_view what, std::string_view given,
                                                    const std::vector<std::string>& found,
                                                    std::string_view source);

}  // namespace quantier::prediction_internal
