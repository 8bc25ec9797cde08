#include "quantier/tokenizer/bpe.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "quantier/base/file.h"
#include "quantier/base/rng.h"

namespace quantier::tokenizer_detail {
namespace {

TEST(Bpe, ScanHeapAndCacheAgree) {
  const auto text = read_text_file(std::string(QUANTIER_SOURCE_DIR) + "/demo/demo-decoder/tokenizer.json");
  ASSERT_TRUE(text.has_value());
  const auto file = read_tokenizer_file(*text, "demo");
  ASSERT_TRUE(file.has_value());
  const auto model = BpeModel::from_file(*file, "demo");
  ASSERT_TRUE(model.has_value());
  Philox random(7);
  for (int round = 0; round < 20'000; ++round) {
    std::string word;
    const auto length = 1 + random.next_below(round % 100 == 0 ? 400 : 40);
    for (std::uint64_t i = 0; i < length; ++i) {
      word +=
          round % 3 == 0 ? static_cast<char>(random.next_below(256)) : "etaoinsrlib "[random.next_below(12)];
    }
    std::vector<std::int32_t> by_scan;
    std::vector<std::int32_t> by_heap;
    std::vector<std::int32_t> first{-7};
    std::vector<std::int32_t> again{-7};
    model->append_ids_by_scan(word, by_scan);
    model->append_ids_by_heap(word, by_heap);
    model->append_ids(word, first);
    model->append_ids(word, again);
    ASSERT_EQ(by_scan, by_heap);
    ASSERT_EQ(first, again);
    ASSERT_EQ(std::vector<std::int32_t>(first.begin() + 1, first.end()), by_scan);
  }
}

}  // namespace
}  // namespace quantier::tokenizer_detail
