#include "quantier/base/rng.h"

#include <algorithm>
#include <numeric>
#include <set>
#include <vector>

#include <gtest/gtest.h>

namespace quantier {
namespace {

using Block = std::array<std::uint32_t, 4>;

// The known answers that the authors of the generator publish with it (Random123, philox4x32, 10 rounds).
TEST(Philox, KnownAnswers) {
  EXPECT_EQ(Philox::block({0, 0, 0, 0}, {0, 0}), (Block{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
  constexpr std::uint32_t kOnes = 0xffffffff;
  EXPECT_EQ(Philox::block({kOnes, kOnes, kOnes, kOnes}, {kOnes, kOnes}),
            (Block{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
  EXPECT_EQ(Philox::block({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}),
            (Block{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

TEST(Philox, StreamsAreFunctionsOfSeedStreamAndPosition) {
  Philox a(5, 9);
  Philox again(5, 9);
  Philox other_stream(5, 10);
  Philox other_seed(6, 9);
  std::vector<std::uint32_t> values;
  std::size_t same_stream = 0;
  std::size_t same_seed = 0;
  for (int i = 0; i < 1000; ++i) {
    values.push_back(a.next_u32());
    EXPECT_EQ(again.next_u32(), values.back());
    same_stream += other_stream.next_u32() == values.back() ? 1U : 0U;
    same_seed += other_seed.next_u32() == values.back() ? 1U : 0U;
  }
  EXPECT_EQ(same_stream, 0U);
  EXPECT_EQ(same_seed, 0U);
  EXPECT_EQ((Block{values[4], values[5], values[6], values[7]}), Philox::block({1, 0, 9, 0}, {5, 0}));
  EXPECT_EQ(std::set<std::uint32_t>(values.begin(), values.end()).size(), values.size());
}

TEST(Philox, UniformsStayInsideTheirInterval) {
  Philox random(3);
  double sum = 0;
  double squares = 0;
  constexpr int kDraws = 200'000;
  for (int i = 0; i < kDraws; ++i) {
    const double u = random.next_uniform();
    const double open = random.next_open_uniform();
    ASSERT_TRUE(u >= 0.0 && u < 1.0);
    ASSERT_TRUE(open > 0.0 && open < 1.0);
    sum += u;
    squares += u * u;
  }
  EXPECT_NEAR(sum / kDraws, 0.5, 0.005);  // six standard errors are 0.0039
  EXPECT_NEAR(squares / kDraws, 1.0 / 3.0, 0.005);
}

TEST(Philox, BelowIsUniformForAwkwardBounds) {
  Philox random(4);
  for (const std::uint64_t bound : {1ULL, 2ULL, 3ULL, 7ULL, 10ULL}) {
    std::vector<int> counts(bound, 0);
    constexpr int kDraws = 100'000;
    for (int i = 0; i < kDraws; ++i)
      ++counts[random.next_below(bound)];  // out of bounds fails under a sanitizer
    const double expected = static_cast<double>(kDraws) / static_cast<double>(bound);
    double chi2 = 0;
    for (const int count : counts) chi2 += (count - expected) * (count - expected) / expected;
    EXPECT_LT(chi2, 40.0) << bound;  // at most 9 degrees of freedom: p < 1e-5
  }
  const std::uint64_t huge = (1ULL << 63) + 12345;
  for (int i = 0; i < 1000; ++i) ASSERT_LT(random.next_below(huge), huge);
}

TEST(Shuffle, IsAPermutationAndReachesAll) {
  std::set<std::vector<int>> seen;
  for (std::uint64_t seed = 0; seed < 500; ++seed) {
    std::vector<int> values(4);
    std::iota(values.begin(), values.end(), 0);
    Philox random(seed);
    shuffle(values, random);
    seen.insert(values);
    std::ranges::sort(values);
    ASSERT_EQ(values, (std::vector<int>{0, 1, 2, 3}));
  }
  EXPECT_EQ(seen.size(), 24U);
  std::vector<int> none;
  Philox random(0);
  shuffle(none, random);
  EXPECT_TRUE(none.empty());
}

}  // namespace
}  // namespace quantier
