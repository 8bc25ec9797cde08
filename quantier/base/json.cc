#include "quantier/base/json.h"

#include <algorithm>
#include <cstdint>
#include <unordered_set>
#include <vector>

#include <fmt/format.h>

#include "quantier/base/file.h"

namespace quantier {
namespace {

// Thrown inside the parser's callback and caught in parse_json: the library offers no other way to stop
// early.
struct Refusal {
  std::string why;
};

std::string line_and_column(std::string_view text, std::size_t byte) {
  byte = std::min(byte, text.size());
  const std::string_view before = text.substr(0, byte);
  const auto line = 1 + std::count(before.begin(), before.end(), '\n');
  const std::size_t start = before.rfind('\n') == std::string_view::npos ? 0 : before.rfind('\n') + 1;
  return fmt::format("line {}, column {}", line, byte - start + 1);
}

}  // namespace

Result<Json> parse_json(std::string_view text, std::string_view source, int max_depth) {
  // Keys seen so far in each object that is open; the callback reports depth and event in document order.
  std::vector<std::unordered_set<std::string>> open_objects;
  const auto watch = [&](int depth, Json::parse_event_t event, Json& parsed) {
    switch (event) {
      case Json::parse_event_t::object_start:
        open_objects.emplace_back();
        break;
      case Json::parse_event_t::object_end:
        open_objects.pop_back();
        break;
      case Json::parse_event_t::key:
        if (!open_objects.back().insert(parsed.get_ref<const std::string&>()).second) {
          throw Refusal{fmt::format("the key \"{}\" appears twice in one object",
                                    parsed.get_ref<const std::string&>())};
        }
        break;
      default:
        break;
    }
    if (depth > max_depth) throw Refusal{fmt::format("nested deeper than {} levels", max_depth)};
    return true;
  };
  try {
    return Json::parse(text.begin(), text.end(), watch);
  } catch (const Refusal& refusal) {
    return fail(ErrorKind::kCorruptData, "JSON is refused", std::string(source), refusal.why);
  } catch (const Json::parse_error& error) {
    const std::size_t byte = error.byte > 0 ? error.byte - 1 : 0;
    std::string why = error.what();
    if (const auto colon = why.rfind(": "); colon != std::string::npos) why = why.substr(colon + 2);
    return fail(ErrorKind::kCorruptData, "JSON is malformed",
                fmt::format("{}, {}", source, line_and_column(text, byte)), why);
  } catch (const Json::exception& error) {
    return fail(ErrorKind::kCorruptData, "JSON is malformed", std::string(source), error.what());
  }
}

Result<Json> read_json_file(const std::string& path) {
  QT_TRY(const MappedFile file, MappedFile::open(path));
  return parse_json(file.text(), path);
}

namespace {

template <class T>
bool holds(const Json& value);
template <>
bool holds<bool>(const Json& value) {
  return value.is_boolean();
}
template <>
bool holds<std::int64_t>(const Json& value) {
  if (value.is_number_unsigned()) return value.get<std::uint64_t>() <= static_cast<std::uint64_t>(INT64_MAX);
  return value.is_number_integer();
}
template <>
bool holds<double>(const Json& value) {
  return value.is_number();
}
template <>
bool holds<std::string>(const Json& value) {
  return value.is_string();
}

template <class T>
constexpr const char* kTypeName = "value";
template <>
constexpr const char* kTypeName<bool> = "true or false";
template <>
constexpr const char* kTypeName<std::int64_t> = "a whole number";
template <>
constexpr const char* kTypeName<double> = "a number";
template <>
constexpr const char* kTypeName<std::string> = "a string";

}  // namespace

template <class T>
Result<std::optional<T>> json_find(const Json& object, std::string_view key, std::string_view source) {
  if (!object.is_object()) {
    return fail(ErrorKind::kCorruptData, "expected a JSON object", std::string(source),
                fmt::format("found {}", object.type_name()));
  }
  const auto found = object.find(std::string(key));
  if (found == object.end() || found->is_null()) return std::optional<T>{};
  if (!holds<T>(*found)) {
    return fail(ErrorKind::kCorruptData, fmt::format("\"{}\" has the wrong type", key), std::string(source),
                fmt::format("expected {}, found {}", kTypeName<T>, found->type_name()));
  }
  return std::optional<T>(found->template get<T>());
}

template <class T>
Result<T> json_get(const Json& object, std::string_view key, std::string_view source) {
  QT_TRY(std::optional<T> value, json_find<T>(object, key, source));
  if (!value) {
    return fail(ErrorKind::kCorruptData, fmt::format("\"{}\" is missing", key), std::string(source),
                fmt::format("expected {}", kTypeName<T>));
  }
  return *std::move(value);
}

template Result<bool> json_get(const Json&, std::string_view, std::string_view);
template Result<std::int64_t> json_get(const Json&, std::string_view, std::string_view);
template Result<double> json_get(const Json&, std::string_view, std::string_view);
template Result<std::string> json_get(const Json&, std::string_view, std::string_view);
template Result<std::optional<bool>> json_find(const Json&, std::string_view, std::string_view);
template Result<std::optional<std::int64_t>> json_find(const Json&, std::string_view, std::string_view);
template Result<std::optional<double>> json_find(const Json&, std::string_view, std::string_view);
template Result<std::optional<std::string>> json_find(const Json&, std::string_view, std::string_view);

}  // namespace quantier
