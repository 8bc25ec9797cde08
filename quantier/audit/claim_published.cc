// What others published, told as measured by the writer: their numbers ("our benchmark came out at 741
// tokens/s"), or a technique that did not run here ("in our runs FP8 was lossless"). Who measured is decided
// by the owner beside the word of measuring (measurer.h), not by set phrases.
#include <algorithm>
#include <array>
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

// "We report that quantization magnifies what a model is bad at (models of 1 B to 405 B)", "as we found for
// image classifiers": what was looked at is the scope of a work, and no part of the evidence.
std::string own_scope(const std::string& text, const std::string& lower, const PublishedWork& work,
                      const AuditEvidence& evidence) {
  constexpr std::array<std::string_view, 14> kFound = {
      "we found",    "we find", "we report",   "we reported", "we show",    "we showed",       "we saw",
      "we observed", "i found", "our finding", "we measured", "i measured", "our own finding", "we see"};
  if (!any_word_of(lower, kFound)) return {};
  constexpr std::array<std::string_view, 10> kKinds = {
      "image",      "llama",   "instruction-tuned", "language models", "generating",
      "parameters", "billion", "on a h200",         "on an h200",      "175 b"};
  const std::string scope = lowered(work.scope);
  for (const std::string_view kind : kKinds) {
    if (find_word(lower, kind) != std::string_view::npos && find_word(scope, kind) != std::string_view::npos)
      return fmt::format("not your finding: {} looked at {}", work.name, work.scope);
  }
  // "For AWQ", "below 6.7 B parameters".
  for (const std::string& technique : work.techniques) {
    if (!contains(evidence.recipes, technique) && technique != "LLM.int8()" && technique != "bitsandbytes" &&
        find_word(text, technique) != std::string_view::npos)
      return fmt::format("not your finding: the evidence has nothing with {}", technique);
  }
  for (const PublishedValue& value : work.values) {
    if (value.what.find("size") != std::string::npos && holds_size(text, value.value))
      return fmt::format("not your finding: {} has {:g} B ({})", work.name, value.value, value.what);
  }
  // "1 B to 405 B": sizes that the work names.
  std::size_t sizes = 0;
  for (std::size_t at = scope.find(" b "); at != std::string::npos; at = scope.find(" b ", at + 1)) {
    const std::size_t begin = scope.rfind(' ', at - 1);
    const std::string size(work.scope.substr(begin + 1, at - begin + 1));
    const std::size_t found = text.find(size);
    if (found != std::string::npos && (found == 0 || !is_word(text[found - 1]))) ++sizes;
  }
  return sizes < 2 ? std::string() : fmt::format("not your finding: {} looked at {}", work.name, work.scope);
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
    const std::string lower = lowered(text);
    if (lower.find("et al") == std::string::npos && !says(mentions, "negation") && !says(mentions, "hedge")) {
      for (const PublishedWork& work : published.works) {
        if (std::string why = own_scope(std::string(text), lower, work, evidence); !why.empty()) return why;
      }
    }
    if (credits_others(text, published)) continue;
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
