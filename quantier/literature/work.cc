#include "quantier/literature/work.h"

#include <algorithm>
#include <cctype>
#include <sstream>

#include <fmt/format.h>
#include <toml++/toml.h>

#include "quantier/base/check.h"
#include "quantier/base/utf8.h"

namespace quantier {
namespace literature_internal {
std::string works_data();  // data/works.toml
}  // namespace literature_internal

namespace {

std::unexpected<Error> refused(std::string what, std::string_view source, int line, std::string why = {}) {
  return std::unexpected(Error{.kind = ErrorKind::kUserInput,
                               .what = std::move(what),
                               .where = fmt::format("{}, line {}", source, line),
                               .why = std::move(why),
                               .hint = {}});
}

std::string text_of(const toml::table& table, std::string_view key) {
  return table[key].value_or(std::string());
}

std::vector<std::string> texts_of(const toml::table& table, std::string_view key) {
  std::vector<std::string> out;
  if (const toml::array* array = table[key].as_array()) {
    for (const toml::node& item : *array) {
      if (const auto one = item.value_exact<std::string>()) out.push_back(*one);
    }
  }
  return out;
}

int line_of(const toml::node& node) { return static_cast<int>(node.source().begin.line); }

// How sentences call "Lin et al." besides.
void add_usual_citations(Work& work) {
  constexpr std::string_view kOthers = " et al.";
  if (!work.author.ends_with(kOthers)) return;
  const std::string surname = work.author.substr(0, work.author.size() - kOthers.size());
  for (const char* form : {"{} et al", "{} and colleagues", "{} and co-authors", "{} & al"}) {
    std::string name = fmt::format(fmt::runtime(form), surname);
    // Of two works by the same people the one that was named first is meant by the name alone.
    if (std::ranges::find(work.cited_as, name) == work.cited_as.end())
      work.cited_as.push_back(std::move(name));
  }
}

Result<Work> read_work(const toml::table& table, std::string_view source) {
  Work work;
  work.line = line_of(table);
  work.id = text_of(table, "id");
  work.author = text_of(table, "author");
  work.year = static_cast<int>(table["year"].value_or(std::int64_t{0}));
  work.name = text_of(table, "name");
  if (work.name.empty() && !work.author.empty()) {
    work.name = work.year == 0 ? work.author : fmt::format("{}, {}", work.author, work.year);
  }
  if (work.name.empty()) return refused("a work needs a `name`, or `author` and `year`", source, work.line);
  work.source = text_of(table, "source");
  work.claim = text_of(table, "claim");
  work.scope = text_of(table, "scope");
  work.cited_as = texts_of(table, "cited_as");
  work.techniques = texts_of(table, "techniques");
  work.table = table["table"].value_or(false);
  add_usual_citations(work);
  // `[[work.value]]` and `values = [...]` are the same.
  for (const char* key : {"values", "value"}) {
    const toml::array* values = table[key].as_array();
    if (values == nullptr) continue;
    for (const toml::node& node : *values) {
      const toml::table* value = node.as_table();
      if (value == nullptr) return refused("a value is not a table", source, line_of(node));
      work.values.push_back({.what = text_of(*value, "what"),
                             .metric = text_of(*value, "metric"),
                             .model = text_of(*value, "model"),
                             .recipe = text_of(*value, "recipe"),
                             .value = text_of(*value, "value"),
                             .line = line_of(node)});
    }
  }
  if (const toml::table* meets = table["meets"].as_table()) {
    for (const auto& [key, node] : *meets) work.meets[std::string(key.str())] = node.value_or(std::string());
  }
  return work;
}

}  // namespace

Result<Works> parse_works(std::string_view text, std::string_view source) {
  toml::table document;
  try {
    document = toml::parse(text);
  } catch (const toml::parse_error& error) {
    return refused("the list of works is not TOML", source, static_cast<int>(error.source().begin.line),
                   printable(error.description(), 300));
  }
  Works works;
  works.version = static_cast<int>(document["version"].value_or<std::int64_t>(0));
  const toml::array* list = document["work"].as_array();
  if (list == nullptr) return refused("there are no [[work]] tables", source, line_of(document));
  for (const toml::node& node : *list) {
    const toml::table* table = node.as_table();
    if (table == nullptr) return refused("a work is not a table", source, line_of(node));
    QT_TRY(Work work, read_work(*table, source));
    works.list.push_back(std::move(work));
  }
  return works;
}

const Works& builtin_works() {
  static const Works works = [] {
    auto parsed = parse_works(literature_internal::works_data(), "works.toml");
    QT_CHECK(parsed.has_value(), "the built-in list of works does not read");
    return *std::move(parsed);
  }();
  return works;
}

}  // namespace quantier
