#include "quantier/base/thread_pool.h"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <exception>
#include <mutex>
#include <sched.h>
#include <thread>
#include <utility>
#include <vector>

#include "quantier/base/check.h"

namespace quantier {
namespace {

// How often an idle worker looks for work before it sleeps: a few microseconds, so that the many short loops
// of one forward pass do not pay for a wake-up, and an idle process does not burn a core.
constexpr int kSpins = 2000;

}  // namespace

struct ThreadPool::State {
  std::vector<std::thread> threads;
  std::mutex mutex;
  std::condition_variable wake;
  std::atomic<std::uint64_t> generation{0};  // one per run(); odd bits carry no meaning
  std::atomic<std::size_t> next_task{0};
  std::atomic<std::size_t> busy_workers{0};
  std::size_t tasks = 0;
  const std::function<void(std::size_t, std::size_t)>* body = nullptr;
  std::atomic<bool> stopping{false};
  std::exception_ptr failure;  // of a task of the run at hand

  void work(std::size_t worker) {
    try {
      for (std::size_t task = next_task.fetch_add(1, std::memory_order_relaxed); task < tasks;
           task = next_task.fetch_add(1, std::memory_order_relaxed)) {
        (*body)(task, worker);
      }
    } catch (...) {
      next_task.store(tasks, std::memory_order_relaxed);
      const std::lock_guard lock(mutex);
      if (!failure) failure = std::current_exception();
    }
  }

  void serve(std::size_t worker) {
    std::uint64_t seen = 0;
    for (;;) {
      for (int spin = 0; spin < kSpins && generation.load(std::memory_order_acquire) == seen; ++spin) {
        __builtin_ia32_pause();
      }
      if (generation.load(std::memory_order_acquire) == seen) {
        std::unique_lock lock(mutex);
        wake.wait(lock, [&] { return generation.load(std::memory_order_acquire) != seen; });
      }
      seen = generation.load(std::memory_order_acquire);
      if (stopping.load(std::memory_order_acquire)) return;
      work(worker);
      busy_workers.fetch_sub(1, std::memory_order_acq_rel);
    }
  }
};

ThreadPool::ThreadPool(std::size_t threads) : state_(std::make_unique<State>()) {
  QT_CHECK(threads >= 1, "a pool has at least the calling thread");
  for (std::size_t worker = 1; worker < threads; ++worker) {
    state_->threads.emplace_back([state = state_.get(), worker] { state->serve(worker); });
  }
}

ThreadPool::~ThreadPool() {
  {
    const std::lock_guard lock(state_->mutex);
    state_->stopping.store(true, std::memory_order_release);
    state_->generation.fetch_add(1, std::memory_order_acq_rel);
  }
  state_->wake.notify_all();
  for (std::thread& thread : state_->threads) thread.join();
}

std::size_t ThreadPool::threads() const { return state_->threads.size() + 1; }

void ThreadPool::run(std::size_t tasks, const std::function<void(std::size_t, std::size_t)>& body) {
  State& state = *state_;
  if (tasks == 0) return;
  if (state.threads.empty() || tasks == 1) {
    for (std::size_t task = 0; task < tasks; ++task) body(task, 0);
    return;
  }
  {
    const std::lock_guard lock(state.mutex);
    state.tasks = tasks;
    state.body = &body;
    state.next_task.store(0, std::memory_order_relaxed);
    state.busy_workers.store(state.threads.size(), std::memory_order_relaxed);
    state.generation.fetch_add(1, std::memory_order_acq_rel);
  }
  state.wake.notify_all();
  state.work(0);
  while (state.busy_workers.load(std::memory_order_acquire) != 0) {
    for (int spin = 0; spin < 64; ++spin) __builtin_ia32_pause();
    if (state.busy_workers.load(std::memory_order_acquire) != 0) std::this_thread::yield();
  }
  if (state.failure) std::rethrow_exception(std::exchange(state.failure, nullptr));
}

std::size_t available_processors() {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (sched_getaffinity(0, sizeof set, &set) != 0) return std::max(1u, std::thread::hardware_concurrency());
  return static_cast<std::size_t>(std::max(1, CPU_COUNT(&set)));
}

}  // namespace quantier
