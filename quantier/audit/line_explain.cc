#include "quantier/audit/line_explain.h"

#include <array>
#include <cmath>
#include <map>
#include <utility>

namespace quantier::audit_internal {
namespace {

constexpr std::size_t kFactUnits = static_cast<std::size_t>(FactUnit::kRate) + 1;

Identity identity_of(const Fact& fact, double scale) {
  return {.metric = fact.metric,
          .fit = fact.fit,
          .device = fact.device,
          .role = fact.role,
          .source = fact.source,
          .unit = fact.unit,
          .scale = scale};
}

WrittenUnit unit_of(const Entry& entry) {
  return entry.number->unit != WrittenUnit::kNone ? entry.number->unit : entry.passage->column_unit;
}

// The factors that turn a number into the unit of a fact. Where a unit is written, of another than that one
// only to tell a slip: see `is_slip`.
std::vector<double> scales_of(const Entry& entry, FactUnit unit) {
  const WrittenUnit written = unit_of(entry);
  const bool integer = entry.number->integer;
  switch (unit) {
    case FactUnit::kFraction:
      if (integer && written == WrittenUnit::kNone) return {};
      return {1.0, 0.01};
    case FactUnit::kMilliseconds:
      return {1.0, 1e3, 1e-3};
    case FactUnit::kBytes:
      return {1.0, 1e3, 1024.0, 1e6, 1048576.0, 1e9, 1073741824.0};
    case FactUnit::kCount:
      return integer && written != WrittenUnit::kMilliseconds && written != WrittenUnit::kBytes
                 ? std::vector{1.0}
                 : std::vector<double>{};
    case FactUnit::kRate:
      return {1.0, 1.0 / 60.0};
    case FactUnit::kPlain:
    case FactUnit::kRatio:
      return {1.0};
  }
  return {};
}

// As it is written, its unit apart.
double as_written(const Entry& entry) { return entry.number->value / entry.number->scale; }
double half_as_written(const Entry& entry) { return entry.number->half_width / entry.number->scale; }

// Whether a unit that is written leaves room for a kind of fact at all.
bool unit_may_be(const Entry& entry, FactUnit unit) {
  switch (unit_of(entry)) {
    case WrittenUnit::kMilliseconds:
      return unit == FactUnit::kMilliseconds;
    case WrittenUnit::kBytes:
      return unit == FactUnit::kBytes;
    case WrittenUnit::kPercent:
    case WrittenUnit::kPoints:
      return unit == FactUnit::kFraction ||
             (entry.number->unit == WrittenUnit::kNone && unit == FactUnit::kCount);
    case WrittenUnit::kRate:
      return unit == FactUnit::kRate;
    case WrittenUnit::kTimes:
      return unit == FactUnit::kRatio;
    default:
      return true;
  }
}

bool has_value(const Entry& entry, const Fact& fact, double scale) {
  const double value = as_written(entry) * scale;
  const double half = half_as_written(entry) * scale;
  const double slack = half * 1.001 + 3.0 * fact.monte_carlo_sd + 1e-12;
  if (std::fabs(value - fact.value) <= slack) return true;
  return fact.difference && entry.number->sign == 0 &&
         std::fabs(std::fabs(value) - std::fabs(fact.value)) <= slack;
}

// How many digits of a number an accident would have to hit.
double digits_of(const Entry& entry) {
  const double ratio = std::fabs(entry.number->value) / entry.number->half_width;
  return ratio > 1.0 ? std::log10(ratio) : 0.0;
}

}  // namespace

bool is_slip(const Entry& entry, const Identity& identity) {
  const WrittenUnit written = unit_of(entry);
  if (written == WrittenUnit::kNone) return false;
  const double own =
      entry.number->unit != WrittenUnit::kNone ? entry.number->scale : entry.passage->column_scale;
  switch (identity.unit) {
    case FactUnit::kFraction:
      return identity.scale == 1.0 && (written == WrittenUnit::kPercent || written == WrittenUnit::kPoints);
    case FactUnit::kMilliseconds:
      return written == WrittenUnit::kMilliseconds &&
             std::fabs(identity.scale - own / entry.passage->column_together) > 1e-9 * identity.scale;
    case FactUnit::kBytes: {
      // "MB" may be either.
      const double ratio = identity.scale / own;
      return written == WrittenUnit::kBytes && (ratio < 0.99 || ratio > 1.08);
    }
    case FactUnit::kRate:
      return written == WrittenUnit::kRate && std::fabs(identity.scale - own) > 1e-9;
    default:
      return false;
  }
}

bool same_configuration(const Fact& fact, const Scope& scope) {
  const std::string* tier = only(scope.tier);
  const std::string* label = only(scope.label);
  return fact.model == *only(scope.model) && fact.recipe == *only(scope.recipe) &&
         fact.tier == (tier != nullptr && label == nullptr ? *tier : std::string()) &&
         fact.label == (label != nullptr ? *label : std::string());
}

std::optional<Explained> explain(const std::vector<Entry>& line, const AuditEvidence& evidence) {
  std::map<Identity, Explained> found;
  for (std::size_t e = 0; e < line.size(); ++e) {
    const Entry& entry = line[e];
    std::array<std::vector<double>, kFactUnits> scales;
    for (std::size_t unit = 0; unit < kFactUnits; ++unit) {
      if (unit_may_be(entry, static_cast<FactUnit>(unit)))
        scales[unit] = scales_of(entry, static_cast<FactUnit>(unit));
    }
    for (std::size_t i = 0; i < evidence.facts.size(); ++i) {
      const Fact& fact = evidence.facts[i];
      if (fact.role == FactRole::kLimit || fact.role == FactRole::kStep) continue;
      for (const double scale : scales[static_cast<std::size_t>(fact.unit)]) {
        if (!has_value(entry, fact, scale) || !same_configuration(fact, entry.scope)) continue;
        Explained& one = found[identity_of(fact, scale)];
        if (one.facts.empty()) {
          one.identity = identity_of(fact, scale);
          one.facts.resize(line.size());
        }
        if (one.facts[e]) continue;
        one.facts[e] = i;
        ++one.count;
        one.digits += digits_of(entry);
      }
    }
  }
  const Explained* best = nullptr;
  for (const auto& [identity, one] : found) {
    if (best == nullptr || std::pair(one.count, one.digits) > std::pair(best->count, best->digits))
      best = &one;
  }
  return best == nullptr ? std::nullopt : std::optional(*best);
}

}  // namespace quantier::audit_internal
