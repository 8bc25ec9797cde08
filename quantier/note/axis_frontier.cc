#include "quantier/note/axis_frontier.h"

#include <algorithm>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "quantier/note/words.h"

namespace quantier::note_internal {
namespace {

std::string axis_name(const Metric& metric) {
  Constraint constraint;
  constraint.kind = metric.kind;
  constraint.metric = metric;
  constraint.tier = metric.part;
  return short_name(constraint);
}

std::string status_of(const Decision& decision, const AxisPoint& point) {
  switch (point.status) {
    case AxisStatus::kMember:
      return "on it";
    case AxisStatus::kTied:
      return "beaten only inside a tie, by " + names(decision, point.tied_with);
    case AxisStatus::kDominated:
      return "dominated by " + names(decision, point.dominated_by);
    case AxisStatus::kNotMeasured:
      return "not measured on every axis";
  }
  return "–";
}

// Axes on which nobody is better; a tie for the first place counts.
std::string first_on(const AxisFrontier& frontier, std::size_t candidate) {
  std::vector<std::string> axes;
  for (std::size_t x = 0; x < frontier.axes.size(); ++x) {
    const auto& firsts = frontier.firsts[x];
    const auto found = std::ranges::find(firsts, candidate);
    if (found == firsts.end()) continue;
    axes.push_back(axis_name(frontier.axes[x]) + (found == firsts.begin() ? "" : " (tied)"));
  }
  return axes.empty() ? std::string("–") : join(axes);
}

}  // namespace

void axis_frontier_blocks(const NoteInput& input, Blocks& blocks) {
  const Decision& decision = input.decision;
  const AxisFrontier& frontier = decision.frontier;
  if (frontier.axes.size() < 2) return;
  std::vector<std::string> axes;
  axes.reserve(frontier.axes.size());
  for (const Metric& metric : frontier.axes) axes.push_back(axis_name(metric));
  std::vector<std::size_t> members;
  const bool chances = std::ranges::any_of(
      frontier.points, [](const AxisPoint& point) { return point.membership.has_value(); });
  NoteTable table;
  table.caption =
      fmt::format("The frontier on {} together{}. To be first on one axis is not to dominate.", join(axes),
                  chances ? "; undominated: the share of resampled data in which nobody dominates it" : "");
  table.header = {"configuration", "run", "frontier", "first on"};
  table.text_columns = 4;
  if (chances) table.header.emplace_back("undominated");
  table.marked_row = decision.chosen;
  for (std::size_t i = 0; i < frontier.points.size(); ++i) {
    const AxisPoint& point = frontier.points[i];
    if (point.status == AxisStatus::kMember) members.push_back(i);
    table.rows.push_back({decision.candidates[i].name, short_key(decision.candidates[i].run_key),
                          status_of(decision, point), first_on(frontier, i)});
    if (chances)
      table.rows.back().push_back(point.membership ? probability(*point.membership) : std::string("–"));
  }
  std::string text = fmt::format("On {} together the frontier is {}", join(axes),
                                 members.empty() ? "empty" : names(decision, members));
  blocks.emplace_back(NoteParagraph{text + "." + limited_mark(input)});
  blocks.emplace_back(std::move(table));
}

}  // namespace quantier::note_internal
