// What a number in a note can be by the evidence alone: the facts that round to it, of those whom its
// sentence or row names. Operators of audit_faults.h ask this, so that they only plant what is decidably
// wrong; nothing here knows how the audit reads.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <set>
#include <string>
#include <vector>

#include "quantier/audit/fact.h"
#include "tests/audit_note_source.h"

namespace quantier::testing {

// A sentence or row as a reader sees it: no tags, no targets of links. Positions do not survive.
inline std::string visible(const std::string& unit) {
  static const std::regex markup(R"(<[^>]*>|\]\(#[^)]*\)|\\)");
  static const std::regex space("&nbsp;");
  return std::regex_replace(std::regex_replace(unit, markup, " "), space, " ");
}

struct Named {
  std::set<std::string> models;
  std::set<std::string> recipes;
  std::set<std::string> tiers;
  std::set<std::string> labels;
};

// "demo-encoder" is also called "encoder".
inline std::string short_name(const std::string& model) {
  const std::size_t dash = model.rfind('-');
  return dash == std::string::npos ? model : model.substr(dash + 1);
}

inline bool has_word(const std::string& text, const std::string& word) {
  const auto is_word = [](char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; };
  std::string lower = text;
  std::ranges::transform(lower, lower.begin(), [](unsigned char c) { return std::tolower(c); });
  for (std::size_t at = lower.find(word); at != std::string::npos; at = lower.find(word, at + 1)) {
    const bool begins = at == 0 || !is_word(lower[at - 1]);
    const bool ends = at + word.size() >= lower.size() || !is_word(lower[at + word.size()]);
    if (begins && ends) return true;
  }
  return false;
}

inline Named named_in(const std::string& text, const AuditEvidence& evidence) {
  Named named;
  for (const std::string& each : evidence.models) {
    if (has_word(text, short_name(each))) named.models.insert(each);
  }
  for (const std::string& each : evidence.recipes) {
    if (has_word(text, each)) named.recipes.insert(each);
  }
  for (const std::string& each : evidence.tiers) {
    if (has_word(text, each)) named.tiers.insert(each);
  }
  for (const std::string& each : evidence.labels) {
    if (has_word(text, each)) named.labels.insert(each);
  }
  return named;
}

// A number as written, with the unit behind it ("%", "points", "ms", "MB", "GB" or none).
struct Written {
  std::string text;
  std::string unit;
  char sign = 0;
  double value = 0.0;
  double half_width = 0.0;
  std::size_t digits = 0;  // significant ones
};

inline Written written_from(std::string text, const std::string& behind) {
  Written out;
  out.text = text;
  if (text.starts_with("−") || text.starts_with("-")) out.sign = '-';
  if (text.starts_with("+")) out.sign = '+';
  std::string digits;
  for (const char c : text) {
    if (std::isdigit(static_cast<unsigned char>(c)) != 0) digits += c;
    if (c == '.' || c == ',') digits += '.';
  }
  const std::size_t point = digits.find('.');
  // "6,083" is a whole number.
  const bool thousands = text.find(',') != std::string::npos && digits.size() - point == 4 && point <= 3 &&
                         digits.front() != '0';
  if (thousands) digits.erase(point, 1);
  const std::size_t decimals =
      point == std::string::npos || thousands ? 0 : digits.size() - digits.find('.') - 1;
  out.value = std::strtod(digits.c_str(), nullptr) * (out.sign == '-' ? -1.0 : 1.0);
  out.half_width = 0.5 * std::pow(10.0, -static_cast<double>(decimals));
  const std::size_t first = digits.find_first_not_of("0.");
  out.digits = first == std::string::npos
                   ? 0
                   : static_cast<std::size_t>(
                         std::count_if(digits.begin() + static_cast<std::ptrdiff_t>(first), digits.end(),
                                       [](unsigned char c) { return std::isdigit(c) != 0; }));
  static const std::regex unit(R"(^\s*(%|percentage points|points|pp|ms|MB|GB|×|x\b))");
  std::smatch found;
  if (std::regex_search(behind, found, unit)) out.unit = found[1];
  return out;
}

// Every decimal number of a text that a reader sees.
inline std::vector<Written> decimals_in(const std::string& text) {
  std::vector<Written> out;
  static const std::regex number(R"((?:^|[^\w.,])((?:−|-|\+)?\d+[.,]\d+)(?![\w.]))");
  for (std::sregex_iterator it(text.begin(), text.end(), number), end; it != end; ++it) {
    const auto behind = static_cast<std::size_t>(it->position(1) + it->length(1));
    out.push_back(written_from((*it)[1], text.substr(behind, 24)));
  }
  return out;
}

inline bool rounds_to(const Fact& fact, const Written& number) {
  std::vector<double> scales;
  const bool percent = number.unit == "%" || number.unit.find('p') != std::string::npos;
  if (fact.unit == FactUnit::kMilliseconds && (number.unit.empty() || number.unit == "ms")) scales = {1.0};
  if (fact.unit == FactUnit::kFraction && number.unit.empty()) scales = {1.0, 0.01};
  if (fact.unit == FactUnit::kFraction && percent) scales = {0.01};
  if (fact.unit == FactUnit::kBytes && (number.unit.empty() || number.unit == "MB")) scales = {1e6};
  if (fact.unit == FactUnit::kBytes && number.unit == "GB") scales = {1e9};
  if (fact.unit == FactUnit::kRatio &&
      (number.unit.empty() || number.unit == "x" || number.unit == "×" || percent))
    scales = {percent ? 0.01 : 1.0};
  if ((fact.unit == FactUnit::kPlain || fact.unit == FactUnit::kCount || fact.unit == FactUnit::kRate) &&
      number.unit.empty())
    scales = {1.0};
  return std::ranges::any_of(scales, [&](double scale) {
    const double slack = 1.001 * number.half_width * scale + 3.0 * fact.monte_carlo_sd + 1e-12;
    const double value = number.value * scale;
    return std::fabs(value - fact.value) <= slack ||
           (fact.difference && number.sign == 0 &&
            std::fabs(std::fabs(value) - std::fabs(fact.value)) <= slack);
  });
}

inline bool among(const std::set<std::string>& names, const std::string& name) {
  return name.empty() || names.empty() || names.contains(name);
}

// Whether a fact can be of those whom a text names.
inline bool is_of(const Fact& fact, const Named& named) {
  if (fact.role == FactRole::kLimit || fact.role == FactRole::kStep || fact.source == FactSource::kModelled)
    return false;
  const bool own = among(named.models, fact.model) && among(named.recipes, fact.recipe);
  const bool other = !fact.against_recipe.empty() && among(named.models, fact.against_model) &&
                     among(named.recipes, fact.against_recipe);
  return (own || other) && among(named.tiers, fact.tier) &&
         (fact.label.empty() || named.labels.contains(fact.label));
}

inline std::vector<const Fact*> facts_of(const Written& number, const Named& named,
                                         const AuditEvidence& evidence) {
  std::vector<const Fact*> out;
  for (const Fact& fact : evidence.facts) {
    if (is_of(fact, named) && rounds_to(fact, number)) out.push_back(&fact);
  }
  return out;
}

}  // namespace quantier::testing
