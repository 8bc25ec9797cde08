#include <gmock/gmock.h>

#include "quantier/note/document.h"

namespace quantier {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

Promises promises(const std::string& recipe, PromiseOutcome accuracy, CostPromise memory,
                  CostPromise latency) {
  Promises made{.model = "encoder",
                .recipe = recipe,
                .reference_recipe = "fp16",
                .run_key = "key",
                .accuracy = {},
                .memory = memory,
                .latency = latency};
  made.accuracy.outcome = accuracy;
  return made;
}

const CostPromise kSlower{PromiseOutcome::kBroken, 6.0, 2.0, 3.0};
const CostPromise kFaster{PromiseOutcome::kKept, 1.0, 2.0, 0.5};
const CostPromise kLarger{PromiseOutcome::kBroken, 600e6, 400e6, 1.5};
const CostPromise kSmaller{PromiseOutcome::kKept, 300e6, 400e6, 0.75};

std::string note_of(const std::vector<Promises>& all, const std::vector<NoteMechanism>& mechanisms = {}) {
  NoteInput input;
  input.promises = all;
  input.mechanisms = mechanisms;
  return render_markdown(build_note(input));
}

TEST(PromisesSection, SaysWhoKeptWhich) {
  const std::string note = note_of({promises("int8", PromiseOutcome::kKept, kSmaller, kSlower),
                                    promises("int4", PromiseOutcome::kUnresolved, kLarger, kFaster)});
  EXPECT_THAT(note, HasSubstr("accuracy kept by encoder int8; unresolved for encoder int4"));
  EXPECT_THAT(note, HasSubstr("memory kept by encoder int8; broken by encoder int4"));
  EXPECT_THAT(note, HasSubstr("time kept by encoder int4; broken by encoder int8"));
  EXPECT_THAT(note, HasSubstr("broken: 3.00x (6.00 against 2.00 ms/example)"));
  EXPECT_THAT(note, HasSubstr("kept: 0.75x (300.0 MB against 400.0 MB)"));
}

TEST(PromisesSection, AMechanismIsSaidOnlyWhereItIsKnown) {
  const Promises one = promises("int8", PromiseOutcome::kKept, kSmaller, kFaster);
  EXPECT_THAT(note_of({one}), Not(HasSubstr("Time follows")));
  NoteMechanism mechanism;
  mechanism.recipe = "int8";
  mechanism.arithmetic = "multiplies bytes and sums them as integers";
  mechanism.weights_bytes = 20e6;
  mechanism.peak_bytes = 80e6;
  const std::string note = note_of({one}, {mechanism});
  EXPECT_THAT(note,
              HasSubstr("Time follows the arithmetic: int8 multiplies bytes and sums them as integers."));
  EXPECT_THAT(note, HasSubstr("weights are 25 % of the peak"));
}

TEST(PromisesSection, NothingCompressedPromisesNothing) {
  EXPECT_THAT(note_of({}), Not(HasSubstr("Quantization promises")));
}

}  // namespace
}  // namespace quantier
