#include "quantier/audit/published.h"

#include <algorithm>
#include <cctype>

#include <fmt/format.h>

#include "quantier/base/utf8.h"
#include "quantier/literature/work.h"

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

Status add(const Works& works, const std::string& source, Published& published) {
  for (const Work& from : works.list) {
    PublishedWork work{.name = from.name,
                       .scope = from.scope,
                       .cited_as = from.cited_as,
                       .techniques = from.techniques,
                       .values = {},
                       .table = from.table};
    for (const WorkValue& each : from.values) {
      const std::vector<WrittenNumber> numbers = numbers_in(each.value);
      if (numbers.size() != 1) {
        return fail(ErrorKind::kUserInput, "the table of published numbers cannot be used",
                    fmt::format("{}, line {}", source, each.line),
                    fmt::format("\"{}\" is not one number; write it as text, as published",
                                printable(each.value, 40)));
      }
      work.values.push_back({.what = each.what,
                             .metric = each.metric,
                             .model = each.model,
                             .recipe = each.recipe,
                             .value = numbers.front().value,
                             .half_width = numbers.front().half_width});
    }
    published.works.push_back(std::move(work));
  }
  return {};
}

}  // namespace

Status add_published(std::string_view text, const std::string& source, Published& published) {
  QT_TRY(const Works works, parse_works(text, source));
  return add(works, source, published);
}

Result<Published> builtin_published() {
  Published published;
  published.version = builtin_works().version;
  QT_TRY_STATUS(add(builtin_works(), "works.toml", published));
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
