// Tables behind the sentences of the damage section: they stand in the appendix.
#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "quantier/note/cited.h"
#include "quantier/note/damage_words.h"
#include "quantier/note/words.h"

namespace quantier::note_internal {
namespace {

constexpr std::size_t kPairsEach = 5;  // confusions of a configuration

std::string percent(const std::optional<double>& share) {
  return share ? fmt::format("{:.1f} %", 100.0 * *share) : std::string("–");
}

std::string class_names(const std::vector<NoteClassName>& classes) {
  std::vector<std::string> parts;
  parts.reserve(classes.size());
  for (const NoteClassName& each : classes) {
    parts.push_back(fmt::format("{} ({})", each.label, count(each.examples)));
  }
  return parts.empty() ? "–" : join(parts);
}

NoteTable tier_f1_table(const NoteInput& input) {
  NoteTable table;
  table.caption =
      "Macro-F1 over the classes of a tier, each class's F1 read on the whole split, and its change against "
      "the same model's baseline, paired by example; 95 % percentile bootstrap, not corrected for the number "
      "of rows.";
  table.header = {"configuration", "run", "tier", "n", "classes", "macro-F1 [95 %]", "change [95 %]"};
  table.text_columns = 3;
  for (const NoteTierF1& row : input.tier_f1) {
    const std::string value = row.low && row.high ? fmt::format("{} [{}, {}]", fixed(row.value, 3),
                                                                fixed(row.low, 3), fixed(row.high, 3))
                                                  : fixed(row.value, 3);
    const std::string change =
        row.difference
            ? fmt::format("{} [{}, {}]", signed_fixed(row.difference->value, 3),
                          signed_fixed(row.difference->low, 3), signed_fixed(row.difference->high, 3))
            : std::string("–");
    table.rows.push_back({row.model + " " + row.recipe, short_key(row.run_key), row.tier, count(row.examples),
                          count(row.classes), cites_of(row)("macro-f1/" + row.tier, "", value),
                          cites_of(row)(row.tier + "/f1", "", change)});
  }
  return table;
}

// A row for each configuration, its shares of the variance side by side.
NoteTable support_table(const NoteInput& input) {
  NoteTable table;
  table.caption =
      "Classes with few examples, and the share of the sampling variance of macro-F1 that they carry.";
  table.header = {"configuration", "run"};
  table.text_columns = 2;
  std::vector<std::size_t> limits;
  for (const NoteSupport& row : input.support) {
    if (std::find(limits.begin(), limits.end(), row.at_most) != limits.end()) continue;
    limits.push_back(row.at_most);
    table.header.push_back(fmt::format("n ≤ {}", row.at_most));
    table.caption += fmt::format(" At most {}: {} class{}, {} example{}, {:.1f} % of the average.",
                                 row.at_most, count(row.classes), row.classes == 1 ? "" : "es",
                                 count(row.examples), row.examples == 1 ? "" : "s", 100.0 * row.weight);
  }
  // Nothing rests on few examples: a table of zeros would say it at length.
  const bool any = std::any_of(input.support.begin(), input.support.end(),
                               [](const NoteSupport& row) { return row.classes > 0; });
  if (!any) return table;
  for (const NoteSupport& row : input.support) {
    const std::string name = row.model + " " + row.recipe;
    if (table.rows.empty() || table.rows.back()[0] != name) {
      table.rows.emplace_back(table.header.size(), "–");
      table.rows.back()[0] = name;
      table.rows.back()[1] = short_key(row.run_key);
    }
    const auto column = std::find(limits.begin(), limits.end(), row.at_most) - limits.begin();
    table.rows.back()[2 + static_cast<std::size_t>(column)] = cites_of(row)(
        "support", fmt::format("variance, at most {}", row.at_most), percent(row.variance_share));
  }
  return table;
}

NoteTable landing_table(const NoteInput& input) {
  NoteTable table;
  table.caption =
      "Where errors land: wrong answers to examples of a tier, by the tier of the answer. The precisions of "
      "a "
      "model below each other are before and after.";
  table.header = {"configuration", "run", "errors in"};
  table.text_columns = 3;
  const std::size_t tiers = input.tier_names.size();
  for (const std::string& name : input.tier_names) table.header.push_back("to " + name);
  bool outside = false;
  for (const NoteErrorLanding& each : input.error_landing) {
    for (const auto& row : each.errors) outside = outside || (row.size() > tiers && row[tiers] > 0);
  }
  if (outside) table.header.emplace_back("to no tier");
  for (std::size_t t = 0; t < tiers; ++t) {
    for (const NoteErrorLanding& each : input.error_landing) {
      if (t >= each.errors.size()) continue;
      std::vector<std::string> cells = {each.model + " " + each.recipe, short_key(each.run_key),
                                        input.tier_names[t]};
      for (std::size_t c = 0; c < tiers + (outside ? 1 : 0); ++c) cells.push_back(count(each.errors[t][c]));
      table.rows.push_back(std::move(cells));
    }
  }
  return table;
}

NoteTable confused_table(const NoteInput& input) {
  NoteTable table;
  table.caption = fmt::format(
      "Most frequent confusions, before (the same model's baseline) and after; the {} largest of each "
      "configuration.",
      kPairsEach);
  table.header = {"configuration", "run", "true class", "taken for", "before", "after"};
  table.text_columns = 4;
  std::string before;
  std::size_t shown = 0;
  for (const NoteConfusedPair& pair : input.confused) {
    std::string name = pair.model + " " + pair.recipe;
    if (name != before) shown = 0;
    before = name;
    if (++shown > kPairsEach) continue;
    table.rows.push_back({std::move(name), short_key(pair.run_key), pair.label, pair.answer,
                          count(pair.before), count(pair.after)});
  }
  return table;
}

NoteTable zero_table(const NoteInput& input) {
  NoteTable table;
  table.caption = "Classes whose F1 falls to zero, or rises from it, with their examples in the split.";
  table.header = {"configuration", "run", "falls to zero", "rises from zero"};
  table.text_columns = 4;
  for (const NoteZeroClasses& row : input.zero_classes) {
    if (row.fell.empty() && row.rose.empty()) continue;
    table.rows.push_back(
        {row.model + " " + row.recipe, short_key(row.run_key), class_names(row.fell), class_names(row.rose)});
  }
  return table;
}

NoteTable groups_table(const NoteInput& input) {
  NoteTable table;
  table.caption =
      "Exploratory: change of accuracy over examples grouped otherwise than by tier, against the same "
      "model's "
      "baseline. p is corrected over these rows alone.";
  table.header = {"configuration",         "run",           "group", "verdict", "n",
                  "change, points [95 %]", "lost / gained", "p"};
  table.text_columns = 4;
  for (const NoteGroup& row : input.groups) {
    const auto cites = [&](const char* field, const std::string& text) {
      return cites_of(row)(fmt::format("{} = {}/accuracy", row.column, row.group), field, text);
    };
    table.rows.push_back(
        {row.model + " " + row.recipe, short_key(row.run_key), row.column + " = " + row.group, row.verdict,
         count(row.examples),
         cites("delta", fmt::format("{} [{}, {}]", points(row.delta), points(row.low), points(row.high))),
         cites("flips", fmt::format("{} / {}", count(row.lost), count(row.gained))),
         cites("p", probability(row.holm_p))});
  }
  return table;
}

}  // namespace

void damage_tables(const NoteInput& input, Blocks& blocks) {
  std::vector<NoteTable> tables = {tier_f1_table(input), zero_table(input), support_table(input)};
  if (!input.tier_names.empty()) tables.push_back(landing_table(input));
  tables.push_back(confused_table(input));
  tables.push_back(groups_table(input));
  tables.push_back(samples_table(input));
  std::erase_if(tables, [](const NoteTable& table) { return table.rows.empty(); });
  if (tables.empty()) return;
  blocks.emplace_back(NoteHeading{2, "Appendix: damage in detail"});
  for (NoteTable& table : tables) blocks.emplace_back(std::move(table));
}

}  // namespace quantier::note_internal
