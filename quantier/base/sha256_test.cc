// Vectors of FIPS 180-2, appendix B, and of the NIST example collection.
#include "quantier/base/sha256.h"

#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>

namespace quantier {
namespace {

constexpr const char* kOfAbc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
constexpr const char* kOfMillionA = "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0";

TEST(Sha256, KnownAnswers) {
  EXPECT_EQ(sha256_hex(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(sha256_hex("abc"), kOfAbc);
  EXPECT_EQ(sha256_hex("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  EXPECT_EQ(sha256_hex(std::string(1'000'000, 'a')), kOfMillionA);
}

TEST(Sha256, PiecesAreTheWhole) {
  Sha256 hash;
  const std::string piece(999, 'a');
  for (int i = 0; i < 1001; ++i) hash.update(piece);
  hash.update("a");
  EXPECT_EQ(hash.hex(), kOfMillionA);
}

TEST(Sha256, Files) {
  const auto path = std::filesystem::temp_directory_path() / "quantier-sha256-test";
  std::ofstream(path) << std::string(1'000'000, 'a');  // more than one read
  EXPECT_EQ(sha256_hex_of_file(path).value(), kOfMillionA);
  std::ofstream(path, std::ios::trunc) << "abc";
  EXPECT_EQ(sha256_hex_of_file(path).value(), kOfAbc);
  std::filesystem::remove(path);
  EXPECT_EQ(sha256_hex_of_file(path).error().kind, ErrorKind::kEnvironment);
  EXPECT_FALSE(sha256_hex_of_file(std::filesystem::temp_directory_path()));  // a directory
}

}  // namespace
}  // namespace quantier
