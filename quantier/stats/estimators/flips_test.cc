#include "quantier/stats/estimators/flips.h"

#include <vector>

#include <gtest/gtest.h>

namespace quantier {
namespace {

TEST(Flips, AreCountedByDirectionAndOnlyUnderTheMask) {
  const std::vector<std::int32_t> labels{0, 0, 0, 0, 0, 1};
  const std::vector<std::int32_t> reference{0, 0, 1, 1, 1, 1};
  const std::vector<std::int32_t> candidate{0, 1, 0, 1, 2, 0};
  const FlipCounts all = count_flips(labels, reference, candidate);
  EXPECT_EQ(all.right_to_wrong, 2U);
  EXPECT_EQ(all.wrong_to_right, 1U);
  EXPECT_EQ(all.wrong_to_wrong, 1U);
  EXPECT_EQ(all.net(), -1);
  EXPECT_EQ(all.gross(), 4U);
  EXPECT_EQ(all.discordant(), 3U);

  const std::vector<std::uint8_t> mask{1, 1, 0, 1, 1, 0};
  const FlipCounts some = count_flips(labels, reference, candidate, mask);
  EXPECT_EQ(some.right_to_wrong, 1U);
  EXPECT_EQ(some.wrong_to_right, 0U);
  EXPECT_EQ(some.wrong_to_wrong, 1U);
}

TEST(Flips, AreNoneWithoutExamples) { EXPECT_EQ(count_flips({}, {}, {}).gross(), 0U); }

}  // namespace
}  // namespace quantier
