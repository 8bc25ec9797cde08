// SQLite's C interface with owners and Results: a connection, a prepared statement, a transaction that rolls
// back unless it was committed.
//
// Errors: kEnvironment for what the machine refuses (full disk, read-only, busy), kCorruptData for a file
// that is no database or a damaged one, each with the path.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "quantier/base/error.h"

struct sqlite3;
struct sqlite3_stmt;
struct sqlite3_blob;

namespace quantier::sqlite {

enum class Mode : std::uint8_t { kReadOnly, kReadWrite };

struct WaitOptions {
  std::int64_t limit_ms = 30'000;
  std::function<void()> on_wait = {};  // called once each time that another process holds the write lock
};

class Statement;
class Blob;

class Connection {
 public:
  // kReadWrite creates a missing file.
  static Result<Connection> open(const std::string& path, Mode mode, WaitOptions wait);
  Connection(Connection&&) noexcept;
  Connection& operator=(Connection&&) noexcept;
  ~Connection();

  Status execute(const char* sql);
  Result<Statement> prepare(std::string_view sql);
  [[nodiscard]] std::int64_t last_insert_id() const;
  [[nodiscard]] std::int64_t changes() const;
  [[nodiscard]] const std::string& path() const;
  [[nodiscard]] std::unexpected<Error> error(int code) const;

 private:
  friend class Blob;
  struct State;
  explicit Connection(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

// Parameters are numbered from 1, columns from 0. A failed bind shows at step().
class Statement {
 public:
  Statement(Statement&& other) noexcept;
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;
  Statement& operator=(Statement&&) = delete;
  ~Statement();

  void bind(int parameter, std::int64_t value);
  void bind(int parameter, double value);
  void bind(int parameter, std::string_view text);
  void bind_null(int parameter);
  // The bytes must stay alive until the statement is stepped or reset.
  void bind_blob(int parameter, std::span<const std::byte> bytes);

  // true: a row is there; false: done.
  [[nodiscard]] Result<bool> step();
  // Steps once, expecting no row; then ready for the next bindings.
  [[nodiscard]] Status run();
  void reset();

  [[nodiscard]] bool is_null(int column) const;
  [[nodiscard]] std::int64_t integer(int column) const;
  [[nodiscard]] double real(int column) const;
  [[nodiscard]] std::string text(int column) const;
  // Valid until the next step.
  [[nodiscard]] std::span<const std::byte> blob(int column) const;

 private:
  friend class Connection;
  Statement(const Connection& connection, sqlite3_stmt* statement)
      : connection_(&connection), statement_(statement) {}
  const Connection* connection_;
  sqlite3_stmt* statement_;
  int bind_error_ = 0;
};

// A large value of one row, read or written in place: it never stands in memory a second time. Its size is
// that with which the row was inserted (zeroblob).
class Blob {
 public:
  // An error when there is no such row.
  static Result<Blob> open(Connection& connection, const char* table, const char* column, std::int64_t row_id,
                           Mode mode);
  Blob(Blob&& other) noexcept;
  Blob(const Blob&) = delete;
  Blob& operator=(const Blob&) = delete;
  Blob& operator=(Blob&&) = delete;
  ~Blob();

  [[nodiscard]] std::uint64_t size_bytes() const;
  // From the beginning; never longer than the blob.
  [[nodiscard]] Status read(std::span<std::byte> out) const;
  [[nodiscard]] Status write(std::span<const std::byte> bytes);

 private:
  Blob(const Connection& connection, sqlite3_blob* blob) : connection_(&connection), blob_(blob) {}
  const Connection* connection_;
  sqlite3_blob* blob_;
};

// Takes the write lock at once, so that waiting for another writer happens here and nowhere else.
class Transaction {
 public:
  static Result<Transaction> begin(Connection& connection);
  Transaction(Transaction&& other) noexcept;
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;
  Transaction& operator=(Transaction&&) = delete;
  ~Transaction();
  [[nodiscard]] Status commit();

 private:
  explicit Transaction(Connection& connection) : connection_(&connection) {}
  Connection* connection_;
};

}  // namespace quantier::sqlite
