// Strict reading of one TOML table: every key must be asked for, every value has one type and a range.
//
// The first error is kept and later calls do nothing, so that reading a table is a plain list of fields.
// Include only from .cc files: toml++ is a large header.
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>
#include <toml++/toml.h>

#include "quantier/base/error.h"
#include "quantier/base/nearest_word.h"
#include "quantier/base/utf8.h"

namespace quantier {

class TomlReader {
 public:
  explicit TomlReader(std::string_view source) : source_(source) {}
  [[nodiscard]] bool ok() const { return !error_.has_value(); }
  [[nodiscard]] Error take_error() { return *std::move(error_); }
  // Records the error unless there is one already. `node`: what it is about.
  void refuse(const toml::source_region& region, std::string what, std::string why, std::string hint = {}) {
    if (error_) return;
    std::string where(source_);
    if (region.begin.line > 0) {
      where += fmt::format(", line {}, column {}", region.begin.line, region.begin.column);
    }
    error_ = Error{ErrorKind::kUsage, std::move(what), std::move(where), std::move(why), std::move(hint)};
  }

 private:
  std::string source_;
  std::optional<Error> error_;
};

class TomlSection {
 public:
  // `name` is how the user writes the table: "[data]"; empty for the top level.
  TomlSection(const toml::table& table, std::string name, TomlReader& reader)
      : table_(table), name_(std::move(name)), reader_(reader) {}

  void text(const char* key, std::string& out) {
    const toml::node* node = find(key);
    if (node == nullptr) return;
    const auto value = node->value_exact<std::string>();
    if (!value) return wrong_type(key, *node, "a string");
    if (value->empty()) return refuse(*node, key, "it is empty");
    out = *value;
  }
  void flag(const char* key, bool& out) {
    const toml::node* node = find(key);
    if (node == nullptr) return;
    const auto value = node->value_exact<bool>();
    if (!value) return wrong_type(key, *node, "true or false");
    out = *value;
  }
  template <class Integer>
  void whole(const char* key, Integer& out, std::int64_t least, std::int64_t most) {
    const toml::node* node = find(key);
    if (node == nullptr) return;
    const auto value = node->value_exact<std::int64_t>();
    if (!value) return wrong_type(key, *node, "a whole number");
    if (*value < least || *value > most) {
      return refuse(*node, key, fmt::format("{} is not between {} and {}", *value, least, most));
    }
    out = static_cast<Integer>(*value);
  }
  // Whole numbers are numbers too. Bounds are included; NaN is outside every range.
  template <class Number>  // double or std::optional<double>
  void number(const char* key, Number& out, double least, double most) {
    const toml::node* node = find(key);
    if (node == nullptr) return;
    if (!node->is_number()) return wrong_type(key, *node, "a number");
    const double value = node->value<double>().value_or(std::numeric_limits<double>::quiet_NaN());
    if (!(value >= least && value <= most)) {
      return refuse(*node, key, fmt::format("{} is not between {} and {}", value, least, most));
    }
    out = value;
  }
  void texts(const char* key, std::vector<std::string>& out) {
    const toml::node* node = find(key);
    if (node == nullptr) return;
    const toml::array* array = node->as_array();
    if (array == nullptr) return wrong_type(key, *node, "a list of strings");
    std::vector<std::string> values;
    for (const toml::node& item : *array) {
      const auto value = item.value_exact<std::string>();
      if (!value) return wrong_type(key, item, "a list of strings");
      if (std::ranges::find(values, *value) != values.end()) {
        return refuse(item, key, fmt::format("\"{}\" appears twice", printable(*value, 60)));
      }
      values.push_back(*value);
    }
    out = std::move(values);
  }
  // One word of a fixed set; `choose` gets its position.
  template <class Choose>
  void choice(const char* key, const std::vector<std::string>& words, const Choose& choose) {
    const toml::node* node = find(key);
    if (node == nullptr) return;
    const auto value = node->value_exact<std::string>();
    if (!value) return wrong_type(key, *node, "a string");
    const auto found = std::ranges::find(words, *value);
    if (found == words.end()) {
      return refuse(*node, key, fmt::format("\"{}\" is not known", printable(*value, 60)),
                    suggestion(*value, words));
    }
    choose(static_cast<std::size_t>(found - words.begin()));
  }
  // The table under a key, or nullptr when it is absent.
  const toml::table* table(const char* key) {
    const toml::node* node = find(key);
    if (node == nullptr) return nullptr;
    if (node->as_table() == nullptr) wrong_type(key, *node, "a table");
    return node->as_table();
  }
  // Any value under a key, for what fits none of the above.
  const toml::node* find(const char* key) {
    if (std::ranges::find(known_, key) == known_.end()) known_.emplace_back(key);
    return reader_.ok() ? table_.get(key) : nullptr;
  }
  void require(const char* key, std::string_view what) {
    if (table_.contains(key)) return;
    reader_.refuse(table_.source(), fmt::format("{} is missing", full_name(key)), std::string(what));
  }
  // After every key has been asked for: anything else is a mistake.
  void finish() {
    for (const auto& [key, node] : table_) {
      if (std::ranges::find(known_, key.str()) != known_.end()) continue;
      reader_.refuse(key.source(),
                     fmt::format("the key \"{}\" is not known{}", printable(key.str(), 60),
                                 name_.empty() ? "" : " in " + name_),
                     "a misspelt key would silently change nothing", suggestion(key.str(), known_));
    }
  }
  void refuse(const toml::node& node, const char* key, std::string why, std::string hint = {}) {
    reader_.refuse(node.source(), fmt::format("{} cannot be used", full_name(key)), std::move(why),
                   std::move(hint));
  }
  void wrong_type(const char* key, const toml::node& node, std::string_view expected) {
    refuse(node, key, fmt::format("expected {}, found {}", expected, type_name(node)));
  }

 private:
  [[nodiscard]] std::string full_name(const char* key) const {
    return name_.empty() ? fmt::format("`{}`", key) : fmt::format("`{}` in {}", key, name_);
  }
  static std::string_view type_name(const toml::node& node) {
    switch (node.type()) {
      case toml::node_type::table:
        return "a table";
      case toml::node_type::array:
        return "a list";
      case toml::node_type::string:
        return "a string";
      case toml::node_type::integer:
        return "a whole number";
      case toml::node_type::floating_point:
        return "a number";
      case toml::node_type::boolean:
        return "true or false";
      default:
        return "a date or time";
    }
  }

  const toml::table& table_;
  std::string name_;
  TomlReader& reader_;
  std::vector<std::string> known_;
};

}  // namespace quantier
