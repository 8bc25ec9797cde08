#include "quantier/audit/published.h"

#include <algorithm>
#include <cctype>
#include <cmath>

#include <fmt/format.h>
#include <toml++/toml.h>

#include "quantier/audit/builtin.h"
#include "quantier/base/utf8.h"

namespace quantier {
namespace {

bool is_word(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0; }

bool contains_phrase(std::string_view text, std::string_view phrase) {
  for (std::size_t at = text.find(phrase); at != std::string_view::npos; at = text.find(phrase, at + 1)) {
    const std::size_t end = at + phrase.size();
    if ((at == 0 || !is_word(text[at - 1])) && (end == text.size() || !is_word(text[end]))) return true;
  }
  return false;
}

class Reader {
 public:
  Reader(const toml::table& table, const std::string& source) : table_(table), source_(source) {}

  Status works(Published& published) {
    const toml::array* list = table_["work"].as_array();
    if (list == nullptr) return refuse(table_, "there is no [[work]]");
    for (const toml::node& node : *list) {
      const toml::table* entry = node.as_table();
      if (entry == nullptr) return refuse(node, "a work is a table");
      PublishedWork work;
      work.name = text(*entry, "name");
      if (work.name.empty()) return refuse(node, "a work needs a `name`");
      work.source = text(*entry, "source");
      work.claim = text(*entry, "claim");
      work.scope = text(*entry, "scope");
      work.cited_as = texts(*entry, "cited_as");
      work.techniques = texts(*entry, "techniques");
      work.table = (*entry)["table"].value_or(false);
      if (const toml::array* values = (*entry)["value"].as_array()) {
        for (const toml::node& each : *values) {
          QT_TRY_STATUS(value(each, work));
        }
      }
      published.works.push_back(std::move(work));
    }
    return {};
  }

 private:
  // As written, so that its rounding is known: value = "0.210".
  Status value(const toml::node& node, PublishedWork& work) {
    const toml::table* entry = node.as_table();
    if (entry == nullptr) return refuse(node, "a value is a table");
    const std::string written = text(*entry, "value");
    const std::vector<WrittenNumber> numbers = numbers_in(written);
    if (numbers.size() != 1) {
      return refuse(node, fmt::format("\"{}\" is not one number; write it as text, as published",
                                      printable(written, 40)));
    }
    work.values.push_back({.what = text(*entry, "what"),
                           .metric = text(*entry, "metric"),
                           .model = text(*entry, "model"),
                           .recipe = text(*entry, "recipe"),
                           .value = numbers.front().value,
                           .half_width = numbers.front().half_width});
    return {};
  }

  static std::string text(const toml::table& table, const char* key) {
    return table[key].value_or(std::string());
  }
  static std::vector<std::string> texts(const toml::table& table, const char* key) {
    std::vector<std::string> out;
    if (const toml::array* array = table[key].as_array()) {
      for (const toml::node& item : *array) {
        if (const auto one = item.value_exact<std::string>()) out.push_back(*one);
      }
    }
    return out;
  }
  Status refuse(const toml::node& node, std::string why) const {
    return fail(ErrorKind::kUserInput, "the table of published numbers cannot be used",
                fmt::format("{}, line {}", source_, node.source().begin.line), std::move(why));
  }

  const toml::table& table_;
  const std::string& source_;
};

}  // namespace

Status add_published(std::string_view text, const std::string& source, Published& published) {
  toml::table table;
  try {
    table = toml::parse(text, source);
  } catch (const toml::parse_error& error) {
    return fail(ErrorKind::kUserInput, "the table of published numbers does not read",
                fmt::format("{}, line {}", source, error.source().begin.line),
                std::string(error.description()));
  }
  return Reader(table, source).works(published);
}

Result<Published> builtin_published() {
  Published published;
  const std::string text = audit_internal::builtin_published();
  QT_TRY_STATUS(add_published(text, "published.toml", published));
  published.version = static_cast<int>(toml::parse(text)["version"].value_or<std::int64_t>(0));
  return published;
}

std::vector<const PublishedWork*> cited_in(std::string_view text, const Published& published) {
  std::vector<const PublishedWork*> works;
  for (const PublishedWork& work : published.works) {
    if (std::ranges::any_of(work.cited_as,
                            [&](const std::string& name) { return contains_phrase(text, name); })) {
      works.push_back(&work);
    }
  }
  return works;
}

}  // namespace quantier
