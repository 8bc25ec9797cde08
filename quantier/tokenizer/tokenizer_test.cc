#include "quantier/tokenizer/tokenizer.h"

#include <fstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "quantier/base/json.h"

namespace quantier {
namespace {

const std::string kDemo = std::string(QUANTIER_SOURCE_DIR) + "/demo/";

std::vector<std::string> texts_of(const std::string& path, std::size_t count) {
  std::ifstream file(path);
  std::vector<std::string> texts;
  for (std::string line; texts.size() < count && std::getline(file, line);) {
    auto json = parse_json(line, path);
    EXPECT_TRUE(json.has_value());
    texts.push_back((*json)["text"].get<std::string>());
  }
  return texts;
}

class DemoModels : public ::testing::TestWithParam<const char*> {};

TEST_P(DemoModels, GivesTheReferencesIds) {
  const std::string name = GetParam();
  const auto tokenizer = Tokenizer::load(kDemo + name);
  ASSERT_TRUE(tokenizer.has_value()) << tokenizer.error().message();
  EXPECT_EQ(tokenizer->vocabulary_size(), 8192u);
  EXPECT_EQ(tokenizer->file_max_length(), 128u);
  const auto expected = read_json_file(kDemo + "reference/" + name + "_input_ids.json");
  ASSERT_TRUE(expected.has_value());
  for (const char* split : {"validation", "test"}) {
    const auto& ids = (*expected)[split];
    const auto texts = texts_of(kDemo + "data/" + split + ".jsonl", ids.size());
    ASSERT_EQ(texts.size(), 200u);
    for (std::size_t i = 0; i < texts.size(); ++i) {
      const auto encoding = tokenizer->encode(texts[i], 128);
      ASSERT_TRUE(encoding.has_value());
      EXPECT_EQ(encoding->ids, ids[i].get<std::vector<std::int32_t>>()) << split << " " << i;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Tokenizer, DemoModels, ::testing::Values("demo-encoder", "demo-decoder"));

}  // namespace
}  // namespace quantier
