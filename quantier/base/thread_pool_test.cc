#include "quantier/base/thread_pool.h"

#include <atomic>
#include <chrono>
#include <numeric>
#include <set>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace quantier {
namespace {

class ThreadPoolTest : public ::testing::TestWithParam<std::size_t> {};

TEST_P(ThreadPoolTest, RunsEveryTaskOnce) {
  ThreadPool pool(GetParam());
  EXPECT_EQ(pool.threads(), GetParam());
  // Many short runs: a worker that wakes late must not take tasks of the next run for those of the last.
  for (std::size_t tasks : {0U, 1U, 2U, 3U, 7U, 64U, 1000U}) {
    for (int repeat = 0; repeat < 200; ++repeat) {
      std::vector<int> times(tasks, 0);  // written without locks: a task belongs to one worker
      std::atomic<std::size_t> outside{0};
      pool.run(tasks, [&](std::size_t task, std::size_t worker) {
        ++times[task];
        if (worker >= pool.threads()) ++outside;
      });
      ASSERT_EQ(times, std::vector<int>(tasks, 1)) << tasks << " tasks, repeat " << repeat;
      ASSERT_EQ(outside, 0U);
    }
  }
}

TEST_P(ThreadPoolTest, WorkerNumbersAreNotShared) {
  ThreadPool pool(GetParam());
  std::vector<std::atomic<int>> busy(GetParam());
  std::atomic<bool> shared{false};
  pool.run(500, [&](std::size_t, std::size_t worker) {
    if (busy[worker].fetch_add(1) != 0) shared = true;
    std::this_thread::yield();
    busy[worker].fetch_sub(1);
  });
  EXPECT_FALSE(shared);
}

TEST_P(ThreadPoolTest, WhatTasksWroteIsVisibleAfterwards) {
  ThreadPool pool(GetParam());
  std::vector<std::size_t> values(10'000);
  for (std::size_t round = 1; round <= 50; ++round) {
    pool.run(100, [&](std::size_t task, std::size_t) {
      for (std::size_t i = task * 100; i < task * 100 + 100; ++i) values[i] += round;
    });
  }
  for (const std::size_t value : values) ASSERT_EQ(value, 50U * 51U / 2U);
}

TEST_P(ThreadPoolTest, WakesSleepingWorkersAndEndsAtOnce) {
  using namespace std::chrono_literals;
  for (int i = 0; i < 5; ++i) {
    ThreadPool pool(GetParam());
    std::this_thread::sleep_for(3ms);  // longer than idle workers spin
    std::atomic<int> done{0};
    pool.run(GetParam() * 3, [&](std::size_t, std::size_t) { ++done; });
    EXPECT_EQ(done, static_cast<int>(GetParam() * 3));
    if (i % 2 == 0) std::this_thread::sleep_for(3ms);
  }
  const ThreadPool unused(GetParam());
}

INSTANTIATE_TEST_SUITE_P(Threads, ThreadPoolTest, ::testing::Values(1, 2, 3, 4),
                         [](const auto& threads) { return std::to_string(threads.param); });

TEST(ThreadPool, TasksSpreadOverWorkers) {
  ThreadPool pool(2);
  std::set<std::size_t> workers;
  std::mutex mutex;
  pool.run(2, [&](std::size_t, std::size_t worker) {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    const std::scoped_lock lock(mutex);
    workers.insert(worker);
  });
  EXPECT_EQ(workers.size(), 2U);
}

TEST(AvailableProcessors, IsAtLeastOne) { EXPECT_GE(available_processors(), 1U); }

}  // namespace
}  // namespace quantier
