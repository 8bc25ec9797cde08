#include "quantier/base/json.h"

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "quantier/base/file.h"
#include "quantier/base/utf8.h"

namespace quantier {
namespace {

std::string line_and_column(std::string_view text, std::size_t byte) {
  byte = std::min(byte, text.size());
  const std::string_view before = text.substr(0, byte);
  const auto line = 1 + std::count(before.begin(), before.end(), '\n');
  const std::size_t start = before.rfind('\n') == std::string_view::npos ? 0 : before.rfind('\n') + 1;
  return fmt::format("line {}, column {}", line, byte - start + 1);
}

// Builds the document from the parser's events. Members are appended to the vector under an ordered object
// without the look-up that the library's own insertion makes, which would be quadratic in the number of keys;
// that no key appears twice is checked by sorting when an object closes.
class Builder {
 public:
  explicit Builder(int max_depth) : max_depth_(static_cast<std::size_t>(std::max(max_depth, 0))) {}

  Json take() { return std::move(root_); }
  // Why the text was refused although it is JSON; empty when it was malformed.
  [[nodiscard]] const std::string& refusal() const { return refusal_; }
  [[nodiscard]] const std::string& syntax_error() const { return syntax_error_; }
  [[nodiscard]] std::size_t error_position() const { return error_position_; }

  // The events, under the names that the library calls them by.
  bool null() { return value(nullptr); }
  bool boolean(bool flag) { return value(flag); }
  bool number_integer(Json::number_integer_t number) { return value(number); }
  bool number_unsigned(Json::number_unsigned_t number) { return value(number); }
  bool number_float(Json::number_float_t number, const std::string& /*text*/) { return value(number); }
  bool string(std::string& text) { return value(std::move(text)); }
  bool binary(Json::binary_t& /*bytes*/) { return false; }
  bool start_object(std::size_t /*size*/) { return open(Json::value_t::object); }
  bool start_array(std::size_t /*size*/) { return open(Json::value_t::array); }
  bool key(std::string& name) {
    members(*open_.back()).emplace_back(std::move(name), Json());
    return true;
  }
  bool end_object() {
    const bool unique = has_unique_keys(members(*open_.back()));
    open_.pop_back();
    return unique;
  }
  bool end_array() {
    open_.pop_back();
    return true;
  }
  bool parse_error(std::size_t position, const std::string& /*token*/, const Json::exception& error) {
    error_position_ = position > 0 ? position - 1 : 0;
    syntax_error_ = error.what();
    if (const auto colon = syntax_error_.rfind(": "); colon != std::string::npos) {
      syntax_error_ = syntax_error_.substr(colon + 2);
    }
    return false;
  }

 private:
  using Members = Json::object_t::Container;

  static Members& members(Json& object) { return object.get_ref<Json::object_t&>(); }

  // Where the next value goes. Containers that are open are the last of their parents, so pointers to them
  // stay valid.
  Json& place() {
    if (open_.empty()) return root_;
    Json& parent = *open_.back();
    if (parent.is_object()) return members(parent).back().second;
    return parent.get_ref<Json::array_t&>().emplace_back();
  }
  template <class T>
  bool value(T&& content) {
    place() = Json(std::forward<T>(content));
    return true;
  }
  bool open(Json::value_t type) {
    if (open_.size() >= max_depth_) {
      refusal_ = fmt::format("nested deeper than {} levels", max_depth_);
      return false;
    }
    Json& container = place();
    container = Json(type);
    open_.push_back(&container);
    return true;
  }
  bool has_unique_keys(const Members& of_object) {
    std::vector<std::string_view> keys;
    keys.reserve(of_object.size());
    for (const auto& member : of_object) keys.emplace_back(member.first);
    std::ranges::sort(keys);
    const auto twice = std::ranges::adjacent_find(keys);
    if (twice == keys.end()) return true;
    refusal_ = fmt::format("the key \"{}\" appears twice in one object", printable(*twice, kShownKey));
    return false;
  }

  static constexpr std::size_t kShownKey = 120;
  std::size_t max_depth_;
  Json root_;
  std::vector<Json*> open_;
  std::string refusal_;
  std::string syntax_error_;
  std::size_t error_position_ = 0;
};

}  // namespace

Result<Json> parse_json(std::string_view text, std::string_view source, int max_depth) {
  Builder builder(max_depth);
  if (Json::sax_parse(text.begin(), text.end(), &builder)) return builder.take();
  if (!builder.refusal().empty()) {
    return fail(ErrorKind::kCorruptData, "JSON is refused", std::string(source), builder.refusal());
  }
  return fail(ErrorKind::kCorruptData, "JSON is malformed",
              fmt::format("{}, {}", source, line_and_column(text, builder.error_position())),
              builder.syntax_error());
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
