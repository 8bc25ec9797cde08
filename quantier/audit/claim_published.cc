// Numbers that others published, told as measured by the writer: "we got 741 tokens/s with AWQ".
#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "quantier/audit/claim_parts.h"
#include "quantier/audit/sentence_text.h"

namespace quantier::audit_internal {
namespace {

// The part of a sentence between semicolons: what it says of its number it says there.
struct Part {
  std::string_view text;
  std::vector<Mention> mentions;
};

Part part_at(const Passage& passage, std::size_t place) {
  const std::string_view text = passage.text;
  const std::size_t cut = text.substr(0, place).rfind(';');
  const std::size_t begin = cut == std::string_view::npos ? 0 : cut + 1;
  const std::size_t end = std::min(text.find(';', place), text.size());
  return {.text = text.substr(begin, end - begin), .mentions = between(passage.mentions, begin, end)};
}

bool says_own(const Part& part) {
  std::string_view text = part.text;
  while (text.starts_with(' ')) text.remove_prefix(1);
  return says(part.mentions, "own") || text.starts_with("I ") || text.starts_with("Own ") ||
         text.find(" I ") != std::string_view::npos || text.find(" own ") != std::string_view::npos;
}

bool gives_credit(const Part& part) {
  // "In our own benchmark": the writer's.
  for (const std::string_view word : {"own benchmark", "our benchmark", "my benchmark", "we benchmarked"}) {
    if (part.text.find(word) != std::string_view::npos) return says(part.mentions, "negation");
  }
  for (const std::string_view word :
       {"report", "Report", "publish", "paper", "benchmark", "Benchmark", "their ", "others", "other people",
        "users ", "vendor", "authors", "not ours", "literature", "body else", "one else", "forwarded",
        "quoted"}) {
    if (part.text.find(word) != std::string_view::npos) return true;
  }
  return says(part.mentions, "negation");
}

// "In our runs FP8 was nearly lossless": of a technique that did not run here.
std::string ran_here(const Passage& passage, const PublishedWork& work, const AuditEvidence& evidence) {
  for (const std::string& name : work.techniques) {
    const std::size_t at = passage.text.find(name);
    if (at == std::string::npos || contains(evidence.recipes, name) || name == "LLM.int8()" ||
        name == "bitsandbytes")
      continue;
    const std::size_t end = at + name.size();
    if ((at > 0 && is_word(passage.text[at - 1])) ||
        (end < passage.text.size() && is_word(passage.text[end])))
      continue;
    const Part part = part_at(passage, at);
    const std::string lower = lowered(part.text);
    const bool own = any_word_of(lower, {"our own tests",
                                         "our own measurements",
                                         "our own experiments",
                                         "my own tests",
                                         "our own trials",
                                         "our trials",
                                         "our benchmarks",
                                         "in our runs",
                                         "in our run",
                                         "in our tests",
                                         "in our test",
                                         "in our measurements",
                                         "in our experiments",
                                         "in our hands",
                                         "on our machine",
                                         "on our server",
                                         "on our hardware",
                                         "we measured",
                                         "we timed",
                                         "we ran",
                                         "we tested",
                                         "we benchmarked",
                                         "our own runs",
                                         "in my runs",
                                         "in my tests",
                                         "i measured",
                                         "i ran",
                                         "i timed",
                                         "our measurements show",
                                         "our runs show",
                                         "our tests show"});
    if (!own || gives_credit(part) || says(part.mentions, "hedge") || supposes(part.mentions, part.text))
      continue;
    return fmt::format("not your run: the evidence has none with {}", name);
  }
  return {};
}

}  // namespace

std::string published_as_own(const Passage& passage, const AuditEvidence& evidence,
                             const Published& published) {
  if (supposes(passage.mentions, passage.text)) return {};
  for (const PublishedWork& work : published.works) {
    if (std::string why = ran_here(passage, work, evidence); !why.empty()) return why;
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
        const Part part = part_at(passage, number.begin);
        if (!says_own(part) || gives_credit(part)) continue;
        return fmt::format("not your run: {} has {} ({})", work.name, number.text, value.what);
      }
    }
  }
  return {};
}

}  // namespace quantier::audit_internal
