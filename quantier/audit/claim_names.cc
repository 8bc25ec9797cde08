#include "quantier/audit/claim_names.h"

#include <algorithm>

#include "quantier/audit/grammar.h"

namespace quantier::audit_internal {
namespace {

// Two names that are one: side by side, or one within the other ("E8").
bool belong(std::string_view text, const Mention& a, const Mention& b) {
  const Mention& first = a.begin <= b.begin ? a : b;
  const Mention& second = a.begin <= b.begin ? b : a;
  if (second.begin < first.end) return true;
  const std::string_view between = text.substr(first.end, second.begin - first.end);
  if (between == "/" || between == "@" || between == " / ") return true;  // "ENC/int8"
  return between.size() <= 12 && between.find('(') == std::string_view::npos && only_fillers(between);
}

std::vector<NamedConfiguration> configurations(const Passage& passage, bool keep_nameless) {
  std::vector<const Mention*> names;
  for (const Mention& each : passage.mentions) {
    if (each.kind == MentionKind::kModel || each.kind == MentionKind::kRecipe) names.push_back(&each);
  }
  std::vector<std::string> models = said(passage.mentions, MentionKind::kModel);
  if (models.empty()) models = said(passage.before, MentionKind::kModel);
  if (keep_nameless && models.empty()) models = said(passage.heading, MentionKind::kModel);
  std::vector<NamedConfiguration> list;
  std::string last_model = models.size() == 1 ? models.front() : std::string();
  for (std::size_t i = 0; i < names.size(); ++i) {
    const Mention& one = *names[i];
    const Mention* two = i + 1 < names.size() ? names[i + 1] : nullptr;
    if (two != nullptr && two->kind != one.kind && belong(passage.text, one, *two)) {
      const bool model_first = one.kind == MentionKind::kModel;
      // "demo-encoder fp16 and int4": the recipe behind belongs to the model before it, but "int8 encoder,
      // fp16 encoder" pairs up as it stands.
      list.push_back({.model = (model_first ? one : *two).means.front(),
                      .recipe = (model_first ? *two : one).means.front(),
                      .begin = std::min(one.begin, two->begin),
                      .end = std::max(one.end, two->end)});
      last_model = list.back().model;
      ++i;
      continue;
    }
    if (one.kind == MentionKind::kModel) {
      last_model = one.means.front();
      list.push_back({.model = last_model, .recipe = {}, .begin = one.begin, .end = one.end});
    } else if (!last_model.empty() || keep_nameless) {
      list.push_back({.model = last_model, .recipe = one.means.front(), .begin = one.begin, .end = one.end});
    }
  }
  return list;
}

}  // namespace

std::vector<NamedConfiguration> configurations_in(const Passage& passage) {
  return configurations(passage, false);
}

std::vector<NamedConfiguration> possible_configurations_in(const Passage& passage) {
  return configurations(passage, true);
}

const NamedConfiguration* last_before(const std::vector<NamedConfiguration>& list, std::size_t at,
                                      std::size_t from) {
  const NamedConfiguration* found = nullptr;
  for (const NamedConfiguration& each : list) {
    if (each.begin >= from && each.end <= at) found = &each;
  }
  return found;
}

const NamedConfiguration* first_behind(const std::vector<NamedConfiguration>& list, std::size_t at,
                                       std::size_t to) {
  for (const NamedConfiguration& each : list) {
    if (each.begin >= at && each.end <= to) return &each;
  }
  return nullptr;
}

}  // namespace quantier::audit_internal
