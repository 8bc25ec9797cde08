#include "quantier/checkpoint/safetensors.h"

#include <array>
#include <cstring>
#include <random>
#include <unistd.h>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "quantier/checkpoint/safetensors_writer.h"

namespace quantier {
namespace {

using ::testing::HasSubstr;

std::string with_length(std::uint64_t length, std::string_view header, std::string_view data) {
  std::string file;
  for (int i = 0; i < 8; ++i) file += static_cast<char>((length >> (8 * i)) & 0xFF);
  file += header;
  file += data;
  return file;
}

std::string file_of(std::string_view header, std::size_t data_bytes) {
  return with_length(header.size(), header, std::string(data_bytes, '\1'));
}

Result<SafetensorsHeader> parse(const std::string& file) {
  return parse_safetensors_header(std::as_bytes(std::span(file)), "f.safetensors");
}

void expect_corrupt(const std::string& file, const std::string& why) {
  const auto header = parse(file);
  ASSERT_FALSE(header.has_value()) << why;
  EXPECT_EQ(header.error().kind, ErrorKind::kCorruptData) << header.error().message();
  EXPECT_THAT(header.error().message(), HasSubstr(why));
  EXPECT_THAT(header.error().where, HasSubstr("f.safetensors"));
}

std::string entry(std::string_view name, std::string_view shape, std::uint64_t begin, std::uint64_t end,
                  std::string_view dtype = "F32") {
  return fmt::format(R"("{}":{{"dtype":"{}","shape":{},"data_offsets":[{},{}]}})", name, dtype, shape, begin,
                     end);
}

TEST(Safetensors, ReadsTensorsInTheOrderOfTheirBytes) {
  const auto header = parse(file_of(
      "{" + entry("b", "[2]", 4, 12) + "," + entry("a", "[]", 0, 4) + R"(,"__metadata__":{"format":"pt"}}  )",
      12));
  ASSERT_TRUE(header.has_value()) << header.error().message();
  ASSERT_EQ(header->entries.size(), 2u);
  EXPECT_EQ(header->entries[0].name, "a");
  EXPECT_TRUE(header->entries[0].shape.empty());
  EXPECT_EQ(header->entries[1].shape, std::vector<std::uint64_t>{2});
  EXPECT_EQ(header->metadata.at("format"), "pt");
}

TEST(Safetensors, RefusesLengthsThatLie) {
  const std::string good = file_of("{" + entry("a", "[1]", 0, 4) + "}", 4);
  ASSERT_TRUE(parse(good).has_value());
  expect_corrupt("", "the file has 0 bytes");
  expect_corrupt("1234567", "the file has 7 bytes");
  const std::string body = good.substr(8);
  for (const std::uint64_t lie :
       {std::uint64_t{1} << 63, UINT64_MAX, UINT64_MAX - 7, std::uint64_t{100'000'001},
        std::uint64_t{good.size()}, std::uint64_t{body.size()} + 1}) {
    expect_corrupt(with_length(lie, body, ""), "the header claims");
  }
  EXPECT_FALSE(parse(with_length(good.size() - 1, body, "")).has_value());
  EXPECT_FALSE(parse(with_length(body.size(), body, "")).has_value());
  EXPECT_FALSE(parse(with_length(0, body, "")).has_value());
}

TEST(Safetensors, RefusesEveryTruncationAndEveryExtraByte) {
  const std::string good = file_of("{" + entry("a", "[1]", 0, 4) + "," + entry("b", "[1]", 4, 8) + "}", 8);
  ASSERT_TRUE(parse(good).has_value());
  for (std::size_t size = 0; size < good.size(); ++size) {
    EXPECT_FALSE(parse(good.substr(0, size)).has_value()) << size;
  }
  expect_corrupt(good + "x", "the tensors cover 8 bytes of data, the file has 9");
}

TEST(Safetensors, RefusesOffsetsAndShapesThatLie) {
  expect_corrupt(file_of("{" + entry("a", "[1]", 4, 0) + "}", 4), "do not lie");
  expect_corrupt(file_of("{" + entry("a", "[1]", 0, 8) + "}", 4), "do not lie");
  expect_corrupt(file_of("{" + entry("a", "[1]", 0, UINT64_MAX) + "}", 4), "do not lie");
  expect_corrupt(file_of("{" + entry("a", "[2]", 0, 4) + "}", 4), "needs 8 bytes");
  expect_corrupt(file_of("{" + entry("a", "[4294967296,4294967296]", 0, 0) + "}", 0), "overflows");
  expect_corrupt(file_of("{" + entry("a", "[4611686018427387905]", 0, 4) + "}", 4), "overflows");
  expect_corrupt(file_of("{" + entry("a", "[-1]", 0, 4) + "}", 4), "whole numbers");
  expect_corrupt(file_of("{" + entry("a", "[1.0]", 0, 4) + "}", 4), "whole numbers");
  expect_corrupt(file_of("{" + entry("a", "[18446744073709551617]", 0, 4) + "}", 4), "whole numbers");
  expect_corrupt(file_of(R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0]}})", 4), "1 numbers");
  expect_corrupt(file_of(R"({"a":{"shape":[1],"data_offsets":[0,4]}})", 4), "dtype");
  expect_corrupt(file_of(R"({"a":[]})", 0), "not a JSON object");
  expect_corrupt(file_of(R"({"__metadata__":{"a":1}})", 0), "not a string");
  expect_corrupt(file_of("[1]", 0), "does not start");
}

TEST(Safetensors, RefusesOverlapsGapsAndTwins) {
  expect_corrupt(file_of("{" + entry("a", "[2]", 0, 8) + "," + entry("b", "[1]", 4, 8) + "}", 8), "overlap");
  expect_corrupt(file_of("{" + entry("a", "[1]", 0, 4) + "," + entry("b", "[1]", 8, 12) + "}", 12), "gap");
  expect_corrupt(file_of("{" + entry("a", "[1]", 4, 8) + "}", 8), "gap");
  expect_corrupt(file_of("{" + entry("a", "[1]", 0, 4) + "," + entry("a", "[1]", 4, 8) + "}", 8), "twice");
}

TEST(Safetensors, NamesTheElementTypeItDoesNotRead) {
  const auto header = parse(file_of("{" + entry("a", "[4]", 0, 4, "F8_E5M2") + "}", 4));
  ASSERT_FALSE(header.has_value());
  EXPECT_EQ(header.error().kind, ErrorKind::kUnsupported);
  EXPECT_THAT(header.error().message(), HasSubstr("F8_E5M2"));
}

// A damaged byte anywhere never makes the parser read outside, whatever it answers.
TEST(Safetensors, SurvivesRandomDamage) {
  const std::string good = file_of("{" + entry("a", "[1]", 0, 4) + "," + entry("b", "[1]", 4, 8) + "}", 8);
  std::mt19937 random(7);
  for (int round = 0; round < 5000; ++round) {
    std::string bad = good;
    for (int i = 0; i < 3; ++i) bad[random() % bad.size()] = static_cast<char>(random());
    const auto header = parse(bad);
    if (!header) continue;
    std::uint64_t end = 0;
    for (const SafetensorsEntry& tensor : header->entries) end = std::max(end, tensor.end);
    EXPECT_EQ(header->data_start + end, bad.size());
  }
}

TEST(Safetensors, ReadsBackWhatItWrites) {
  const auto path = std::filesystem::temp_directory_path() / fmt::format("qt-st-{}.safetensors", ::getpid());
  const std::array<float, 3> values = {1.5F, -2.0F, 3.25F};
  const std::array<std::uint8_t, 1> small = {7};
  const Status written =
      write_safetensors(path,
                        {{"a.small",
                          DType::kU8,
                          {1},
                          [&](const AppendFunction& add) { return add(std::as_bytes(std::span(small))); }},
                         {"z",
                          DType::kF32,
                          {3, 1},
                          [&](const AppendFunction& add) { return add(std::as_bytes(std::span(values))); }}},
                        {{"format", "pt"}});
  ASSERT_TRUE(written.has_value()) << written.error().message();
  const auto file = SafetensorsFile::open(path);
  ASSERT_TRUE(file.has_value()) << file.error().message();
  EXPECT_EQ(file->header().data_start % 8, 0u);
  ASSERT_EQ(file->header().entries.size(), 2u);
  EXPECT_EQ(file->header().entries[0].name, "z");  // larger elements first
  const TensorView view = file->view(file->header().entries[0]);
  std::array<float, 3> back{};
  ASSERT_EQ(view.bytes.size(), sizeof back);
  std::memcpy(back.data(), view.bytes.data(), sizeof back);
  EXPECT_EQ(back, values);
  std::filesystem::remove(path);
}

}  // namespace
}  // namespace quantier
