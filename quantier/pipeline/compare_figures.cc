#include "quantier/pipeline/compare_figures.h"

#include <algorithm>
#include <string>
#include <utility>

#include "quantier/base/file.h"
#include "quantier/note/figures.h"
#include "quantier/pipeline/report_findings.h"
#include "quantier/pipeline/report_parts.h"

namespace quantier {
namespace {

// All predictions stand under one model, whose name says nothing.
template <class Row>
std::vector<Row> without_model(std::vector<Row> rows) {
  for (Row& row : rows) row.model.clear();
  return rows;
}

}  // namespace

Result<std::vector<std::filesystem::path>> write_compare_figures(const Analysis& analysis,
                                                                 const std::filesystem::path& folder) {
  QT_TRY_STATUS(create_folders(folder));
  const NoteInput input = note_input_of(analysis, Decision{});
  std::vector<std::pair<const char*, std::string>> figures;
  if (!input.tier_deltas.empty()) {
    figures.emplace_back("tier-deltas.svg", note_internal::tier_forest_svg(without_model(input.tier_deltas)));
  }
  const std::vector<NoteCalibration> calibration = without_model(input.calibration);
  if (!calibration.empty()) {
    figures.emplace_back("reliability.svg", note_internal::reliability_svg(calibration));
  }
  if (std::ranges::any_of(calibration, [](const NoteCalibration& row) { return !row.gates.empty(); })) {
    figures.emplace_back("gates.svg", note_internal::gate_svg(calibration));
  }
  if (note_internal::has_flips(input.flips)) {
    figures.emplace_back("flips.svg", note_internal::flip_svg(without_model(input.flips), input.tier_names));
  }
  if (!input.named_classes.empty()) {
    figures.emplace_back("trajectories.svg",
                         note_internal::trajectory_svg(without_model(input.named_classes)));
  }
  std::vector<std::filesystem::path> written;
  for (const auto& [name, svg] : figures) {
    QT_TRY_STATUS(write_file_atomically(folder / name, standalone_svg(svg)));
    written.push_back(folder / name);
  }
  return written;
}

}  // namespace quantier
