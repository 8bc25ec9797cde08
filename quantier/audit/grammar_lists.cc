// As many numbers in a row as names in a row.
#include <algorithm>

#include "quantier/audit/grammar.h"

namespace quantier::audit_internal {
namespace {

// Names of one kind that stand above a list once for all of it, side by side and each once. A row of names
// that repeats itself ("E16/E8/E4 | D16/D8/D4") is one row.
std::vector<std::string> names_in_order(const std::vector<Mention>& mentions, MentionKind kind,
                                        std::size_t count) {
  constexpr std::size_t kSideBySide = 24;
  std::vector<std::string> names;
  std::size_t end = 0;
  for (const Mention& each : mentions) {
    if (each.kind != kind || each.means.size() != 1) continue;
    const bool beside = each.begin >= end && each.begin - end <= kSideBySide;
    if (!names.empty() && names.size() % count != 0 && !beside) return {};
    end = each.end;
    names.push_back(each.means.front());
  }
  if (names.size() < count || names.size() % count != 0) return {};
  for (std::size_t i = 0; i < names.size(); ++i) {
    const auto first = names.begin();
    if (i < count && std::find(first, first + static_cast<std::ptrdiff_t>(i), names[i]) !=
                         first + static_cast<std::ptrdiff_t>(i))
      return {};
    if (i >= count && names[i] != names[i - count]) return {};
  }
  names.resize(count);
  return names;
}

}  // namespace

Chosen Reader::by_list(MentionKind kind) const {
  // "15/16" are two things of one, not one thing of two.
  if (run_.size() < 2 || number_.pair != 0) return {};
  Chosen chosen = list_here(kind);
  if (!chosen.pinned) chosen = list_around(kind);
  return chosen;
}

Chosen Reader::list_here(MentionKind kind) const {
  const std::size_t count = run_.size();
  std::vector<std::vector<const Mention*>> runs(1);
  for (const Mention& each : passage_.mentions) {
    if (each.kind != kind) continue;
    std::vector<const Mention*>& run = runs.back();
    const bool linked = !run.empty() && each.begin >= run.back()->end && listed(run.back()->end, each.begin);
    if (!linked && !run.empty()) runs.emplace_back();
    runs.back().push_back(&each);
  }
  std::erase_if(runs, [&](const auto& run) { return run.size() != count; });
  if (runs.empty()) return {};
  // Of several the nearest: behind it, or the last one before.
  const std::vector<const Mention*>* best = &runs.front();
  for (const auto& run : runs) {
    const bool right_behind = run.front()->begin >= run_end_ && !number_between(run_end_, run.front()->begin);
    if (run.back()->end <= run_begin_ || (right_behind && best->back()->end > run_begin_)) best = &run;
    // "7.7 / 5.5 / 4.4 MB (E16, E8, E4)".
    const std::string gap = passage_.text.substr(std::min(run_end_, run.front()->begin),
                                                 run.front()->begin - std::min(run_end_, run.front()->begin));
    if (right_behind && (only_fillers(gap) || gap == " (")) best = &run;
  }
  // "42.0 %, and 41.8 % at int4": the last one has a name of its own, and the numbers are no list of others.
  const Mention* own = joined_behind(kind);
  if (own != nullptr && std::ranges::find(*best, own) == best->end()) return {};
  return {.values = (*best)[index_ - run_.first]->means, .pinned = true};
}

Chosen Reader::list_around(MentionKind kind) const {
  if (kind != MentionKind::kRecipe && kind != MentionKind::kTier) return {};
  // A name of the kind in the sentence itself says of whom all of it is.
  if (std::ranges::any_of(passage_.mentions, [&](const Mention& each) { return each.kind == kind; })) {
    return {};
  }
  for (const std::vector<Mention>* list :
       {&passage_.row_mentions, &passage_.column_mentions, &passage_.before, &passage_.lead_in,
        &passage_.siblings, &passage_.heading}) {
    const bool any = std::ranges::any_of(*list, [&](const Mention& each) { return each.kind == kind; });
    if (!any) continue;
    const std::vector<std::string> names = names_in_order(*list, kind, run_.size());
    if (names.empty()) return {};
    return {.values = {names[index_ - run_.first]}, .pinned = true};
  }
  return {};
}

// Only separators between two places, names of configurations apart: "encoder fp16, encoder int8".
bool Reader::listed(std::size_t from, std::size_t to) const {
  std::string between = passage_.text.substr(from, to - from);
  for (const Mention& each : passage_.mentions) {
    const bool name = each.kind == MentionKind::kModel || each.kind == MentionKind::kRecipe;
    if (!name || each.begin < from || each.end > to) continue;
    std::fill(between.begin() + static_cast<std::ptrdiff_t>(each.begin - from),
              between.begin() + static_cast<std::ptrdiff_t>(each.end - from), ' ');
  }
  return only_separators(between);
}

}  // namespace quantier::audit_internal
