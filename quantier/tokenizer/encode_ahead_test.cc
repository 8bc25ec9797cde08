#include "quantier/tokenizer/encode_ahead.h"

#include <atomic>
#include <chrono>
#include <new>
#include <thread>

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace quantier {
namespace {

// Text i becomes 1 + i % 5 times the id i; every third is truncated.
Encoding encoding_of(std::size_t text) {
  return {.ids = std::vector<std::int32_t>(1 + text % 5, static_cast<std::int32_t>(text)),
          .truncated = text % 3 == 0};
}

std::unexpected<Error> explain(Error error, std::size_t text) {
  error.where = fmt::format("text {}", text);
  return std::unexpected(std::move(error));
}

TEST(EncodeAhead, WindowsComeInOrderWhateverTheThreads) {
  for (const std::size_t threads : {1U, 2U, 5U}) {
    for (const std::size_t window : {1U, 7U, 64U, 1000U}) {
      ThreadPool pool(threads);
      EncodeAhead ahead(201, window, pool, encoding_of, explain);
      std::size_t text = 0;
      while (ahead.has_more()) {
        const Result<EncodedWindow> next = ahead.next();
        ASSERT_TRUE(next) << next.error().message();
        EXPECT_EQ(next->begin, text);
        ASSERT_EQ(next->size(), std::min<std::size_t>(window, 201 - text));
        for (std::size_t i = 0; i < next->size(); ++i, ++text) {
          const Encoding expected = encoding_of(text);
          const auto ids = next->text(i);
          EXPECT_EQ(std::vector(ids.begin(), ids.end()), expected.ids);
          EXPECT_EQ(next->truncated[i], expected.truncated ? 1 : 0);
        }
      }
      EXPECT_EQ(text, 201U);
    }
  }
}

TEST(EncodeAhead, NoTextsAreNoWindows) {
  ThreadPool pool(2);
  EncodeAhead ahead(0, 8, pool, encoding_of, explain);
  EXPECT_FALSE(ahead.has_more());
}

TEST(EncodeAhead, TheFirstErrorComesInThePlaceOfItsWindow) {
  ThreadPool pool(3);
  EncodeAhead ahead(
      300, 50, pool,
      [](std::size_t text) -> Result<Encoding> {
        if (text == 130 || text == 149 || text == 260)
          return fail(ErrorKind::kUserInput, fmt::format("bad {}", text));
        return encoding_of(text);
      },
      explain);
  EXPECT_TRUE(ahead.next());
  EXPECT_TRUE(ahead.next());
  const Result<EncodedWindow> third = ahead.next();
  ASSERT_FALSE(third);
  EXPECT_EQ(third.error().what, "bad 130");
  EXPECT_EQ(third.error().where, "text 130");
  EXPECT_FALSE(ahead.has_more());
}

TEST(EncodeAhead, ExhaustedMemoryComesOutOfNext) {
  ThreadPool pool(2);
  EncodeAhead ahead(
      100, 10, pool,
      [](std::size_t text) -> Result<Encoding> {
        if (text == 25) throw std::bad_alloc();
        return encoding_of(text);
      },
      explain);
  EXPECT_TRUE(ahead.next());
  EXPECT_TRUE(ahead.next());
  EXPECT_THROW((void)ahead.next(), std::bad_alloc);
  EXPECT_FALSE(ahead.has_more());
}

// Nobody takes: the texts of the windows that may wait and of one more are encoded, and no others.
TEST(EncodeAhead, IsBoundedAndStopsWhenItIsLeft) {
  std::atomic<std::size_t> encoded{0};
  {
    ThreadPool pool(2);
    EncodeAhead ahead(
        100'000, 10, pool,
        [&](std::size_t text) -> Result<Encoding> {
          ++encoded;
          return encoding_of(text);
        },
        explain);
    EXPECT_TRUE(ahead.next());
    std::this_thread::sleep_for(std::chrono::milliseconds(30));
  }
  EXPECT_LE(encoded.load(), 10 * (EncodeAhead::kAhead + 2));
}

}  // namespace
}  // namespace quantier
