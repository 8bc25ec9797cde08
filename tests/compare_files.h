// Small files of predictions for the tests of `quantier compare`.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gmock/gmock.h>

#include "quantier/base/json.h"
#include "tests/command_line.h"

namespace quantier::testing {

class CompareFilesTest : public CommandLineTest {
 protected:
  static constexpr int kUsage = 2;
  static constexpr int kBadInput = 6;

  static Json parsed(const std::string& text) {
    const auto document = parse_json(text, "output");
    if (document) return *document;
    ADD_FAILURE() << document.error().message() << "\n" << text.substr(0, 500);
    return Json::object();
  }

  std::string text_file(const std::string& name, const std::string& text) {
    write_file(folder_ / name, text);
    return (folder_ / name).string();
  }

  // JSONL with one row for each example; label and answer by position, the answer's logit 3 above the others.
  std::string rows(const std::string& name, int examples, int classes, const std::function<int(int)>& label,
                   const std::function<int(int)>& answer, const std::string& id = "e") {
    std::string text;
    for (int i = 0; i < examples; ++i) {
      std::string logits;
      for (int c = 0; c < classes; ++c) {
        logits += fmt::format("{}{}", c == 0 ? "" : ", ", c == answer(i) ? 2.5 : -0.5);
      }
      text += fmt::format("{{\"id\": \"{}{}\", \"label\": {}, \"logits\": [{}], \"third\": \"t{}\"}}\n", id,
                          i, label(i), logits, i % 3);
    }
    return text_file(name, text);
  }

  ProgramResult compare(const std::string& arguments) {
    return quantier("compare " + arguments + " --replicates 200");
  }
  Json compared(const std::string& arguments) {
    const ProgramResult result = compare(arguments + " --json");
    EXPECT_EQ(result.exit_code, 0) << result.out << result.err;
    return parsed(result.out);
  }
  void expect_refused(const ProgramResult& result, int exit_code, const std::string& part) {
    EXPECT_EQ(result.exit_code, exit_code) << result.out << result.err;
    EXPECT_THAT(result.err, ::testing::AllOf(::testing::HasSubstr(part), ::testing::HasSubstr("where:")));
  }
};

}  // namespace quantier::testing
