#include "quantier/tokenizer/encode_ahead.h"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <deque>
#include <exception>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

#include "quantier/base/check.h"
#include "quantier/base/clock.h"

namespace quantier {
namespace {

// Few enough that the threads of a large machine all have some of a window, many enough that taking a task
// costs nothing.
constexpr std::size_t kTextsPerTask = 16;

// What one task made.
struct Part {
  std::vector<std::int32_t> ids;
  std::vector<std::uint32_t> lengths;
  std::vector<std::uint8_t> truncated;
  std::int64_t encode_ns = 0;
  std::optional<std::pair<std::size_t, Error>> error;  // with the number of the text
};

EncodedWindow join(std::size_t begin, const std::vector<Part>& parts) {
  EncodedWindow window;
  window.begin = begin;
  std::size_t ids = 0;
  std::size_t texts = 0;
  for (const Part& part : parts) {
    ids += part.ids.size();
    texts += part.lengths.size();
  }
  window.ids.reserve(ids);
  window.offsets.reserve(texts + 1);
  window.truncated.reserve(texts);
  for (const Part& part : parts) {
    window.ids.insert(window.ids.end(), part.ids.begin(), part.ids.end());
    window.truncated.insert(window.truncated.end(), part.truncated.begin(), part.truncated.end());
    for (const std::uint32_t length : part.lengths) window.offsets.push_back(window.offsets.back() + length);
    window.encode_ns += part.encode_ns;
  }
  return window;
}

}  // namespace

struct EncodeAhead::State {
  State(std::size_t texts_count, std::size_t window_size, ThreadPool& shared_pool, Encode encode_text,
        Explain explain_error)
      : texts(texts_count),
        window(window_size),
        pool(shared_pool),
        encode(std::move(encode_text)),
        explain(std::move(explain_error)) {}

  using Made = Result<EncodedWindow>;

  const std::size_t texts;
  const std::size_t window;
  ThreadPool& pool;
  const Encode encode;
  const Explain explain;
  std::atomic<bool> stopping{false};
  std::mutex mutex;
  std::condition_variable changed;
  std::deque<Made> made;       // under the mutex, like what follows
  std::exception_ptr failure;  // of the producer
  std::size_t taken = 0;       // texts; the taker's alone
  std::thread producer;

  Part encode_part(std::size_t begin, std::size_t end) const {
    Part part;
    const Stopwatch watch;
    for (std::size_t text = begin; text < end && !stopping.load(std::memory_order_relaxed); ++text) {
      Result<Encoding> encoding = encode(text);
      if (!encoding) {
        part.error.emplace(text, std::move(encoding).error());
        break;
      }
      part.ids.insert(part.ids.end(), encoding->ids.begin(), encoding->ids.end());
      part.lengths.push_back(static_cast<std::uint32_t>(encoding->ids.size()));
      part.truncated.push_back(encoding->truncated ? 1 : 0);
    }
    part.encode_ns = watch.elapsed_ns();
    return part;
  }

  Made make(std::size_t begin) {
    const std::size_t end = std::min(begin + window, texts);
    std::vector<Part> parts((end - begin + kTextsPerTask - 1) / kTextsPerTask);
    pool.run(parts.size(), [&](std::size_t task, std::size_t /*worker*/) {
      const std::size_t from = begin + task * kTextsPerTask;
      parts[task] = encode_part(from, std::min(from + kTextsPerTask, end));
    });
    for (Part& part : parts)
      if (part.error) return explain(std::move(part.error->second), part.error->first);
    return join(begin, parts);
  }

  // Returns whether there was room before somebody asked to stop.
  bool wait_for_room() {
    std::unique_lock lock(mutex);
    changed.wait(lock, [this] { return made.size() < kAhead || stopping.load(); });
    return !stopping.load();
  }

  void produce() {
    try {
      for (std::size_t begin = 0; begin < texts; begin += window) {
        if (!wait_for_room()) return;
        Made next = make(begin);
        const bool is_last = !next;
        const std::lock_guard lock(mutex);
        made.push_back(std::move(next));
        changed.notify_all();
        if (is_last) return;
      }
    } catch (...) {
      const std::lock_guard lock(mutex);
      failure = std::current_exception();
      changed.notify_all();
    }
  }
};

EncodeAhead::EncodeAhead(std::size_t texts, std::size_t window, ThreadPool& pool, Encode encode,
                         Explain explain)
    : state_(std::make_unique<State>(texts, window, pool, std::move(encode), std::move(explain))) {
  QT_CHECK(window > 0, "a window has at least one text");
  state_->producer = std::thread([state = state_.get()] { state->produce(); });
}

EncodeAhead::~EncodeAhead() {
  {
    const std::lock_guard lock(state_->mutex);
    state_->stopping.store(true);
  }
  state_->changed.notify_all();
  state_->producer.join();
}

bool EncodeAhead::has_more() const { return state_->taken < state_->texts; }

Result<EncodedWindow> EncodeAhead::next() {
  State& state = *state_;
  QT_CHECK(has_more(), "there is another window");
  std::unique_lock lock(state.mutex);
  state.changed.wait(lock, [&state] { return !state.made.empty() || state.failure; });
  if (state.made.empty()) {
    state.taken = state.texts;
    std::rethrow_exception(std::exchange(state.failure, nullptr));
  }
  Result<EncodedWindow> window = std::move(state.made.front());
  state.made.pop_front();
  state.taken = window ? state.taken + window->size() : state.texts;
  state.changed.notify_all();
  return window;
}

}  // namespace quantier
