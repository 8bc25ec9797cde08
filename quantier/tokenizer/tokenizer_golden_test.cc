// The reference library's ids for nasty texts, full-size synthetic vocabularies and variants of the flags.
// Written by tools/goldens/tokenizer_goldens.py.
#include <cstdint>
#include <string>
#include <unordered_set>
#include <vector>

#include <gtest/gtest.h>

#include "quantier/base/json.h"
#include "quantier/tokenizer/tokenizer.h"

namespace quantier {
namespace {

const std::string kRoot = QUANTIER_SOURCE_DIR;

const Json& goldens() {
  static const Json json = [] {
    auto read = read_json_file(kRoot + "/testdata/tokenizer/goldens.json");
    EXPECT_TRUE(read.has_value()) << read.error().message();
    return std::move(read).value();
  }();
  return json;
}

using Ids = std::vector<std::int32_t>;

void expect_ids(const Tokenizer& tokenizer, const Json& text, const Json& expected,
                std::optional<std::size_t> max_length, const std::string& where) {
  const auto encoding = tokenizer.encode(text.get<std::string>(), max_length);
  ASSERT_TRUE(encoding.has_value()) << where << encoding.error().message();
  EXPECT_EQ(encoding->ids, expected.get<Ids>()) << where << " " << text.dump();
}

TEST(TokenizerGoldens, NastyTextsThroughTheDemoTokenizers) {
  for (const std::string name : {"demo-encoder", "demo-decoder"}) {
    const auto tokenizer = Tokenizer::load(kRoot + "/demo/" + name);
    ASSERT_TRUE(tokenizer.has_value()) << tokenizer.error().message();
    const Json& texts = goldens()["texts"];
    const Json& expected = goldens()["models"][name];
    ASSERT_EQ(texts.size(), expected.size());
    ASSERT_GT(texts.size(), 200u);
    for (std::size_t i = 0; i < texts.size(); ++i) {
      expect_ids(*tokenizer, texts[i], expected[i], 1'000'000, name);
    }
  }
}

TEST(TokenizerGoldens, VariantsOfTheFlags) {
  std::size_t variants = 0;
  for (Json variant : goldens()["variants"]) {
    const auto name = variant["name"].get<std::string>();
    Json& root = variant["tokenizer"];
    if (!root.contains("model")) root["model"] = goldens()["model"];
    const auto tokenizer = Tokenizer::parse(root.dump(), name);
    ASSERT_TRUE(tokenizer.has_value()) << name << tokenizer.error().message();
    for (std::size_t m = 0; m < variant["max_lengths"].size(); ++m) {
      const Json& max_length = variant["max_lengths"][m];
      std::optional<std::size_t> limit;
      if (!max_length.is_null()) limit = max_length.get<std::size_t>();
      for (std::size_t i = 0; i < variant["texts"].size(); ++i) {
        expect_ids(*tokenizer, variant["texts"][i], variant["ids"][m][i], limit,
                   name + ", max_length " + max_length.dump());
      }
    }
    ++variants;
  }
  EXPECT_GT(variants, 20u);
}

std::string utf8(std::uint32_t c) {
  if (c < 0x80) return {static_cast<char>(c)};
  if (c < 0x800) return {static_cast<char>(0xC0 | (c >> 6)), static_cast<char>(0x80 | (c & 0x3F))};
  return {static_cast<char>(0xE0 | (c >> 12)), static_cast<char>(0x80 | ((c >> 6) & 0x3F)),
          static_cast<char>(0x80 | (c & 0x3F))};
}

// The formula of synthetic() in the script, as a tokenizer.json. A token is a list of bytes here: 16 of the
// alphabet's characters at most, as there.
std::string synthetic_tokenizer(std::size_t merge_count, std::uint64_t multiplier) {
  struct Token {
    std::string text;
    std::size_t characters;
  };
  std::vector<Token> tokens;
  std::uint32_t next = 0x100;
  for (std::uint32_t byte = 0; byte < 256; ++byte) {
    const bool keeps = (byte >= 0x21 && byte <= 0x7E) || (byte >= 0xA1 && byte <= 0xAC) || byte >= 0xAE;
    tokens.push_back({utf8(keeps ? byte : next++), 1});
  }
  std::unordered_set<std::string> known;
  for (const Token& token : tokens) known.insert(token.text);
  std::string merges;
  std::size_t made = 0;
  for (std::uint64_t k = 0; made < merge_count; ++k) {
    const Token& left = tokens[(k * multiplier) % tokens.size()];
    const Token& right = tokens[(k * k + 7 * k) % std::min<std::size_t>(tokens.size(), 600)];
    Token joined{left.text + right.text, left.characters + right.characters};
    if (joined.characters > 16 || !known.insert(joined.text).second) continue;
    if (made++ > 0) merges += ",";
    merges += Json::array({left.text, right.text}).dump();
    tokens.push_back(std::move(joined));
  }
  std::string vocabulary;
  for (std::size_t id = 0; id < tokens.size(); ++id) {
    if (id > 0) vocabulary += ",";
    vocabulary += Json(tokens[id].text).dump() + ":" + std::to_string(id);
  }
  return R"({"normalizer":{"type":"NFC"},"pre_tokenizer":{"type":"ByteLevel","add_prefix_space":false,)"
         R"("trim_offsets":true,"use_regex":true},"model":{"type":"BPE","vocab":{)" +
         vocabulary + R"(},"merges":[)" + merges + "]}}";
}

std::string random_words(std::uint64_t seed, std::size_t count) {
  std::uint64_t x = seed;
  const auto step = [&x] { return x = x * 6364136223846793005u + 1; };
  std::string text;
  for (std::size_t word = 0; word < count; ++word) {
    if (word > 0) text += " ";
    const std::uint64_t length = 1 + (step() >> 33) % 40;
    for (std::uint64_t i = 0; i < length; ++i) {
      const auto r = static_cast<std::uint32_t>((step() >> 33) % 1000);
      text += utf8(r < 700 ? 97 + r % 26 : r < 850 ? 0x21 + r % 90 : r < 950 ? 0xA1 + r % 94 : 0x4E00 + r);
    }
  }
  return text;
}

TEST(TokenizerGoldens, VocabulariesOfFullSize) {
  for (const Json& golden : goldens()["synthetic"]) {
    const auto merges = golden["merges"].get<std::size_t>();
    const auto tokenizer =
        Tokenizer::parse(synthetic_tokenizer(merges, golden["multiplier"].get<std::uint64_t>()), "synthetic");
    ASSERT_TRUE(tokenizer.has_value()) << tokenizer.error().message();
    EXPECT_EQ(tokenizer->vocabulary_size(), merges + 256);
    expect_ids(*tokenizer, Json(random_words(golden["seed"].get<std::uint64_t>(), 60)), golden["ids"], {},
               "words");
    for (std::size_t i = 0; i < golden["nasty"].size(); ++i) {
      expect_ids(*tokenizer, goldens()["texts"][i], golden["nasty"][i], {}, "nasty");
    }
  }
}

}  // namespace
}  // namespace quantier
