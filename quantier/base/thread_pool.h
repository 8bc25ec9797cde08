// The one pool of threads of a process.
//
// Two pools that spin on the same cores stall each other by milliseconds, so nothing else in Quantier starts
// threads for arithmetic. The calling thread takes part as worker 0; tasks are handed out one by one from a
// counter, so uneven tasks balance. Results must not depend on which worker runs a task: the engine's and the
// statistics' loops are written so.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>

namespace quantier {

class ThreadPool {
 public:
  // threads >= 1 counts the calling thread.
  explicit ThreadPool(std::size_t threads);
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  [[nodiscard]] std::size_t threads() const;

  // Runs body(task, worker) for every task in [0, tasks) and returns when all are done; worker < threads().
  // When tasks throw (memory is exhausted), tasks not begun are left out and the first exception comes out of
  // run once all workers have stopped. Not reentrant: a task never calls run on the same pool.
  void run(std::size_t tasks, const std::function<void(std::size_t task, std::size_t worker)>& body);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// Processors that this process may run on (its affinity mask), at least 1.
[[nodiscard]] std::size_t available_processors();

}  // namespace quantier
