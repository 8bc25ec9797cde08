#include "quantier/checkpoint/gguf/gguf.h"

#include <cmath>
#include <cstring>
#include <random>
#include <unistd.h>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "quantier/checkpoint/gguf/gguf_writer.h"

namespace quantier {
namespace {

using ::testing::HasSubstr;

template <class T>
std::string le(T value) {
  std::string bytes(sizeof value, '\0');
  std::memcpy(bytes.data(), &value, sizeof value);
  return bytes;
}
std::string u32(std::uint32_t value) { return le(value); }
std::string u64(std::uint64_t value) { return le(value); }
std::string text(std::string_view value) { return u64(value.size()) + std::string(value); }

std::string pair(std::string_view key, std::uint32_t type, const std::string& value) {
  return text(key) + u32(type) + value;
}
std::string tensor(std::string_view name, const std::vector<std::uint64_t>& sizes, std::uint32_t type,
                   std::uint64_t offset) {
  std::string bytes = text(name) + u32(static_cast<std::uint32_t>(sizes.size()));
  for (const std::uint64_t size : sizes) bytes += u64(size);
  return bytes + u32(type) + u64(offset);
}
std::string head(std::uint64_t tensors, std::uint64_t pairs, std::uint32_t version = 3) {
  return "GGUF" + u32(version) + u64(tensors) + u64(pairs);
}
std::string padded(std::string bytes, std::size_t alignment = 32) {
  bytes.resize((bytes.size() + alignment - 1) / alignment * alignment, '\0');
  return bytes;
}
std::string file_with_pair(const std::string& bytes) { return head(0, 1) + bytes; }

// Two tensors, [2, 3] floats and a row of 32 in Q8_0, and two pairs.
std::string good_file() {
  return padded(head(2, 2) + pair("general.architecture", 8, text("qwen2")) +
                pair("list", 9, u32(8) + u64(2) + text("a") + text("bc")) + tensor("t", {3, 2}, 0, 0) +
                tensor("q", {32}, 8, 32)) +
         padded(std::string(24, '\1')) + padded(std::string(34, '\2'));
}

Result<GgufHeader> parse(const std::string& file) {
  return parse_gguf(std::as_bytes(std::span(file)), "f.gguf");
}

void expect_error(const std::string& file, const std::string& why, ErrorKind kind = ErrorKind::kCorruptData) {
  const auto header = parse(file);
  ASSERT_FALSE(header.has_value()) << why;
  EXPECT_EQ(header.error().kind, kind) << header.error().message();
  EXPECT_THAT(header.error().message(), HasSubstr(why));
  EXPECT_THAT(header.error().where, HasSubstr("f.gguf"));
}

TEST(Gguf, ReadsTensorsAndPairs) {
  const std::string file = good_file();
  const auto header = parse(file);
  ASSERT_TRUE(header.has_value()) << header.error().message();
  ASSERT_EQ(header->tensors.size(), 2U);
  EXPECT_EQ(header->tensors[0].shape, (std::vector<std::uint64_t>{2, 3}));
  EXPECT_EQ(header->tensors[1].type, GgmlType::kQ8_0);
  EXPECT_EQ(header->tensors[1].bytes, 34U);
  EXPECT_EQ(file.at(header->tensors[1].begin), '\2');
  EXPECT_EQ(header->find("general.architecture")->as_string(), "qwen2");
  EXPECT_EQ(header->find("absent"), nullptr);
  std::vector<std::string> list;
  header->find("list")->for_each([&](const GgufValue& value) {
    list.emplace_back(*value.as_string());
    return true;
  });
  EXPECT_THAT(list, ::testing::ElementsAre("a", "bc"));
}

TEST(Gguf, ReadsEveryTypeOfValue) {
  const auto value = [](std::uint32_t type, const std::string& bytes) {
    static std::string file;  // the value is a view of it
    file = file_with_pair(pair("k", type, bytes));
    const auto header = parse(file);
    EXPECT_TRUE(header.has_value()) << header.error().message();
    return *header->find("k");
  };
  EXPECT_EQ(value(0, le<std::uint8_t>(200)).as_unsigned(), 200U);
  EXPECT_EQ(value(1, le<std::int8_t>(7)).as_unsigned(), 7U);
  EXPECT_EQ(value(1, le<std::int8_t>(-7)).as_unsigned(), std::nullopt);
  EXPECT_EQ(value(2, le<std::uint16_t>(65535)).as_unsigned(), 65535U);
  EXPECT_EQ(value(3, le<std::int16_t>(-1)).as_unsigned(), std::nullopt);
  EXPECT_EQ(value(4, u32(UINT32_MAX)).as_unsigned(), UINT32_MAX);
  EXPECT_EQ(value(5, le<std::int32_t>(5)).as_unsigned(), 5U);
  EXPECT_EQ(value(6, le(1e-6F)).as_number(), 1e-6);
  EXPECT_EQ(value(6, le(1e-6F)).as_unsigned(), std::nullopt);
  EXPECT_TRUE(std::isinf(value(6, le(INFINITY)).as_number().value_or(0)));
  EXPECT_EQ(value(7, "\1").as_bool(), true);
  EXPECT_EQ(value(7, std::string(1, '\0')).as_bool(), false);
  EXPECT_EQ(value(8, text("")).as_string(), "");
  EXPECT_EQ(value(10, u64(UINT64_MAX)).as_unsigned(), UINT64_MAX);
  EXPECT_EQ(value(11, le<std::int64_t>(-1)).as_unsigned(), std::nullopt);
  EXPECT_EQ(value(12, le(0.1)).as_number(), 0.1);
  EXPECT_EQ(value(12, le(0.1)).as_bool(), std::nullopt);
  EXPECT_EQ(value(12, le(0.1)).as_string(), std::nullopt);
}

TEST(Gguf, ArraysMayHoldArrays) {
  const std::string inner = u32(4) + u64(2) + u32(1) + u32(2);
  const std::string file =
      file_with_pair(pair("k", 9, u32(9) + u64(2) + inner + u32(8) + u64(1) + text("x")));
  const auto header = parse(file);
  ASSERT_TRUE(header.has_value()) << header.error().message();
  std::vector<std::string> seen;
  header->find("k")->for_each([&](const GgufValue& array) {
    array.for_each([&](const GgufValue& value) {
      const auto number = value.as_unsigned();
      seen.push_back(number ? fmt::format("{}", *number) : std::string(value.as_string().value_or("?")));
      return true;
    });
    return true;
  });
  EXPECT_THAT(seen, ::testing::ElementsAre("1", "2", "x"));
}

TEST(Gguf, RefusesEveryTruncationAndEveryExtraByte) {
  const std::string good = good_file();
  ASSERT_TRUE(parse(good).has_value());
  // The zeros that fill up the last tensor may be missing.
  const std::size_t whole = good.size() - 30;
  for (std::size_t size = 0; size < whole; ++size) {
    EXPECT_FALSE(parse(good.substr(0, size)).has_value()) << size;
  }
  for (std::size_t size = whole; size < good.size(); ++size) {
    EXPECT_TRUE(parse(good.substr(0, size)).has_value()) << size;
  }
  expect_error(good + "x", "the tensors end at byte");
}

TEST(Gguf, RefusesOtherFilesAndVersions) {
  expect_error("GGML" + good_file().substr(4), "does not start with the letters GGUF");
  expect_error(head(0, 0, 1), "version 1 of GGUF", ErrorKind::kUnsupported);
  expect_error(head(0, 0, 2), "version 2 of GGUF", ErrorKind::kUnsupported);
  expect_error(head(0, 0, 4), "version 4 of GGUF", ErrorKind::kUnsupported);
  expect_error(head(0, 0, 0x03000000), "big-endian", ErrorKind::kUnsupported);
}

TEST(Gguf, RefusesCountsThatLie) {
  const std::string rest = good_file().substr(24);
  for (const std::uint64_t lie : {std::uint64_t{3}, std::uint64_t{65537}, std::uint64_t{1} << 32,
                                  std::uint64_t{1} << 63, UINT64_MAX, UINT64_MAX / 24 + 1}) {
    EXPECT_FALSE(parse(head(lie, 2) + rest).has_value()) << lie;
    EXPECT_FALSE(parse(head(2, lie) + rest).has_value()) << lie;
  }
  expect_error(head(65537, 0) + std::string(8 << 20, '\0'), "the header claims 65537 tensors");
  expect_error(head(0, 65537) + std::string(8 << 20, '\0'), "the header claims 65537 key-value pairs");
}

TEST(Gguf, RefusesLengthsOfStringsAndArraysThatLie) {
  for (const std::uint64_t lie : {std::uint64_t{1} << 63, UINT64_MAX, UINT64_MAX - 7, std::uint64_t{1000},
                                  UINT64_MAX / 4 + 1, UINT64_MAX / 8 + 1}) {
    SCOPED_TRACE(lie);
    expect_error(file_with_pair(u64(lie) + "key" + u32(4) + u32(1)), "claims");
    expect_error(file_with_pair(pair("k", 8, u64(lie) + "abc")), "claims");
    for (const std::uint32_t type : {0U, 4U, 7U, 8U, 9U, 10U, 12U}) {
      expect_error(file_with_pair(pair("k", 9, u32(type) + u64(lie) + std::string(64, '\0'))), "claims");
    }
    expect_error(file_with_pair(pair("k", 9, u32(8) + u64(1) + u64(lie) + "abc")), "claims");
  }
  expect_error(file_with_pair(pair("k", 13, u32(1))), "13 is not the number of a value type");
  expect_error(file_with_pair(pair("k", 9, u32(13) + u64(0))), "13 is not the number of a value type");
  expect_error(file_with_pair(pair("k", 7, "\2")), "a bool is 2");
  expect_error(file_with_pair(pair("k", 9, u32(7) + u64(2) + "\1\3")), "an array of bools");
}

TEST(Gguf, LimitsNestingOfArrays) {
  std::string bytes;
  for (int level = 0; level < 100'000; ++level) bytes += u32(9) + u64(1);
  expect_error(file_with_pair(pair("k", 9, bytes)), "nested deeper than 8 levels");
}

TEST(Gguf, RefusesTwins) {
  expect_error(head(0, 2) + pair("k", 4, u32(1)) + pair("k", 4, u32(1)), "the key appears twice");
  expect_error(padded(head(2, 0) + tensor("t", {1}, 0, 0) + tensor("t", {1}, 0, 32)) + std::string(64, '\0'),
               "the name appears twice");
}

TEST(Gguf, RefusesAlignmentsThatAreNone) {
  for (const std::uint32_t lie : {0U, 3U, 13U, 33U, 1U << 21, 1U << 31, UINT32_MAX}) {
    expect_error(file_with_pair(pair("general.alignment", 4, u32(lie))), "a power of two");
  }
  expect_error(file_with_pair(pair("general.alignment", 5, u32(32))), "not u32");
  expect_error(file_with_pair(pair("general.alignment", 8, text("32"))), "not u32");
  const std::string wide = padded(head(2, 1) + pair("general.alignment", 4, u32(256)) +
                                      tensor("a", {1}, 0, 0) + tensor("b", {1}, 0, 256),
                                  256) +
                           padded("aaaa", 256) + "bbbb";
  const auto header = parse(wide);
  ASSERT_TRUE(header.has_value()) << header.error().message();
  EXPECT_EQ(wide.substr(header->tensors[1].begin, 4), "bbbb");
}

std::string one_tensor(const std::string& description, std::size_t data_bytes) {
  return padded(head(1, 0) + description) + std::string(data_bytes, '\1');
}

TEST(Gguf, RefusesShapesThatLie) {
  expect_error(one_tensor(tensor("t", {}, 0, 0), 32), "0 dimensions");
  expect_error(one_tensor(tensor("t", {1, 1, 1, 1, 1}, 0, 0), 32), "5 dimensions");
  expect_error(one_tensor(text("t") + u32(UINT32_MAX) + std::string(64, '\1'), 32), "dimensions");
  expect_error(one_tensor(tensor("t", {0, 4}, 0, 0), 32), "one of its sizes is 0");
  expect_error(one_tensor(tensor("t", {UINT64_MAX, UINT64_MAX}, 0, 0), 32), "overflows");
  expect_error(one_tensor(tensor("t", {std::uint64_t{1} << 32, std::uint64_t{1} << 32}, 0, 0), 32),
               "overflows");
  // The bytes of this one fit 64 bits, its elements wrap to none.
  expect_error(one_tensor(tensor("t", {std::uint64_t{1} << 33, std::uint64_t{1} << 31}, 2, 0), 32),
               "overflows");
  expect_error(one_tensor(tensor("t", {std::uint64_t{1} << 62}, 0, 0), 32), "overflows");
  expect_error(one_tensor(tensor("t", {std::uint64_t{1} << 40}, 0, 0), 32), "needs");
  expect_error(one_tensor(tensor("t", {33}, 8, 0), 64), "whole Q8_0 blocks of 32");
  expect_error(one_tensor(tensor("t", {16, 2}, 8, 0), 64), "whole Q8_0 blocks of 32");
}

TEST(Gguf, RefusesOffsetsThatLie) {
  for (const std::uint64_t lie :
       {std::uint64_t{1}, std::uint64_t{32}, std::uint64_t{1} << 63, UINT64_MAX, UINT64_MAX - 31}) {
    expect_error(one_tensor(tensor("t", {8}, 0, lie), 64), "gap");
  }
  expect_error(padded(head(2, 0) + tensor("a", {16}, 0, 0) + tensor("b", {8}, 0, 32)) + std::string(96, '\0'),
               "overlap");
  expect_error(padded(head(2, 0) + tensor("a", {8}, 0, 0) + tensor("b", {8}, 0, 0)) + std::string(96, '\0'),
               "overlap");
  // Two sizes whose sum wraps around.
  const std::uint64_t half = (std::uint64_t{1} << 61) - 8;
  expect_error(padded(head(2, 0) + tensor("a", {half}, 0, 0) + tensor("b", {half}, 0, half * 4)) +
                   std::string(96, '\0'),
               "the file has");
  expect_error(one_tensor(tensor("t", {20}, 0, 0), 64), "it ends at byte");
}

TEST(Gguf, NamesTheElementTypeItDoesNotRead) {
  expect_error(one_tensor(tensor("t", {256}, 14, 0), 210), "element type Q6_K is not read",
               ErrorKind::kUnsupported);
  expect_error(one_tensor(tensor("t", {32}, 4, 0), 32), "4 is not the number of an element type");
  expect_error(one_tensor(tensor("t", {32}, UINT32_MAX, 0), 32), "is not the number of an element type");
}

// A damaged byte anywhere never makes the parser read outside, whatever it answers.
TEST(Gguf, SurvivesRandomDamage) {
  const std::string good = good_file();
  std::mt19937 random(7);
  std::size_t refused = 0;
  for (int round = 0; round < 20'000; ++round) {
    std::string file = good;
    for (int i = 0; i < 3; ++i) file[random() % file.size()] = static_cast<char>(random());
    const auto header = parse(file);
    if (!header) {
      ++refused;
      continue;
    }
    for (const GgufTensor& item : header->tensors) EXPECT_LE(item.begin + item.bytes, file.size());
  }
  EXPECT_GT(refused, 1000U);
}

TEST(Gguf, AVocabularyOfManyTokensIsReadAtOnce) {
  std::string tokens = u32(8) + u64(300'000);
  for (int i = 0; i < 300'000; ++i) tokens += text(fmt::format("token{}", i));
  const std::string file = file_with_pair(pair("tokenizer.ggml.tokens", 9, tokens));
  const auto header = parse(file);
  ASSERT_TRUE(header.has_value()) << header.error().message();
  std::size_t count = 0;
  header->find("tokenizer.ggml.tokens")->for_each([&](const GgufValue&) { return ++count > 0; });
  EXPECT_EQ(count, 300'000U);
}

TEST(Gguf, WhatIsWrittenIsReadAgain) {
  GgufMetadata metadata;
  metadata.add("general.architecture", "qwen2");
  metadata.add("n", std::uint32_t{7});
  metadata.add("f", 0.5F);
  metadata.add("b", true);
  metadata.add("s", std::vector<std::string>{"x", "", "yz"});
  metadata.add("i", std::vector<std::int32_t>{-1, 2});
  EXPECT_EQ(metadata.count(), 6U);
  const auto bytes_of = [](std::size_t count, int value) {
    return [count, value](const AppendFunction& append) {
      return append(std::vector<std::byte>(count, static_cast<std::byte>(value)));
    };
  };
  const std::filesystem::path path =
      std::filesystem::temp_directory_path() / fmt::format("quantier-gguf-{}.gguf", ::getpid());
  const auto written = write_gguf(
      path, metadata,
      {{"a", GgmlType::kF32, {3}, bytes_of(12, 1)}, {"b", GgmlType::kQ4_0, {2, 32}, bytes_of(36, 2)}});
  ASSERT_TRUE(written.has_value()) << written.error().message();
  EXPECT_EQ(std::filesystem::file_size(path) % 32, 0U);
  {
    const auto file = GgufFile::open(path);
    ASSERT_TRUE(file.has_value()) << file.error().message();
    ASSERT_EQ(file->header().tensors.size(), 2U);
    EXPECT_EQ(file->header().tensors[1].shape, (std::vector<std::uint64_t>{2, 32}));
    EXPECT_EQ(file->bytes_of(file->header().tensors[1]).front(), std::byte{2});
    EXPECT_EQ(file->header().find("n")->as_unsigned(), 7U);
    EXPECT_EQ(file->header().find("f")->as_number(), 0.5);
    EXPECT_EQ(file->header().find("b")->as_bool(), true);
    EXPECT_EQ(file->header().find("s")->count, 3U);
    EXPECT_EQ(file->header().find("i")->element, GgufType::kI32);
  }
  // A tensor that fails leaves the file that was there.
  const auto failed = write_gguf(path, {}, {{"a", GgmlType::kF32, {1}, [](const AppendFunction&) -> Status {
                                               return fail(ErrorKind::kInterrupted, "stopped");
                                             }}});
  EXPECT_FALSE(failed.has_value());
  EXPECT_TRUE(GgufFile::open(path).has_value());
  std::filesystem::remove(path);
}

}  // namespace
}  // namespace quantier
