#include "quantier/dataset/near_signature.h"

#include <cmath>

#include <gtest/gtest.h>

#include "quantier/base/rng.h"

namespace quantier {
namespace {

std::vector<std::string> words(Philox& random, std::size_t count) {
  std::vector<std::string> list;
  for (std::size_t i = 0; i < count; ++i) list.push_back("w" + std::to_string(random.next_below(100000)));
  return list;
}

std::string joined(const std::vector<std::string>& list, std::size_t first, std::size_t count) {
  std::string text;
  for (std::size_t i = first; i < first + count; ++i) text += list[i] + " ";
  return text;
}

// Two windows of one sequence of words: of n shingles each they share n - s, so J = (n - s) / (n + s).
TEST(NearSignature, EstimatesHowMuchTextsShare) {
  Philox random(3);
  constexpr std::size_t kShingles = 90;
  for (const std::size_t shift : {0U, 5U, 10U, 30U, 90U}) {
    const double likeness = static_cast<double>(kShingles - shift) / static_cast<double>(kShingles + shift);
    constexpr int kPairs = 200;
    double sum = 0;
    for (int pair = 0; pair < kPairs; ++pair) {
      const auto list = words(random, kShingles + 2 + shift);
      const auto a = near_signature(joined(list, 0, kShingles + 2));
      const auto b = near_signature(joined(list, shift, kShingles + 2));
      ASSERT_TRUE(a && b);
      sum += estimated_likeness(*a, *b);
    }
    // Five standard deviations of the mean.
    const double deviation = std::sqrt((1 - likeness * likeness) / 128.0 / kPairs);
    EXPECT_NEAR(sum / kPairs, likeness, 5 * deviation + 1e-12) << "shift " << shift;
  }
}

TEST(NearSignature, FindsTheNearOneAmongManyAndNothingElse) {
  Philox random(4);
  std::vector<std::optional<NearSignature>> signatures;
  std::vector<std::string> texts;
  for (int i = 0; i < 300; ++i) {
    signatures.push_back(near_signature(joined(words(random, 40), 0, 40)));
    texts.push_back(joined(words(random, 40), 0, 40));
  }
  auto list = words(random, 60);
  signatures[17] = near_signature(joined(list, 0, 60));
  list[30] = "another";
  texts[42] = "  " + joined(list, 0, 60) + "!";  // 55 of 61 shingles
  const auto found = find_near(signatures, texts);
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].first, 17U);
  EXPECT_EQ(found[0].second, 42U);
  EXPECT_NEAR(found[0].estimate, 55.0 / 61.0, 0.15);
}

TEST(NearSignature, TextsWithoutAWordHaveNone) {
  EXPECT_FALSE(near_signature("").has_value());
  EXPECT_FALSE(near_signature(" ?! ").has_value());
  EXPECT_TRUE(near_signature("one").has_value());
  EXPECT_EQ(
      find_near(std::vector<std::optional<NearSignature>>{std::nullopt}, std::vector<std::string>{"", "!!"})
          .size(),
      0U);
}

// They stand in checkpoints: another value would make every written one useless.
TEST(NearSignature, StaysWhatItIs) {
  const auto signature = near_signature("A fast, small parser for large files");
  ASSERT_TRUE(signature.has_value());
  EXPECT_EQ(signature_text(*signature), "5e46ed02c4de51455f2d212afd2df558");
  EXPECT_EQ(near_signature("a FAST small parser\nfor large files."), signature);
  EXPECT_EQ(parse_signature(signature_text(*signature)), signature);
  EXPECT_FALSE(parse_signature("00").has_value());
  EXPECT_FALSE(parse_signature(std::string(31, '0') + "g").has_value());
}

}  // namespace
}  // namespace quantier
