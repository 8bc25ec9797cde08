// Numbers of the statistics as JSON: absent and non-finite are null, never 0.
#pragma once

#include <cmath>
#include <optional>

#include "quantier/base/json.h"
#include "quantier/stats/comparisons/analysis.h"

namespace quantier::json_values {

[[nodiscard]] inline Json number(const std::optional<double>& value) {
  return value && std::isfinite(*value) ? Json(*value) : Json(nullptr);
}

[[nodiscard]] inline Json interval(const std::optional<Interval>& value) {
  if (!value) return nullptr;
  return Json{{"low", number(value->low)},
              {"high", number(value->high)},
              {"level", value->level},
              {"method", value->method}};
}

// Exploratory cells, each as `cell_json` writes one of the declared family.
template <class CellJson>
[[nodiscard]] Json groups(const Analysis& analysis, const CellJson& cell_json) {
  Json list = Json::array();
  for (const GroupComparison& group : analysis.group_comparisons) {
    Json cell = cell_json(group.cell);
    cell.erase("tier");
    cell["exploratory"] = true;
    cell["column"] = group.column;
    cell["group"] = group.group;
    list.push_back(std::move(cell));
  }
  return list;
}

}  // namespace quantier::json_values
