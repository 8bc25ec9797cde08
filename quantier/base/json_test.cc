#include "quantier/base/json.h"

#include <cmath>
#include <fstream>

#include <fmt/format.h>
#include <gmock/gmock.h>

#include "quantier/base/clock.h"

namespace quantier {
namespace {

using ::testing::HasSubstr;

Error refused(std::string_view text, int max_depth = 64) {
  const auto parsed = parse_json(text, "here", max_depth);
  if (parsed) {
    ADD_FAILURE() << "accepted: " << text.substr(0, 80);
    return {};
  }
  EXPECT_EQ(parsed.error().kind, ErrorKind::kCorruptData);
  EXPECT_THAT(parsed.error().where, HasSubstr("here"));
  return parsed.error();
}

std::string nested(std::size_t levels) { return std::string(levels, '[') + std::string(levels, ']'); }

TEST(Json, GivesBackWhatTheTextSays) {
  const std::string text =
      R"({"b":[1,-2,3.5,true,false,null,"x",{},[]],"a":{"é":"😀","":18446744073709551615}})";
  const auto parsed = parse_json(text, "here");
  ASSERT_TRUE(parsed) << parsed.error().message();
  EXPECT_EQ(parsed->dump(), text);  // the order of the keys too
  EXPECT_EQ(*parsed, Json::parse(text));
  for (const char* scalar : {"0", "-0.0", "\"a\"", "null", " true ", "1e3"}) {
    const auto value = parse_json(scalar, "here");
    ASSERT_TRUE(value) << scalar;
    EXPECT_EQ(*value, Json::parse(scalar)) << scalar;
  }
}

TEST(Json, RefusesAKeyThatAppearsTwice) {
  EXPECT_THAT(refused(R"({"size": 1, "other": 2, "size": 1})").why, HasSubstr("\"size\" appears twice"));
  EXPECT_THAT(refused(R"([{"a": {"deep": 1, "deep": 2}}])").why, HasSubstr("\"deep\""));
  EXPECT_THAT(refused(R"({"a": 1, "\u0061": 2})").why,
              HasSubstr("\"a\""));  // the same key, written otherwise
  EXPECT_TRUE(parse_json(R"([{"a": 1}, {"a": 2, "b": {"a": 3}}])", "here"));
}

TEST(Json, RefusesWhatIsNotJson) {
  for (const char* text :
       {"",        " ",       "{",           "[1,]",     "{\"a\":1,}", "{'a':1}",   "{a:1}",
        "[1] 2",   "NaN",     "[Infinity]",  "nul",      "01",         "1.",        "+1",
        "\"\t\"",  "\"\\x\"", "\"\\ud800\"", "\"\xff\"", "/* */ 1",    "{\"a\" 1}", "\"unfinished",
        "[1e999]", "]"}) {
    EXPECT_EQ(refused(text).what, "JSON is malformed") << text;
  }
}

TEST(Json, NamesLineAndColumn) {
  EXPECT_EQ(refused("{\n  \"a\": 1,\n  \"b\": x\n}").where, "here, line 3, column 8");
}

TEST(Json, LimitsNesting) {
  EXPECT_TRUE(parse_json(nested(64), "here"));
  EXPECT_THAT(refused(nested(65)).why, HasSubstr("64 levels"));
  EXPECT_THAT(refused(std::string(10'000'000, '[')).why, HasSubstr("64 levels"));
  EXPECT_THAT(refused(R"({"a":{"b":{}}})", 2).why, HasSubstr("2 levels"));
  EXPECT_TRUE(parse_json(R"({"a":{"b":1}})", "here", 2));
}

TEST(Json, NumbersKeepTheirValue) {
  const auto parsed = parse_json("[9223372036854775807, -9223372036854775808, 1e400e, 1]", "here");
  EXPECT_FALSE(parsed);
  const auto numbers =
      parse_json("[9223372036854775807, -9223372036854775808, 18446744073709551615, 0.1, 1e308]", "here");
  ASSERT_TRUE(numbers);
  EXPECT_EQ((*numbers)[0].get<std::int64_t>(), INT64_MAX);
  EXPECT_EQ((*numbers)[1].get<std::int64_t>(), INT64_MIN);
  EXPECT_EQ((*numbers)[2].get<std::uint64_t>(), UINT64_MAX);
  EXPECT_EQ((*numbers)[3].get<double>(), 0.1);
  EXPECT_EQ((*numbers)[4].get<double>(), 1e308);
}

std::string many_keys(std::size_t count) {
  std::string text = "{";
  for (std::size_t i = 0; i < count; ++i) text += fmt::format("\"key number {}\":{},", i, i);
  return text;
}

// The library's own insertion compares each key with all before it: minutes for as many.
TEST(Json, ManyKeysTakeLittleTime) {
  constexpr std::size_t kKeys = 200'000;
  const std::string begin = many_keys(kKeys);
  const Stopwatch watch;
  const auto parsed = parse_json(begin + "\"last\":0}", "here");
  const double seconds = static_cast<double>(watch.elapsed_ns()) * 1e-9;
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->size(), kKeys + 1);
  EXPECT_EQ(parsed->back(), 0);
  EXPECT_THAT(refused(begin + "\"key number 77\":0}").why, HasSubstr("\"key number 77\""));
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  EXPECT_LT(seconds, 20.0);
#else
  EXPECT_LT(seconds, 2.0);
#endif
}

TEST(Json, FieldsHaveTypes) {
  const auto object = parse_json(
      R"({"flag": true, "whole": 5, "big": 9223372036854775808, "real": 0.5, "text": "x", "none": null})",
      "here");
  ASSERT_TRUE(object);
  EXPECT_EQ(json_get<bool>(*object, "flag", "here").value(), true);
  EXPECT_EQ(json_get<std::int64_t>(*object, "whole", "here").value(), 5);
  EXPECT_EQ(json_get<double>(*object, "whole", "here").value(), 5.0);
  EXPECT_EQ(json_get<double>(*object, "real", "here").value(), 0.5);
  EXPECT_EQ(json_get<std::string>(*object, "text", "here").value(), "x");
  EXPECT_FALSE(json_get<std::int64_t>(*object, "real", "here"));
  EXPECT_FALSE(json_get<std::int64_t>(*object, "big", "here"));
  EXPECT_FALSE(json_get<std::int64_t>(*object, "flag", "here"));
  EXPECT_FALSE(json_get<bool>(*object, "whole", "here"));
  EXPECT_FALSE(json_get<std::string>(*object, "none", "here"));
  EXPECT_THAT(json_get<std::string>(*object, "absent", "here").error().what,
              HasSubstr("\"absent\" is missing"));
  EXPECT_EQ(json_find<std::string>(*object, "absent", "here").value(), std::nullopt);
  EXPECT_EQ(json_find<std::string>(*object, "none", "here").value(), std::nullopt);
  EXPECT_FALSE(json_find<std::string>(*object, "whole", "here"));
  EXPECT_FALSE(json_get<bool>(Json::array(), "flag", "here"));
}

TEST(Json, FileErrorsNameTheFile) {
  const auto missing = read_json_file("/nonexistent/x.json");
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().kind, ErrorKind::kEnvironment);
  EXPECT_THAT(missing.error().where, HasSubstr("/nonexistent/x.json"));
}

}  // namespace
}  // namespace quantier
