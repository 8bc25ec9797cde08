// Amounts with their direction: "demo-encoder int8 needs 1.5 MB more than demo-encoder int4".
#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "quantier/audit/claim_names.h"
#include "quantier/audit/claim_parts.h"
#include "quantier/audit/claim_values.h"

namespace quantier::audit_internal {
namespace {

// More or less of what stands before it, and than whom follows; 0 where it is neither.
int direction_behind(std::string_view behind) {
  constexpr std::size_t kReach = 24;
  if (behind.substr(0, kReach).find(" than ") == std::string_view::npos) return 0;
  if (behind.starts_with(" more ")) return 1;
  return behind.starts_with(" less ") || behind.starts_with(" fewer ") ? -1 : 0;
}

}  // namespace

std::string turned_amount(const Passage& passage, const AuditEvidence& evidence) {
  if (is_cautious(passage.mentions, passage) && passage.text.find('?') != std::string::npos) return {};
  const std::vector<NamedConfiguration> named = configurations_in(passage);
  for (const WrittenNumber& number : passage.numbers) {
    const bool bytes = number.unit == WrittenUnit::kBytes;
    if (!bytes && number.unit != WrittenUnit::kMilliseconds) continue;
    const int direction =
        direction_behind(std::string_view(passage.text).substr(std::min(number.end, passage.text.size())));
    if (direction == 0) continue;
    const NamedConfiguration* own = last_before(named, number.begin);
    const auto other =
        std::ranges::find_if(named, [&](const NamedConfiguration& each) { return each.begin >= number.end; });
    if (own == nullptr || other == named.end() || own->recipe.empty() || other->recipe.empty()) continue;
    // A supposition or a negation in between, and it may say anything.
    const std::vector<Mention> inner = between(passage.mentions, own->end, other->begin);
    if (negated(inner, {}) || says(inner, "hypothetical")) continue;
    const char* metric = bytes ? "memory" : "latency";
    const std::vector<double> a = values_of(evidence, metric, own->model, own->recipe);
    const std::vector<double> b = values_of(evidence, metric, other->model, other->recipe);
    if (a.empty() || a.size() != b.size()) continue;
    bool turned = true;
    for (std::size_t i = 0; i < a.size(); ++i)
      turned = turned && direction * (a[i] - b[i]) < -1e-3 * std::fabs(b[i]);
    if (!turned) continue;
    return fmt::format("{} {} has {} {} than {} {}", own->model, own->recipe, direction > 0 ? "less" : "more",
                       metric, other->model, other->recipe);
  }
  return {};
}

}  // namespace quantier::audit_internal
