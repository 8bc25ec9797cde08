#include "quantier/pipeline/init.h"

#include <filesystem>
#include <fstream>
#include <unistd.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "quantier/base/file.h"
#include "quantier/pipeline/run_config.h"

namespace quantier {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

const std::filesystem::path kDemo = std::filesystem::path(QUANTIER_SOURCE_DIR) / "demo";

class InitTest : public ::testing::Test {
 protected:
  std::filesystem::path folder_;
  void SetUp() override {
    folder_ = std::filesystem::temp_directory_path() / ("quantier-init-" + std::to_string(::getpid()));
    std::filesystem::create_directories(folder_);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  [[nodiscard]] std::filesystem::path write(const std::string& name, const std::string& content) const {
    std::ofstream(folder_ / name) << content;
    return folder_ / name;
  }
  [[nodiscard]] InitRequest demo() const {
    return {.models = {kDemo / "demo-encoder", kDemo / "demo-decoder"},
            .data = kDemo / "data/validation.jsonl",
            .train_counts = kDemo / "data/train_label_counts.json",
            .folder = folder_};
  }
  // The demo encoder with its first two labels exchanged.
  [[nodiscard]] std::filesystem::path relabelled() const {
    const auto copy = folder_ / "other";
    std::filesystem::copy(kDemo / "demo-encoder", copy);
    std::string config = read_text_file(copy / "config.json").value();
    for (const auto& [from, to] : {std::pair<std::string, std::string>{"\"admin\"", "\"@@\""},
                                   {"\"cli-mono\"", "\"admin\""},
                                   {"\"@@\"", "\"cli-mono\""}}) {
      for (std::size_t at = config.find(from); at != std::string::npos;
           at = config.find(from, at + to.size())) {
        config.replace(at, from.size(), to);
      }
    }
    EXPECT_TRUE(write_file_atomically(copy / "config.json", config).has_value());
    return copy;
  }
};

TEST_F(InitTest, DemoRoundTrip) {
  const auto proposal = propose_config(demo());
  ASSERT_TRUE(proposal.has_value()) << proposal.error().message();
  EXPECT_EQ(proposal->examples, 6083u);
  EXPECT_EQ(proposal->classes, 58u);
  EXPECT_EQ(proposal->columns.text, "text");
  EXPECT_THAT(proposal->toml, HasSubstr("head 3502, mid 2088, tail 493"));
  EXPECT_FALSE(proposal->counts_json.has_value());
  ASSERT_TRUE(write_proposal(*proposal, folder_ / "run.toml", false).has_value());
  const auto config = read_run_config(folder_ / "run.toml");
  ASSERT_TRUE(config.has_value()) << config.error().message();
  ASSERT_EQ(config->models.size(), 2u);
  EXPECT_TRUE(std::filesystem::equivalent(config->models[1].path, kDemo / "demo-decoder"));
  EXPECT_TRUE(std::filesystem::equivalent(config->data.path, kDemo / "data/validation.jsonl"));
  EXPECT_THAT(config->tiers->sizes, ElementsAre(10, 20));
  EXPECT_TRUE(std::filesystem::exists(config->tiers->training_counts));
  EXPECT_EQ(config->named_classes.size(), 3u);
  EXPECT_FALSE(config->envelope.has_value());
  // What is commented out must be right too.
  std::string uncommented = proposal->toml;
  for (const std::string line :
       {"# [envelope]", "# requests_per_second", "# ms_per_example_max", "# macro_f1_min", "# ece_max",
        "# memory_max_mb", "# objectives", "# [envelope.margins]", "# macro_f1 ", "# latency_relative",
        "# memory_relative", "# ece =", "# device", "# [prior]",
        "# text =", "# model =", "# recipe =", "# why =", "# ms_per_example_protocol"}) {
    const std::size_t at = uncommented.find("\n" + line);
    ASSERT_NE(at, std::string::npos) << line;
    uncommented.erase(at + 1, 2);
  }
  const auto all = parse_run_config(uncommented, folder_, "x.toml");
  ASSERT_TRUE(all.has_value()) << all.error().message();
  EXPECT_TRUE(all->envelope.has_value());
  EXPECT_TRUE(all->prior.has_value());
}

TEST_F(InitTest, CountsTrainingData) {
  InitRequest request = demo();
  request.train_counts.reset();
  request.train = kDemo / "data/test.jsonl";
  const auto proposal = propose_config(request);
  ASSERT_TRUE(proposal.has_value()) << proposal.error().message();
  ASSERT_TRUE(proposal->counts_json.has_value());
  ASSERT_TRUE(write_proposal(*proposal, folder_ / "run.toml", false).has_value());
  const auto config = read_run_config(folder_ / "run.toml");
  ASSERT_TRUE(config.has_value()) << config.error().message();
  EXPECT_EQ(config->tiers->training_counts, folder_ / InitProposal::kCountsName);
  EXPECT_TRUE(std::filesystem::exists(config->tiers->training_counts));
  const auto again = write_proposal(*proposal, folder_ / "run.toml", false);
  ASSERT_FALSE(again.has_value());
  EXPECT_THAT(again.error().message(), HasSubstr("exists already"));
  EXPECT_TRUE(write_proposal(*proposal, folder_ / "run.toml", true).has_value());
}

TEST_F(InitTest, WithoutCountsTiersAreAbsent) {
  InitRequest request = demo();
  request.train_counts.reset();
  const auto proposal = propose_config(request);
  ASSERT_TRUE(proposal.has_value()) << proposal.error().message();
  EXPECT_THAT(proposal->toml, Not(HasSubstr("\n[tiers]")));
  EXPECT_THAT(proposal->toml, HasSubstr("--train"));
  EXPECT_THAT(proposal->remarks, ::testing::Contains(HasSubstr("no tiers")));
}

TEST_F(InitTest, SameNameTwice) {
  InitRequest request = demo();
  request.models = {kDemo / "demo-encoder", kDemo / "demo-encoder/"};
  const auto proposal = propose_config(request);
  ASSERT_TRUE(proposal.has_value()) << proposal.error().message();
  EXPECT_THAT(proposal->model_names, ElementsAre("demo-encoder", "demo-encoder-2"));
}

TEST_F(InitTest, WhatDoesNotBelongTogether) {
  const auto refusal = [](const InitRequest& request) {
    const auto proposal = propose_config(request);
    EXPECT_FALSE(proposal.has_value());
    return proposal.has_value() ? std::string() : proposal.error().message();
  };
  InitRequest request = demo();
  request.models = {};
  EXPECT_THAT(refusal(request), HasSubstr("no model directory"));
  request = demo();
  request.train = request.data;
  EXPECT_THAT(refusal(request), HasSubstr("--train and --train-counts"));
  request = demo();
  request.models.push_back(relabelled());
  EXPECT_THAT(refusal(request), HasSubstr("same labels in the same order"));
  request = demo();
  request.data = write("unlabelled.jsonl", "{\"text\": \"x\"}\n");
  EXPECT_THAT(refusal(request), HasSubstr("no label column"));
  request.data = write("foreign.jsonl", "{\"text\": \"x\", \"label\": \"cats\"}\n");
  EXPECT_THAT(refusal(request), HasSubstr("does not know the label \"cats\""));
  request = demo();
  request.models = {folder_ / "nothing"};
  EXPECT_THAT(refusal(request), HasSubstr("nothing"));
}

TEST_F(InitTest, TierWithoutExamplesIsSaid) {
  InitRequest request = demo();
  request.data =
      write("heads.jsonl", "{\"text\": \"x\", \"label\": \"libs\"}\n{\"text\": \"y\", \"label\": \"net\"}\n");
  const auto proposal = propose_config(request);
  ASSERT_TRUE(proposal.has_value()) << proposal.error().message();
  EXPECT_THAT(proposal->remarks, ::testing::Contains(HasSubstr("no example of the tier \"tail\"")));
}

}  // namespace
}  // namespace quantier
