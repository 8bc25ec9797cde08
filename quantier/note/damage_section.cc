#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "quantier/note/cited.h"
#include "quantier/note/damage_words.h"
#include "quantier/note/figures.h"
#include "quantier/note/literature.h"
#include "quantier/note/reported.h"
#include "quantier/note/sections.h"
#include "quantier/note/words.h"

namespace quantier::note_internal {
namespace {

constexpr const char* kFlipsCaption =
    "Answers that changed against the baseline, by tier: row, the tier of the old answer; column, that of "
    "the "
    "new one. A dot is no answer; the number is how many, and the shade grows with it. On the diagonal an "
    "answer stays within its tier.";

// One paragraph of those sentences that have something to say.
void say(const NoteInput& input, const std::vector<std::string>& sentences, Blocks& blocks) {
  std::string text;
  for (const std::string& sentence : sentences) {
    if (!sentence.empty()) text += (text.empty() ? "" : " ") + sentence;
  }
  if (!text.empty()) blocks.emplace_back(NoteParagraph{text + limited_mark(input)});
}

}  // namespace

std::string probability(const std::optional<double>& p) { return p && *p < 0.001 ? "<0.001" : fixed(p, 3); }

void damage_section(const NoteInput& input, Blocks& blocks) {
  blocks.emplace_back(NoteHeading{2, "2. Where the damage lands"});
  if (table_only(input)) return reported_damage(input, blocks);
  if (input.tier_deltas.empty()) {
    blocks.emplace_back(NoteParagraph{
        "No tiers were compared: this needs the predictions of a baseline and of a compressed run."});
    return;
  }
  NoteTable table;
  table.caption =
      std::string(
          "Change of accuracy against the same model's baseline, paired by example. Lost: right to wrong; "
          "gained: wrong to right. Size: negligible when the whole interval lies within ±") +
      fmt::format("{:.1f} percentage points.", 100.0 * input.decision.envelope.margins.macro_f1);
  table.header = {"configuration",         "run",          "tier", "verdict", "size", "n",
                  "change, points [95 %]", "lost / gained"};
  const bool with_tests = std::any_of(input.tier_deltas.begin(), input.tier_deltas.end(),
                                      [](const NoteTierDelta& delta) { return delta.holm_p.has_value(); });
  if (with_tests) {
    table.caption +=
        " p: McNemar's mid-p, corrected by Holm over all comparisons of this note. R: how likely another "
        "split of the same size shows the same sign. Established needs p < 0.05 and R ≥ 0.8; directional "
        "only "
        "an interval without zero.";
    table.header.insert(table.header.end(), {"p", "R"});
  }
  table.text_columns = 5;
  std::vector<std::string> models;
  for (const NoteTierDelta& delta : input.tier_deltas) {
    if (std::find(models.begin(), models.end(), delta.model) == models.end()) models.push_back(delta.model);
    const auto cites = [&](const char* field, const std::string& text) {
      return cites_of(delta)(delta.tier + "/accuracy", field, text);
    };
    table.rows.push_back({delta.model + " " + delta.recipe, short_key(delta.run_key), tier_text(delta),
                          delta.verdict, delta.materiality, count(delta.examples), cited_points(delta, true),
                          cites("flips", fmt::format("{} / {}", count(delta.lost), count(delta.gained)))});
    if (with_tests) {
      table.rows.back().push_back(cites("p", probability(delta.holm_p)));
      table.rows.back().push_back(cites("R", fixed(delta.replication, 2)));
    }
  }
  blocks.emplace_back(std::move(table));
  blocks.emplace_back(
      NoteFigure{"tier-deltas",
                 "Change of accuracy per tier with 95 % intervals and, at the right, the predictions "
                 "behind it. Filled: established; hollow: not.",
                 tier_forest_svg(input.tier_deltas)});
  std::vector<std::string> patterns;
  patterns.reserve(models.size());
  for (const std::string& model : models) patterns.push_back(pattern_sentence(input, model));
  say(input, patterns, blocks);
  say(input,
      {cited_for(input, LiteratureFinding::kInt4Loss), cited_for(input, LiteratureFinding::kGptq),
       cited_for(input, LiteratureFinding::kCalibrationSet), survival_sentence(input),
       cross_model_sentence(input, models)},
      blocks);
  say(input, {flips_sentence(input), landing_sentence(input), confusion_sentence(input)}, blocks);
  if (has_flips(input.flips)) {
    blocks.emplace_back(NoteFigure{"flips", kFlipsCaption, flip_svg(input.flips, input.tier_names)});
  }
  say(input, {weakness_sentence(input, models), concentration_sentence(input)}, blocks);
  say(input, {blind_sentence(input), groups_sentence(input)}, blocks);
  say(input, hidden_losses(input), blocks);
  say(input, {samples_sentence(input)}, blocks);
  say(input, {tier_f1_sentence(input), zero_sentence(input), support_sentence(input)}, blocks);
  named_class_blocks(input, blocks);
}

}  // namespace quantier::note_internal
