// The plan that a search found, as a plan file, with the list of what it has seen.
//
//   name = "mixed"
//   base = "fp16"
//   [layers]
//   "layers.0.mlp.down" = "int4-rtn"
//   [selected_on]
//   data = "calibration.jsonl"
//   sha256 = "..."
//   examples = 1060
//   fingerprints = ["0123456789abcdef", ...]   # of the texts (dataset/fingerprint.h)
//
// Errors: kEnvironment when the file cannot be written.
#pragma once

#include <filesystem>
#include <string>

#include "quantier/base/error.h"
#include "quantier/pipeline/search/search.h"

namespace quantier {

[[nodiscard]] std::string search_plan_text(const SearchResult& result);
[[nodiscard]] Status write_search_plan(const std::filesystem::path& path, const SearchResult& result);

}  // namespace quantier
