// What verify found, for a terminal and as JSON.
#include <string>

#include <fmt/format.h>

#include "quantier/base/utf8.h"
#include "quantier/pipeline/verify.h"

namespace quantier {
namespace {

std::string numbers_text(const VerifiedFigure& figure) {
  std::string text;
  for (const double number : figure.now) text += fmt::format("{}{:.6g}", text.empty() ? "" : ", ", number);
  return text;
}

}  // namespace

std::string verification_text(const Verification& verification, bool all) {
  std::string text;
  for (const VerifiedFigure& figure : verification.figures) {
    if (figure.state == FigureState::kIdentical && !all) continue;
    const std::string name =
        figure.finding.empty() ? std::string("a reference without a name") : figure.finding;
    text += fmt::format("line {}: {} {} ({}{})", figure.line, printable(figure.written, 200),
                        figure_state_name(figure.state), printable(name, 200),
                        figure.field.empty() ? "" : ", " + printable(figure.field, 80));
    if (!figure.now.empty() && figure.state != FigureState::kIdentical) {
      text += fmt::format(", now {}", numbers_text(figure));
    }
    if (figure.state == FigureState::kInside) {
      text += fmt::format(", interval [{:.6g}, {:.6g}]", figure.interval->first, figure.interval->second);
    }
    if (!figure.why.empty()) text += ": " + printable(figure.why, 200);
    text += "\n";
  }
  if (!text.empty()) text += "\n";
  if (!verification.same_findings()) {
    text += fmt::format(
        "The note was made from other findings ({}) than these ({}): runs, limits or program differ, so a "
        "figure may "
        "lie inside its interval.\n",
        verification.note_key, verification.store_key);
  } else if (verification.count(FigureState::kAltered) > 0) {
    text += "The findings are those that the note was made from: what is altered was changed in the note.\n";
  }
  return text +
         fmt::format(
             "{} figures against {}{}: {} identical, {} altered, {} inside their interval, {} moved, {} with "
             "an unknown reference. Numbers without a reference were not checked.\n",
             verification.figures.size(), printable(verification.store, 400),
             verification.rerun ? ", analysed again" : "", verification.count(FigureState::kIdentical),
             verification.count(FigureState::kAltered), verification.count(FigureState::kInside),
             verification.count(FigureState::kMoved), verification.count(FigureState::kUnknown));
}

Json verification_json(const Verification& verification) {
  Json figures = Json::array();
  for (const VerifiedFigure& figure : verification.figures) {
    figures.push_back(
        {{"written", figure.written},
         {"line", figure.line},
         {"finding", figure.finding.empty() ? Json(nullptr) : Json(figure.finding)},
         {"field", figure.field.empty() ? Json("estimate") : Json(figure.field)},
         {"state", figure_state_name(figure.state)},
         {"now", figure.now},
         {"interval",
          figure.interval ? Json::array({figure.interval->first, figure.interval->second}) : Json(nullptr)},
         {"why", figure.why.empty() ? Json(nullptr) : Json(figure.why)}});
  }
  Json counts = Json::object();
  for (const FigureState state : {FigureState::kIdentical, FigureState::kAltered, FigureState::kInside,
                                  FigureState::kMoved, FigureState::kUnknown}) {
    counts[figure_state_name(state)] = verification.count(state);
  }
  return {{"note", verification.note},   {"store", verification.store},
          {"rerun", verification.rerun}, {"same_findings", verification.same_findings()},
          {"counts", std::move(counts)}, {"figures", std::move(figures)}};
}

}  // namespace quantier
