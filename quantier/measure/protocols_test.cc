#include "quantier/measure/protocols.h"

#include <cmath>
#include <limits>
#include <new>
#include <set>

#include <gtest/gtest.h>

#include "quantier/measure/process_memory.h"

namespace quantier {
namespace {

TEST(ChooseExamples, IsAPermutationThatDependsOnTheSeedOnly) {
  const auto all = choose_examples(100, 0, 7, 1);
  EXPECT_EQ(std::set<std::uint32_t>(all.begin(), all.end()).size(), 100U);
  EXPECT_EQ(all, choose_examples(100, 0, 7, 1));
  EXPECT_NE(all, choose_examples(100, 0, 8, 1));
  const auto some = choose_examples(100, 10, 7, 1);
  EXPECT_TRUE(std::equal(some.begin(), some.end(), all.begin()));
  EXPECT_EQ(some.size(), 10U);
  EXPECT_EQ(choose_examples(5, 10, 7, 1).size(), 5U);
}

TEST(CompareLogits, FindsTheLargestDifferenceOfCommonExamples) {
  const TimedLogits a{{3, 1, 9}, {0, 1, 2, 3, 100, 100}};
  const TimedLogits b{{1, 3}, {2, 3.5F, 1, 0}};
  const NoiseFloor noise = compare_logits("x", a, b, 2);
  EXPECT_EQ(noise.examples, 2U);
  EXPECT_EQ(noise.max_abs_logit_difference, 1.0);
  EXPECT_EQ(noise.flips, 1U);
}

TEST(CompareLogits, NanOnOneSideIsNotQuiet) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const TimedLogits a{{0, 1}, {nan, 1, 0, 5}};
  const TimedLogits b{{0, 1}, {0, 1, 0, 1}};
  EXPECT_TRUE(std::isnan(compare_logits("x", a, b, 2).max_abs_logit_difference));
  EXPECT_EQ(compare_logits("x", a, a, 2).max_abs_logit_difference, 4.0 - 4.0);
}

TEST(ProcessMemory, ReadsTheStatusFile) {
  const auto memory = parse_process_status("Name:\tx\nVmHWM:\t    2048 kB\nVmRSS:\t 1024 kB\n");
  ASSERT_TRUE(memory);
  EXPECT_EQ(memory->peak_bytes, 2048U * 1024U);
  EXPECT_EQ(memory->resident_bytes, 1024U * 1024U);
  EXPECT_FALSE(parse_process_status("Name:\tx\n"));
  EXPECT_FALSE(parse_process_status("VmHWM:\t x kB\nVmRSS:\t 1 kB\n"));
  const auto here = process_memory();
  ASSERT_TRUE(here) << here.error().message();
  EXPECT_GE(here->peak_bytes, here->resident_bytes);
}

}  // namespace
}  // namespace quantier
