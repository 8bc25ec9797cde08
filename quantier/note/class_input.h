// What the note may say below the tiers: classes, where answers move to, how much macro-F1 rests on how few.
//
// The part of NoteInput about classes and other groups of examples, read with input.h: numbers somebody else
// computed, fractions 0..1, differences candidate minus baseline, intervals 95 %. All of it is exploratory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace quantier {

// A class that was followed by name.
struct NoteNamedClass {
  std::string model;
  std::string recipe;
  std::string label;
  std::string tier;
  std::size_t examples = 0;
  std::optional<double> accuracy;
  std::optional<double> true_class_probability;
  std::string run_key;
  std::optional<double> accuracy_low = {};  // 95 % interval
  std::optional<double> accuracy_high = {};
};

// Macro-F1 over the classes of one tier, each class's F1 on the whole split.
struct NoteTierF1 {
  std::string model;
  std::string recipe;
  std::string tier;
  std::size_t examples = 0;
  std::size_t classes = 0;  // with examples
  double value = 0.0;
  std::optional<double> low;
  std::optional<double> high;
  // Against the same model's baseline, paired; absent for the baseline itself.
  struct Difference {
    double value = 0.0;
    double low = 0.0;
    double high = 0.0;
    [[nodiscard]] bool resolved() const { return low > 0.0 || high < 0.0; }
  };
  std::optional<Difference> difference = {};
  std::string run_key;
};

struct NoteClassName {
  std::string label;
  std::size_t examples = 0;
};

// Classes whose F1 became 0, or was 0 before.
struct NoteZeroClasses {
  std::string model;
  std::string recipe;
  std::string baseline;
  std::vector<NoteClassName> fell;
  std::vector<NoteClassName> rose;
  std::string run_key;
};

// Classes with few examples, and what they carry of macro-F1 in one configuration.
struct NoteSupport {
  std::string model;
  std::string recipe;
  std::size_t at_most = 0;  // examples of a class
  std::size_t classes = 0;
  std::size_t examples = 0;
  double weight = 0.0;                   // share of the average
  std::optional<double> variance_share;  // share of its variance
  std::string run_key;
};

using NoteTierMatrix = std::vector<std::vector<std::uint64_t>>;

// Errors of a configuration: from the tier of the label (row) to the tier of the answer (column). The last
// row and column stand for no tier and no answer.
struct NoteErrorLanding {
  std::string model;
  std::string recipe;
  NoteTierMatrix errors;
  std::string run_key;
};

// Answers that changed: from the tier of the baseline's answer (row) to the tier of the new one (column).
struct NoteFlips {
  std::string model;
  std::string recipe;
  std::string baseline;
  std::size_t examples = 0;
  NoteTierMatrix right_to_wrong;
  NoteTierMatrix wrong_to_right;
  NoteTierMatrix wrong_to_wrong;
  std::string run_key;
};

// Of the examples of a class, how many are taken for another one.
struct NoteConfusedPair {
  std::string model;
  std::string recipe;
  std::string baseline;
  std::string label;
  std::string answer;
  std::size_t before = 0;
  std::size_t after = 0;
  std::string run_key;
};

// Is damage concentrated where the baseline was weak? The words are those of stats/: "concentrated in the
// weak", "concentrated in the strong", "unresolved".
struct NoteWeakness {
  std::string model;
  std::string recipe;
  struct Reading {
    double value = 0.0;
    double low = 0.0;
    double high = 0.0;
    std::string word;
  };
  // Change of accuracy in the half of the answers of which both runs were less sure, minus the other half.
  std::optional<Reading> by_margin = {};
  bool few_flips = false;  // fewer than 20 predictions changed between right and wrong: no word is given
  std::string run_key;
};

// A comparison over examples that were grouped otherwise than by tier.
struct NoteGroup {
  std::string model;
  std::string recipe;
  std::string baseline;
  std::string column;
  std::string group;
  std::size_t examples = 0;
  double delta = 0.0;
  double low = 0.0;
  double high = 0.0;
  std::size_t lost = 0;
  std::size_t gained = 0;
  double holm_p = 1.0;  // over the groups of this note
  std::string verdict;
  std::string run_key;
};

}  // namespace quantier
