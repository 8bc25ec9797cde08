// The one error type of Quantier.
//
// Libraries return Result<T>; they never print, never exit and never throw across a stage border. An error is
// written for the person who has to act on it: what failed, where (file, tensor, line, byte offset), why, and
// what to do next. Only cli/ prints errors and turns their kind into an exit code. Assertions (check.h) are
// for our own bugs.
#pragma once

#include <expected>
#include <string>
#include <utility>

namespace quantier {

enum class ErrorKind {
  kUsage,        // the command line or the configuration asks for something impossible
  kUserInput,    // a file the user gave is well formed but says something that cannot be used
  kCorruptData,  // a file the user gave is malformed or lies about itself
  kEnvironment,  // the machine: missing file, full disk, no permission, no memory, a worker that died
  kUnsupported,  // understood, and not offered: by name
  kInterrupted,  // Ctrl-C or a termination signal; finished work is kept
  kBug,          // Quantier itself is wrong
};

struct Error {
  ErrorKind kind = ErrorKind::kBug;
  std::string what;   // "cannot read tensor data"
  std::string where;  // "model.safetensors, tensor model.embeddings.tok_embeddings.weight, offset 1234"
  std::string why;    // "the header promises 3145728 bytes, the file has 1024"
  std::string hint;   // "download the file again; its size should be 7674980 bytes"

  // One paragraph for a terminal or a log: "what\n  where: ...\n  why: ...\n  hint: ...", empty parts left
  // out.
  [[nodiscard]] std::string message() const;
};

template <class T>
using Result = std::expected<T, Error>;
using Status = std::expected<void, Error>;

[[nodiscard]] inline std::unexpected<Error> fail(ErrorKind kind, std::string what, std::string where = {},
                                                 std::string why = {}, std::string hint = {}) {
  return std::unexpected<Error>(
      Error{kind, std::move(what), std::move(where), std::move(why), std::move(hint)});
}

// "usage", "user_input", ...: stable names for JSON and for the evidence store.
[[nodiscard]] const char* error_kind_name(ErrorKind kind);

// Text of errno, without the thread-safety trap of strerror.
[[nodiscard]] std::string errno_text(int error_number);

}  // namespace quantier

#define QT_CONCAT_INNER(a, b) a##b
#define QT_CONCAT(a, b) QT_CONCAT_INNER(a, b)

// QT_TRY(auto x, expression): x is the value, or the enclosing function returns the error.
#define QT_TRY(declaration, ...) QT_TRY_NAMED(QT_CONCAT(qt_result_, __LINE__), declaration, __VA_ARGS__)
#define QT_TRY_NAMED(name, declaration, ...)                              \
  auto name = (__VA_ARGS__);                                              \
  if (!name.has_value()) return std::unexpected(std::move(name).error()); \
  declaration = std::move(name).value()

// QT_TRY_STATUS(expression): the same for an expression whose value is void or not needed.
#define QT_TRY_STATUS(...)                                                            \
  do {                                                                                \
    auto qt_status = (__VA_ARGS__);                                                   \
    if (!qt_status.has_value()) return std::unexpected(std::move(qt_status).error()); \
  } while (false)
