// What others published, told as measured by the writer: their numbers ("our benchmark came out at 741
// tokens/s"), or a technique that did not run here ("in our runs FP8 was lossless"). Who measured is decided
// by the owner beside the word of measuring (measurer.h), not by set phrases.
#include <algorithm>
#include <cmath>
#include <optional>

#include <fmt/format.h>

#include "quantier/audit/claim_parts.h"
#include "quantier/audit/measurer.h"
#include "quantier/audit/sentence_text.h"

namespace quantier::audit_internal {
namespace {

// "6.7B", "6.7 billion": sizes of models, which are no numbers of a measurement.
bool holds_size(std::string_view text, double value) {
  const std::string written = fmt::format("{:g}", value);
  for (std::size_t at = text.find(written); at != std::string_view::npos; at = text.find(written, at + 1)) {
    const std::string_view behind = text.substr(at + written.size());
    const bool starts = at == 0 || (!is_word(text[at - 1]) && text[at - 1] != '.');
    if (starts && (behind.starts_with("B ") || behind.starts_with(" B ") || behind.starts_with("-B ") ||
                   behind.starts_with(" billion")))
      return true;
  }
  return false;
}

// Numbers of a work that a part states: rates, which nobody here measures, and the size below which something
// was found.
struct Stated {
  std::size_t count = 0;
  std::string text;
  std::string what;
};

Stated stated_in(const Passage& passage, const Span& part, const PublishedWork& work) {
  Stated stated;
  const std::string_view text = std::string_view(passage.text).substr(part.begin, part.end - part.begin);
  const bool technique = std::ranges::any_of(
      work.techniques, [&](const std::string& name) { return text.find(name) != std::string_view::npos; });
  for (const PublishedValue& value : work.values) {
    const bool rate = value.what.find("tokens/s") != std::string::npos;
    if (!rate && value.what.find("size") != std::string::npos && holds_size(text, value.value)) {
      ++stated.count;
      stated.text = fmt::format("{:g} B", value.value);
      stated.what = value.what;
    }
    for (const WrittenNumber& number : passage.numbers) {
      if (number.begin < part.begin || number.end > part.end) continue;
      const bool kind =
          number.unit == WrittenUnit::kOther || (number.unit == WrittenUnit::kNone && technique);
      if (!rate || !kind || std::fabs(number.value - value.value) > value.half_width + number.half_width)
        continue;
      if (text.find("token") == std::string_view::npos && !technique) continue;
      ++stated.count;
      stated.text = number.text;
      stated.what = value.what;
      break;
    }
  }
  return stated;
}

// "A vLLM benchmark": others', unless it is one of those owned here.
bool has_foreign_benchmark(std::string_view text, const Span& part, const std::vector<Measuring>& own) {
  const std::string lower = lowered(text);
  for (std::size_t at = lower.find("benchmark", part.begin); at < part.end;
       at = lower.find("benchmark", at + 1)) {
    const bool owned = std::ranges::any_of(
        own, [&](const Measuring& each) { return each.own && each.begin <= at && at < each.end; });
    if (!owned) return true;
  }
  return false;
}

bool credited_around(const Passage& passage, const Published& published) {
  for (const std::string* text :
       {&passage.around_text, &passage.row_text, &passage.column_text, &passage.group_text}) {
    if (credits_others(*text, published) || lowered(*text).find("benchmark") != std::string::npos)
      return true;
  }
  for (const std::vector<Mention>* list : {&passage.before, &passage.lead_in, &passage.heading}) {
    if (says(*list, "modelled") || says(*list, "scope") || says(*list, "reported")) return true;
  }
  return false;
}

// "In our runs FP8 was nearly lossless": of a technique that did not run here.
const std::string* technique_elsewhere(std::string_view text, const PublishedWork& work,
                                       const AuditEvidence& evidence) {
  const auto found = std::ranges::find_if(work.techniques, [&](const std::string& name) {
    return !contains(evidence.recipes, name) && name != "LLM.int8()" && name != "bitsandbytes" &&
           find_word(text, name) != std::string_view::npos;
  });
  return found == work.techniques.end() ? nullptr : &*found;
}

// "..., and our own benchmark of vLLM delivered 741 tokens/s": whom the rest of the sentence credits has no
// part in a clause that says who measured.
std::string own_clause(const Passage& passage, const Span& part, const std::vector<Measuring>& measured,
                       const Published& published) {
  for (const Measuring& each : measured) {
    if (!each.own) continue;
    Span clause = part;
    for (const std::string_view cut : {", and ", ", but ", "; ", ": "}) {
      const std::size_t before = std::string_view(passage.text).substr(0, each.begin).rfind(cut);
      if (before != std::string_view::npos) clause.begin = std::max(clause.begin, before + cut.size());
      clause.end = std::min(clause.end, passage.text.find(cut, each.end));
    }
    const std::string_view text =
        std::string_view(passage.text).substr(clause.begin, clause.end - clause.begin);
    if (credits_others(text, published)) continue;
    if (has_foreign_benchmark(passage.text, clause, measured)) continue;
    for (const PublishedWork& work : published.works) {
      const Stated stated = stated_in(passage, clause, work);
      if (stated.count > 0)
        return fmt::format("not your run: {} has {} ({})", work.name, stated.text, stated.what);
    }
  }
  return {};
}

}  // namespace

std::string published_as_own(const Passage& passage, const AuditEvidence& evidence,
                             const Published& published) {
  for (std::size_t from = 0; from < passage.text.size();) {
    const Span part = part_at(passage.text, from);
    from = part.end + 1;
    const std::string_view text = std::string_view(passage.text).substr(part.begin, part.end - part.begin);
    const std::vector<Mention> mentions = between(passage.mentions, part.begin, part.end);
    if (supposes(mentions, passage.text)) continue;
    const std::vector<Measuring> measured = measurings_in(passage, part);
    if (std::string why = own_clause(passage, part, measured, published); !why.empty()) return why;
    if (credits_others(text, published)) continue;
    const std::string lower = lowered(text);
    // "On our own H200".
    const bool own = std::ranges::any_of(measured, &Measuring::own) ||
                     any_word_of(lower, {"our own", "my own", "we counted"});
    if (has_foreign_benchmark(passage.text, part, measured)) continue;
    for (const PublishedWork& work : published.works) {
      const Stated stated = stated_in(passage, part, work);
      if (own && stated.count > 0)
        return fmt::format("not your run: {} has {} ({})", work.name, stated.text, stated.what);
      if (!own && stated.count > 1 && !credited_around(passage, published))
        return fmt::format("whose numbers these are is not said: {} has {} ({})", work.name, stated.text,
                           stated.what);
      const std::string* technique = technique_elsewhere(text, work, evidence);
      if (own && technique != nullptr && !says(mentions, "negation") && !says(mentions, "hedge"))
        return fmt::format("not your run: the evidence has none with {}", *technique);
    }
  }
  return {};
}

}  // namespace quantier::audit_internal
