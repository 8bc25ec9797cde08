#include "quantier/dataset/overlap.h"

#include <set>
#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "quantier/base/rng.h"

namespace quantier {
namespace {

using Texts = std::vector<std::string>;

std::string words(Philox& random, std::size_t count, std::uint64_t vocabulary) {
  std::string text;
  for (std::size_t i = 0; i < count; ++i) text += "w" + std::to_string(random.next_below(vocabulary)) + " ";
  return text;
}

TEST(Overlap, FindsEqualTextsWhateverTheirSpacesAndCapitals) {
  const Texts first = {"nothing like it", "  A fast\nParser ", "", "!!"};
  const auto found = find_overlaps(first, Texts{"other", "a FAST parser", "", "!!"});
  ASSERT_EQ(found.size(), 3U);
  EXPECT_EQ(found[0].first, 1U);
  EXPECT_EQ(found[0].second, 1U);
  EXPECT_TRUE(found[0].is_equal);
  EXPECT_EQ(found[1].second, 2U);
  EXPECT_EQ(found[2].second, 3U);
}

TEST(Overlap, OneChangedWordIsNearAndAnotherTextIsNot) {
  Philox random(1);
  const std::string text = words(random, 60, 1000);
  std::string changed = text;
  changed.replace(changed.find(' ', 100) + 1, 1, "another");
  const auto found =
      find_overlaps(Texts{words(random, 60, 1000), text}, Texts{words(random, 60, 1000), changed});
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].first, 1U);
  EXPECT_EQ(found[0].second, 1U);
  EXPECT_FALSE(found[0].is_equal);
  EXPECT_NEAR(found[0].similarity, 55.0 / 61.0, 1e-9);
}

TEST(Overlap, PunctuationAloneMakesANearOne) {
  const auto found = find_overlaps(Texts{"a fast, small parser"}, Texts{"a fast small parser!"});
  ASSERT_EQ(found.size(), 1U);
  EXPECT_FALSE(found[0].is_equal);
  EXPECT_EQ(found[0].similarity, 1.0);
}

// Against the definition, over texts that share much: few words, many copies with some replaced.
TEST(Overlap, IsWhatComparingAllPairsGives) {
  Philox random(7);
  Texts first;
  Texts second;
  for (int i = 0; i < 60; ++i) {
    first.push_back(words(random, 1 + random.next_below(40), 6));
    second.push_back(words(random, 1 + random.next_below(40), 6));
    std::string copy = first[random.next_below(first.size())];
    for (std::uint64_t n = random.next_below(4); n > 0 && copy.size() > 3; --n)
      copy[random.next_below(copy.size())] = 'x';
    second.push_back(copy);
  }
  const auto set_of = [](const std::string& text) {
    std::istringstream in(text);
    Texts list;
    for (std::string word; in >> word;) list.push_back(word);
    std::set<std::string> set;
    const std::size_t length = std::min<std::size_t>(3, list.size());
    for (std::size_t i = 0; i + length <= list.size(); ++i) {
      std::string shingle;
      for (std::size_t j = 0; j < length; ++j) shingle += list[i + j] + " ";
      set.insert(shingle);
    }
    return set;
  };
  for (const double near : {0.3, 0.8, 1.0}) {
    std::vector<std::pair<std::size_t, double>> expected;
    for (std::size_t i = 0; i < first.size(); ++i) {
      double best = 0;
      const auto a = set_of(first[i]);
      for (const std::string& text : second) {
        const auto b = set_of(text);
        std::size_t common = 0;
        for (const auto& shingle : a) common += b.count(shingle);
        best =
            std::max(best, static_cast<double>(common) / static_cast<double>(a.size() + b.size() - common));
      }
      if (best >= near) expected.emplace_back(i, best);
    }
    std::vector<std::pair<std::size_t, double>> found;
    for (const Overlap& overlap : find_overlaps(first, second, near))
      found.emplace_back(overlap.first, overlap.similarity);
    EXPECT_GT(expected.size(), 5U);
    EXPECT_EQ(found, expected) << near;
  }
}

}  // namespace
}  // namespace quantier
