// Numbers that others published, told as measured by the writer: "we got 741 tokens/s with AWQ".
#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "quantier/audit/claim_parts.h"

namespace quantier::audit_internal {
namespace {

bool says_own(const Passage& passage) {
  const std::string_view text = passage.text;
  return says(passage.mentions, "own") || text.starts_with("I ") || text.starts_with("Own ") ||
         text.find(" I ") != std::string_view::npos || text.find(" own ") != std::string_view::npos;
}

bool gives_credit(const Passage& passage) {
  // "In our own benchmark": the writer's.
  for (const std::string_view word : {"own benchmark", "our benchmark", "my benchmark", "we benchmarked"}) {
    if (passage.text.find(word) != std::string::npos) return says(passage.mentions, "negation");
  }
  for (const std::string_view word :
       {"report", "Report", "publish", "paper", "benchmark", "Benchmark", "their ", "others", "other people",
        "users ", "vendor", "authors", "not ours", "literature"}) {
    if (passage.text.find(word) != std::string::npos) return true;
  }
  return says(passage.mentions, "negation");
}

}  // namespace

std::string published_as_own(const Passage& passage, const Published& published) {
  if (!says_own(passage) || gives_credit(passage) || supposes(passage.mentions, passage.text)) return {};
  for (const PublishedWork& work : published.works) {
    const bool technique = std::ranges::any_of(work.techniques, [&](const std::string& name) {
      return passage.text.find(name) != std::string::npos;
    });
    for (const PublishedValue& value : work.values) {
      for (const WrittenNumber& number : passage.numbers) {
        // A rate that nobody here measures, or a bare number beside the technique that it was published of.
        const bool kind =
            number.unit == WrittenUnit::kOther || (number.unit == WrittenUnit::kNone && technique);
        const bool rate = number.text.find("tokens") != std::string::npos ||
                          value.what.find("tokens/s") != std::string::npos;
        if (!kind || !rate || std::fabs(number.value - value.value) > value.half_width + number.half_width)
          continue;
        if (passage.text.find("tokens") == std::string::npos && !technique) continue;
        return fmt::format("not your run: {} has {} ({})", work.name, number.text, value.what);
      }
    }
  }
  return {};
}

}  // namespace quantier::audit_internal
