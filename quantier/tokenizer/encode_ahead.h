// Texts as token ids, made by threads of their own a little ahead of whoever takes them.
//
// Why: a device computes while the host is free, so what the host has to prepare should be ready before it is
// asked for. A thread beside the taker runs a pool over one window of texts after another; at most kAhead
// windows wait, so that memory does not grow with the data. Windows come in order and texts inside them in
// theirs, whatever the number of threads. Not for an engine that computes on the pool itself: both would use
// the same cores.
//
// Layout of a window: ids one after another without padding, as in a batch of tokens. Errors: those of
// `encode`, of the first text that has one, in the place of its window; std::bad_alloc comes out of next().
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "quantier/base/error.h"
#include "quantier/base/thread_pool.h"
#include "quantier/tokenizer/tokenizer.h"

namespace quantier {

struct EncodedWindow {
  std::size_t begin = 0;  // number of its first text
  std::vector<std::int32_t> ids;
  std::vector<std::uint32_t> offsets = {0};  // [texts + 1] into ids
  std::vector<std::uint8_t> truncated;       // [texts]
  std::int64_t encode_ns = 0;                // of all threads together

  [[nodiscard]] std::size_t size() const { return offsets.size() - 1; }
  [[nodiscard]] std::span<const std::int32_t> text(std::size_t i) const {
    return std::span(ids).subspan(offsets[i], offsets[i + 1] - offsets[i]);
  }
};

class EncodeAhead {
 public:
  static constexpr std::size_t kAhead = 2;  // windows that wait

  // Called from threads of the pool, for each text once; `text` is its number.
  using Encode = std::function<Result<Encoding>(std::size_t text)>;
  // The error of a text, with where it arose; called once at most.
  using Explain = std::function<std::unexpected<Error>(Error error, std::size_t text)>;

  // `pool` is this one's until it is destroyed, which waits for texts that are being encoded.
  EncodeAhead(std::size_t texts, std::size_t window, ThreadPool& pool, Encode encode, Explain explain);
  ~EncodeAhead();
  EncodeAhead(const EncodeAhead&) = delete;
  EncodeAhead& operator=(const EncodeAhead&) = delete;

  [[nodiscard]] bool has_more() const;
  // Waits for the next window. has_more() holds; after an error it does not.
  [[nodiscard]] Result<EncodedWindow> next();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace quantier
