// Strict JSON reading on nlohmann::json.
//
// The library keeps the last of two equal keys without a word; a file that says two things about one name is
// refused here, as are nesting deeper than `max_depth`, NaN literals and trailing text. Errors: kCorruptData
// with file, line and column. `Json` keeps the order of keys, so that what is written again reads like what
// was read.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

#include "quantier/base/error.h"

namespace quantier {

using Json = nlohmann::ordered_json;

// `source` names the text in errors: a path, or "line 12 of data.jsonl".
[[nodiscard]] Result<Json> parse_json(std::string_view text, std::string_view source, int max_depth = 64);

[[nodiscard]] Result<Json> read_json_file(const std::string& path);

// Typed look-up of a member: an error that names the key and the type found when it is missing or of another
// type. T: bool, std::int64_t, double (any number), std::string.
template <class T>
[[nodiscard]] Result<T> json_get(const Json& object, std::string_view key, std::string_view source);

// The same, but absent or null gives nullopt; present with another type is still an error.
template <class T>
[[nodiscard]] Result<std::optional<T>> json_find(const Json& object, std::string_view key,
                                                 std::string_view source);

}  // namespace quantier
