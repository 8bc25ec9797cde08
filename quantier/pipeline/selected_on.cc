#include "quantier/pipeline/selected_on.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "quantier/base/utf8.h"
#include "quantier/dataset/fingerprint.h"

namespace quantier {

std::size_t count_selected(const SelectedOn& selected, std::span<const std::string> texts) {
  const std::set<std::string> seen(selected.fingerprints.begin(), selected.fingerprints.end());
  return static_cast<std::size_t>(std::ranges::count_if(
      texts, [&](const std::string& text) { return seen.contains(text_fingerprint(text)); }));
}

Status refuse_selected(const PlanRules& rules, const Dataset& data, const std::string& where) {
  if (!rules.selected_on) return {};
  const std::size_t count = count_selected(*rules.selected_on, data.texts);
  if (count == 0) return {};
  return fail(
      ErrorKind::kUsage,
      fmt::format("the plan {} was fitted to examples of this data", printable(rules.shown_name(), 80)),
      where,
      fmt::format("{} of {} examples stand among those that the search saw ({})", count, data.size(),
                  printable(rules.selected_on->data, 200)),
      "measure it on other examples; `quantier predict --plan` marks such a result as selected in-sample");
}

}  // namespace quantier
