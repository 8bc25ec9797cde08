#include "quantier/dataset/npz.h"

#include <cmath>
#include <filesystem>
#include <fstream>
#include <limits>
#include <unistd.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zip.h>

#include "quantier/base/file.h"

namespace quantier {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class NpzTest : public ::testing::Test {
 protected:
  std::filesystem::path folder_;
  void SetUp() override {
    folder_ = std::filesystem::temp_directory_path() / ("quantier-npz-" + std::to_string(::getpid()));
    std::filesystem::create_directories(folder_);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  [[nodiscard]] std::filesystem::path path(const std::string& name) const { return folder_ / name; }

  // An archive with one entry of these bytes.
  [[nodiscard]] std::filesystem::path archive(const std::string& bytes, const char* name = "x.npy") const {
    const auto file = path("made.npz");
    std::filesystem::remove(file);
    zip_t* zip = zip_open(file.c_str(), ZIP_CREATE, nullptr);
    zip_file_add(zip, name, zip_source_buffer(zip, bytes.data(), bytes.size(), 0), 0);
    EXPECT_EQ(zip_close(zip), 0);
    return file;
  }
  [[nodiscard]] Result<std::vector<NpyArray>> read_array(const std::string& dict,
                                                         const std::string& data) const {
    std::string bytes("\x93NUMPY\x01\x00", 8);
    bytes.push_back(static_cast<char>(dict.size() & 0xFF));
    bytes.push_back(static_cast<char>(dict.size() >> 8));
    return read_npz(archive(bytes + dict + data));
  }
};

void expect_error(const Result<std::vector<NpyArray>>& result, ErrorKind kind, std::string_view part) {
  ASSERT_FALSE(result.has_value());
  EXPECT_EQ(result.error().kind, kind) << result.error().message();
  EXPECT_THAT(result.error().message(), HasSubstr(part));
}

std::vector<NpyArray> example() {
  return {{"logits", {2, 2}, std::vector<float>{1.5F, -0.0F, std::numeric_limits<float>::infinity(), 1e-40F}},
          {"p", {3}, std::vector<double>{0.1, 2.0, -3.0}},
          {"labels", {2}, std::vector<std::int64_t>{-1, 1LL << 40}},
          {"names", {3}, std::vector<std::string>{"", "caf\xC3\xA9", "\xF0\x9F\x98\x80"}},
          {"none", {0, 4}, std::vector<float>{}}};
}

TEST_F(NpzTest, ReadsWhatItWrote) {
  const auto arrays = example();
  ASSERT_TRUE(write_npz(path("a.npz"), arrays).has_value());
  const auto read = read_npz(path("a.npz"));
  ASSERT_TRUE(read.has_value()) << read.error().message();
  ASSERT_EQ(read->size(), arrays.size());
  for (std::size_t i = 0; i < arrays.size(); ++i) {
    EXPECT_EQ((*read)[i].name, arrays[i].name);
    EXPECT_EQ((*read)[i].shape, arrays[i].shape);
    EXPECT_EQ((*read)[i].values, arrays[i].values);
  }
}

TEST_F(NpzTest, ReaderListsByHeadersAndReadsOne) {
  const auto arrays = example();
  ASSERT_TRUE(write_npz(path("a.npz"), arrays).has_value());
  auto reader = NpzReader::open(path("a.npz"));
  ASSERT_TRUE(reader.has_value()) << reader.error().message();
  ASSERT_EQ(reader->arrays().size(), arrays.size());
  EXPECT_EQ(reader->arrays()[0].type, "<f4");
  EXPECT_THAT(reader->arrays()[0].shape, ElementsAre(2, 2));
  EXPECT_TRUE(reader->arrays()[3].is_text());
  EXPECT_EQ(reader->find("p"), std::optional<std::size_t>(1));
  EXPECT_EQ(reader->find("absent"), std::nullopt);
  EXPECT_EQ(reader->read_floats(0).value(), std::get<std::vector<float>>(arrays[0].values));
  EXPECT_THAT(reader->read_floats(1).value(), ElementsAre(0.1F, 2.0F, -3.0F));
  const auto labels = reader->read_floats(2);
  ASSERT_FALSE(labels.has_value());
  EXPECT_THAT(labels.error().message(), HasSubstr("does not hold floats"));
}

TEST_F(NpzTest, LongArraysArriveInPieces) {
  std::vector<float> values(300'001);
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(i) * 0.5F;
  ASSERT_TRUE(write_npz(path("long.npz"), std::vector<NpyArray>{{"x", {values.size()}, values}}).has_value());
  auto reader = NpzReader::open(path("long.npz"));
  ASSERT_TRUE(reader.has_value());
  EXPECT_EQ(reader->read_floats(0).value(), values);
}

TEST_F(NpzTest, SameArraysSameBytes) {
  ASSERT_TRUE(write_npz(path("a.npz"), example()).has_value());
  ASSERT_TRUE(write_npz(path("b.npz"), example()).has_value());
  EXPECT_EQ(read_text_file(path("a.npz")).value(), read_text_file(path("b.npz")).value());
}

TEST_F(NpzTest, ReadsWhatNumPyWrote) {
  const auto read = read_npz(std::filesystem::path(QUANTIER_SOURCE_DIR) / "testdata/dataset/numpy.npz");
  ASSERT_TRUE(read.has_value()) << read.error().message();
  ASSERT_EQ(read->size(), 14u);
  for (const NpyArray& array : *read) {
    if (array.name == "text") {
      EXPECT_THAT(std::get<std::vector<std::string>>(array.values), ElementsAre("a", "caf\xC3\xA9", ""));
    } else if (array.name == "bytes") {
      EXPECT_THAT(std::get<std::vector<std::string>>(array.values), ElementsAre("ab", "c"));
    } else if (array.name == "f4" || array.name == "f2") {
      EXPECT_THAT(array.shape, ElementsAre(2, 1));
      EXPECT_THAT(std::get<std::vector<float>>(array.values), ElementsAre(0.5F, -2.0F)) << array.name;
    } else if (array.name == "f8") {
      EXPECT_THAT(std::get<std::vector<double>>(array.values), ElementsAre(0.1));
      EXPECT_TRUE(array.shape.empty());
    } else if (array.name == "b1") {
      EXPECT_THAT(std::get<std::vector<std::int64_t>>(array.values), ElementsAre(1, 0)) << array.name;
    } else if (array.name.starts_with('u')) {
      EXPECT_THAT(std::get<std::vector<std::int64_t>>(array.values), ElementsAre(200, 0)) << array.name;
    } else {
      EXPECT_THAT(std::get<std::vector<std::int64_t>>(array.values), ElementsAre(-3, 7)) << array.name;
    }
  }
}

TEST_F(NpzTest, ReadsTheDemoReference) {
  const auto read =
      read_npz(std::filesystem::path(QUANTIER_SOURCE_DIR) / "demo/reference/demo-encoder_logits.npz");
  ASSERT_TRUE(read.has_value()) << read.error().message();
  ASSERT_EQ(read->size(), 2u);
  EXPECT_THAT(read->front().shape, ElementsAre(6083, 58));
}

constexpr const char* kGood = "{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }";

TEST_F(NpzTest, HeaderThatLies) {
  ASSERT_TRUE(read_array(kGood, std::string(8, '\0')).has_value());
  expect_error(read_array(kGood, std::string(7, '\0')), ErrorKind::kCorruptData,
               "promise 8 bytes, there are 7");
  expect_error(read_array(kGood, std::string(9, '\0')), ErrorKind::kCorruptData, "there are 9");
  expect_error(
      read_array("{'descr': '<f4', 'fortran_order': False, 'shape': (4294967296, 4294967296, 4), }", ""),
      ErrorKind::kCorruptData, "impossibly large");
  expect_error(read_array("{'descr': '<f4', 'fortran_order': False, 'shape': (4611686018427387904,), }", ""),
               ErrorKind::kCorruptData, "impossibly large");
  expect_error(read_array("{'descr': '<U0', 'fortran_order': False, 'shape': (4611686018427387904,), }", ""),
               ErrorKind::kCorruptData, "impossibly large");
  expect_error(read_array("{'descr': '<f4', 'fortran_order': False, 'shape': (-2,), }", ""),
               ErrorKind::kCorruptData, "shape");
  expect_error(read_array("{'descr': '<f4', 'fortran_order': False}", ""), ErrorKind::kCorruptData,
               "lacks a key");
  expect_error(read_array("{'descr': '<f4', 'descr': '<f8', 'fortran_order': False, 'shape': ()}", "abcd"),
               ErrorKind::kCorruptData, "unexpected key");
  expect_error(read_array("{'descr': '<f4', 'fortran_order': False, 'shape': ()} + 1", "abcd"),
               ErrorKind::kCorruptData, "follows");
  expect_error(read_array("", ""), ErrorKind::kCorruptData, "not a dict");
  expect_error(read_npz(archive(std::string("\x93NUMPY\x01\x00\xFF\xFF", 10))), ErrorKind::kCorruptData,
               "claims 65535");
  expect_error(read_npz(archive("hello")), ErrorKind::kCorruptData, "not a .npy");
  expect_error(read_npz(archive(std::string("\x93NUMPY\x09\x00\x00\x00", 10))), ErrorKind::kUnsupported,
               "version");
}

TEST_F(NpzTest, TypesThatAreRefused) {
  expect_error(read_array("{'descr': '|O', 'fortran_order': False, 'shape': (1,), }", "x"),
               ErrorKind::kUnsupported, "pickle");
  expect_error(read_array("{'descr': '>f4', 'fortran_order': False, 'shape': (1,), }", "abcd"),
               ErrorKind::kUnsupported, "little-endian");
  expect_error(read_array("{'descr': '<c8', 'fortran_order': False, 'shape': (1,), }", "abcdefgh"),
               ErrorKind::kUnsupported, "<c8");
  expect_error(read_array("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,), }", "abcd"),
               ErrorKind::kUnsupported, "structured");
  expect_error(
      read_array("{'descr': '<f4', 'fortran_order': True, 'shape': (2, 2), }", std::string(16, '\0')),
      ErrorKind::kUnsupported, "Fortran");
  // One dimension is the same in both orders.
  EXPECT_TRUE(read_array("{'descr': '<f4', 'fortran_order': True, 'shape': (2,), }", std::string(8, '\0'))
                  .has_value());
  expect_error(
      read_array("{'descr': '<U1', 'fortran_order': False, 'shape': (1,), }", std::string("\x00\xD8\0\0", 4)),
      ErrorKind::kCorruptData, "code point");
  expect_error(read_array("{'descr': '|S1', 'fortran_order': False, 'shape': (1,), }", "\xFF"),
               ErrorKind::kCorruptData, "UTF-8");
  expect_error(
      read_array("{'descr': '<u8', 'fortran_order': False, 'shape': (1,), }", std::string(8, '\xFF')),
      ErrorKind::kCorruptData, "2^63");
}

TEST_F(NpzTest, BombIsRefusedBeforeItIsUnpacked) {
  const std::string dict = "{'descr': '|i1', 'fortran_order': False, 'shape': (80000000,), }";
  expect_error(read_array(dict, std::string(80'000'000, '\0')), ErrorKind::kCorruptData, "bomb");
}

TEST_F(NpzTest, DamagedArchives) {
  ASSERT_TRUE(write_npz(path("a.npz"), example()).has_value());
  const std::string good = read_text_file(path("a.npz")).value();
  for (std::size_t length = 0; length < good.size(); length += 7) {
    ASSERT_TRUE(write_file_atomically(path("cut.npz"), good.substr(0, length)).has_value());
    EXPECT_FALSE(read_npz(path("cut.npz")).has_value()) << length;
  }
  // A changed byte gives an error or, in an unused field, the same arrays: never a crash.
  for (std::size_t at = 0; at < good.size(); ++at) {
    std::string changed = good;
    changed[at] = static_cast<char>(changed[at] ^ 0x55);
    ASSERT_TRUE(write_file_atomically(path("bad.npz"), changed).has_value());
    static_cast<void>(read_npz(path("bad.npz")));
  }
  expect_error(read_npz(path("missing.npz")), ErrorKind::kEnvironment, "missing.npz");
  expect_error(read_npz(archive("x", "notes.txt")), ErrorKind::kCorruptData, ".npy arrays only");
}

TEST_F(NpzTest, UnwritableTargetIsAnError) {
  const auto status = write_npz(path("no/such/folder/a.npz"), example());
  ASSERT_FALSE(status.has_value());
  EXPECT_EQ(status.error().kind, ErrorKind::kEnvironment);
}

TEST_F(NpzTest, EndlessStringsAreRefused) {
  std::vector<std::string> ids(300, "a");
  ids.back().assign(1'000'000, 'a');
  const std::vector<NpyArray> arrays = {{"ids", {300}, ids}};
  const auto status = write_npz(path("a.npz"), arrays);
  ASSERT_FALSE(status.has_value());
  EXPECT_EQ(status.error().kind, ErrorKind::kUserInput);
}

}  // namespace
}  // namespace quantier
