#include "quantier/pipeline/worker.h"

#include <algorithm>
#include <csignal>
#include <thread>
#include <unistd.h>

#include <gtest/gtest.h>

#include "quantier/base/clock.h"
#include "quantier/pipeline/worker_client.h"

namespace quantier {
namespace {

WorkerCommandLine shell(const std::string& script) { return {"/bin/sh", {"-c", script}}; }

TEST(WorkerClient, ReadsProgressThenReplyThenBytes) {
  const std::string script =
      "read x; printf '{\"progress\":{\"done\":1,\"total\":2}}\\n{\"ok\":true,\"binary_bytes\":3}\\nabc'; "
      "read y";
  auto client = WorkerClient::spawn("test", shell(script));
  ASSERT_TRUE(client) << client.error().message();
  std::uint64_t done = 0;
  const auto reply =
      client->request({{"command", "x"}}, "stage", [&](const ProgressUpdate& update) { done = update.done; });
  ASSERT_TRUE(reply) << reply.error().message();
  EXPECT_EQ(done, 1U);
  ASSERT_EQ(reply->binary.size(), 3U);
  EXPECT_EQ(reply->binary[2], std::byte{'c'});
}

TEST(WorkerClient, DeadWorkerIsAnErrorThatNamesTheSignal) {
  auto client = WorkerClient::spawn("demo int8", shell("read x; kill -9 $$"));
  ASSERT_TRUE(client);
  const auto reply = client->request({{"command", "x"}});
  ASSERT_FALSE(reply);
  EXPECT_EQ(reply.error().kind, ErrorKind::kEnvironment);
  EXPECT_NE(reply.error().why.find("signal 9"), std::string::npos);
  EXPECT_EQ(reply.error().where, "demo int8");
  EXPECT_FALSE(client->request({{"command", "again"}}));
}

TEST(WorkerClient, WorkerThatEndsBeforeTheCommandIsAnError) {
  auto client = WorkerClient::spawn("test", shell("exit 3"));
  ASSERT_TRUE(client);
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  const auto reply = client->request({{"command", "x"}});
  ASSERT_FALSE(reply);
  EXPECT_NE(reply.error().why.find("exit status 3"), std::string::npos);
}

TEST(WorkerClient, MissingProgramIsAnError) {
  EXPECT_FALSE(WorkerClient::spawn("test", {"/nonexistent/quantier", {"worker"}}));
}

TEST(WorkerClient, ErrorsOfTheWorkerArriveWhole) {
  const std::string script =
      "read x; echo '{\"error\":{\"kind\":\"corrupt_data\",\"what\":\"a\",\"where\":\"b\",\"why\":\"c\"}}'";
  auto client = WorkerClient::spawn("test", shell(script));
  const auto reply = client->request({{"command", "x"}});
  ASSERT_FALSE(reply);
  EXPECT_EQ(reply.error().kind, ErrorKind::kCorruptData);
  EXPECT_EQ(reply.error().where, "b");
}

TEST(WorkerClient, BrokenRepliesAreErrors) {
  for (const char* line : {"nonsense", "[]", "{}", "{\"binary_bytes\":-1}", "{\"progress\":1}"}) {
    auto client = WorkerClient::spawn("test", shell(std::string("read x; echo '") + line + "'; read y"));
    EXPECT_FALSE(client->request({{"command", "x"}})) << line;
  }
}

TEST(WorkerClient, InterruptEndsTheWorker) {
  auto client = WorkerClient::spawn("test", shell("read x; sleep 100"));
  ASSERT_TRUE(client);
  Interrupt interrupt;
  std::thread later([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    interrupt.signal = 2;
  });
  const Stopwatch watch;
  const auto reply = client->request({{"command", "x"}}, "", {}, &interrupt);
  later.join();
  ASSERT_FALSE(reply);
  EXPECT_EQ(reply.error().kind, ErrorKind::kInterrupted);
  EXPECT_LT(watch.elapsed_ns(), 5'000'000'000);
  EXPECT_EQ(client->pid(), -1);
}

TEST(ServeWorker, AnswersNonsenseAndEndsWithItsInput) {
  int in[2];
  int out[2];
  ASSERT_EQ(::pipe(in), 0);
  ASSERT_EQ(::pipe(out), 0);
  Status status;
  std::thread worker([&] {
    status = serve_worker(in[0], out[1]);
    ::close(out[1]);
  });
  const std::string commands =
      "{\"command\":\"predict\",\"batch_size\":1}\n{\"command\":\"load\"}\n{\"command\":\"dance\"}\n";
  ASSERT_EQ(::write(in[1], commands.data(), commands.size()), static_cast<ssize_t>(commands.size()));
  ::close(in[1]);
  std::string answers;
  char buffer[4096];
  for (ssize_t n = 0; (n = ::read(out[0], buffer, sizeof buffer)) > 0;) {
    answers.append(buffer, static_cast<std::size_t>(n));
  }
  worker.join();
  ::close(in[0]);
  ::close(out[0]);
  EXPECT_TRUE(status);
  EXPECT_EQ(std::count(answers.begin(), answers.end(), '\n'), 3);
  EXPECT_EQ(answers.find("\"ok\""), std::string::npos);
}

TEST(WorkerLoad, ComesBack) {
  WorkerLoad load;
  load.model = "/models/a b";
  load.rules = PlanRules::of("int8");
  load.options.outlier_scope = OutlierScope::kBatch;
  load.columns.text = "text";
  load.limit = 100;
  load.seed = 0xFFFFFFFFFFFFFFFFU;
  const auto back = worker_load_from_json(to_json(load));
  ASSERT_TRUE(back) << back.error().message();
  EXPECT_EQ(to_json(*back), to_json(load));
  EXPECT_EQ(back->seed, load.seed);
}

}  // namespace
}  // namespace quantier
