#include "quantier/evidence/sqlite.h"

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <system_error>
#include <thread>
#include <utility>

#include <fmt/format.h>
#include <sqlite3.h>

#include "quantier/base/clock.h"

namespace quantier::sqlite {
namespace {

constexpr std::chrono::milliseconds kPollInterval{50};
// Of a blob at a time: below what SQLite counts in an int, and few enough pages to stay in its cache.
constexpr std::size_t kBlobPieceBytes = std::size_t{1} << 20;

// A path as a file: URI, for options that only URIs carry.
std::string uri_of(const std::string& path) {
  std::string uri = "file:";
  for (const char c : path) {
    if (c == '?' || c == '#' || c == '%') {
      uri += fmt::format("%{:02x}", static_cast<unsigned>(static_cast<unsigned char>(c)));
    } else {
      uri += c;
    }
  }
  return uri;
}

}  // namespace

struct Connection::State {
  std::string path;
  sqlite3* handle = nullptr;
  WaitOptions wait;
  std::int64_t waiting_since_ns = 0;

  ~State() {
    if (handle != nullptr) sqlite3_close_v2(handle);
  }

  // SQLite calls this each time it finds the lock taken; nonzero asks it to try again.
  static int on_busy(void* self, int attempt) {
    auto* state = static_cast<State*>(self);
    const std::int64_t now = monotonic_ns();
    if (attempt == 0) {
      state->waiting_since_ns = now;
      if (state->wait.on_wait) state->wait.on_wait();
    }
    if ((now - state->waiting_since_ns) / 1'000'000 >= state->wait.limit_ms) return 0;
    std::this_thread::sleep_for(kPollInterval);
    return 1;
  }
};

Connection::Connection(std::unique_ptr<State> state) : state_(std::move(state)) {}
Connection::Connection(Connection&&) noexcept = default;
Connection& Connection::operator=(Connection&&) noexcept = default;
Connection::~Connection() = default;

const std::string& Connection::path() const { return state_->path; }
std::int64_t Connection::last_insert_id() const { return sqlite3_last_insert_rowid(state_->handle); }
std::int64_t Connection::changes() const { return sqlite3_changes(state_->handle); }

std::unexpected<Error> Connection::error(int code) const {
  const std::string why = state_->handle != nullptr ? sqlite3_errmsg(state_->handle) : sqlite3_errstr(code);
  const std::string& where = state_->path;
  switch (code & 0xFF) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return fail(ErrorKind::kEnvironment, "the evidence store is being written by another process", where,
                  fmt::format("waited {} s for it", state_->wait.limit_ms / 1000),
                  "wait until the other run has finished, or choose another --out");
    case SQLITE_FULL:
      return fail(ErrorKind::kEnvironment, "the disk is full", where, why,
                  "free space and continue with --resume; finished runs are kept");
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_AUTH:
      return fail(ErrorKind::kEnvironment, "the evidence store cannot be written", where, why,
                  "check the permissions of the file and its folder");
    case SQLITE_CANTOPEN:
      return fail(ErrorKind::kEnvironment, "the evidence store cannot be opened", where, why,
                  "check that the folder exists and can be written");
    case SQLITE_IOERR:
      return fail(ErrorKind::kEnvironment, "the evidence store cannot be read or written", where, why,
                  "check the disk; finished runs are kept");
    case SQLITE_NOMEM:
      return fail(ErrorKind::kEnvironment, "memory ran out in the evidence store", where, why);
    case SQLITE_TOOBIG:
      return fail(ErrorKind::kUnsupported, "a run is too large for the evidence store", where, why,
                  "one array may take 1 GB; use --limit");
    case SQLITE_NOTADB:
      return fail(ErrorKind::kCorruptData, "this file is not an evidence store", where, why,
                  "give the evidence.sqlite that `quantier run` wrote");
    case SQLITE_CORRUPT:
      return fail(ErrorKind::kCorruptData, "the evidence store is damaged", where, why,
                  "restore it from a copy, or run again into another --out");
    default:
      return fail(ErrorKind::kCorruptData, "the evidence store does not have the expected form", where, why);
  }
}

Result<Connection> Connection::open(const std::string& path, Mode mode, WaitOptions wait) {
  Connection connection(std::make_unique<State>());
  State& state = *connection.state_;
  state.path = path;
  state.wait = std::move(wait);
  std::error_code ignored;
  if (mode == Mode::kReadOnly && !std::filesystem::exists(path, ignored)) {
    return fail(ErrorKind::kEnvironment, "evidence store not found", path, "no such file",
                "give the evidence.sqlite that `quantier run` wrote");
  }
  if (std::filesystem::is_directory(path, ignored)) {
    return fail(ErrorKind::kUserInput, "this is a folder, not an evidence store", path, "",
                "give the evidence.sqlite inside it");
  }
  const int flags =
      mode == Mode::kReadOnly ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
  int code = sqlite3_open_v2(uri_of(path).c_str(), &state.handle, flags | SQLITE_OPEN_URI, nullptr);
  if (code != SQLITE_OK) return connection.error(code);
  sqlite3_extended_result_codes(state.handle, 1);
  sqlite3_busy_handler(state.handle, &State::on_busy, &state);

  // The first read shows whether the file is a database. A store in a folder that cannot be written has no
  // place for the shared-memory file of the write-ahead log; when there is no log either, nothing is missed
  // by reading the file alone.
  code = sqlite3_exec(state.handle, "SELECT count(*) FROM sqlite_master", nullptr, nullptr, nullptr);
  const bool no_place = (code & 0xFF) == SQLITE_CANTOPEN || (code & 0xFF) == SQLITE_READONLY;
  if (mode == Mode::kReadOnly && no_place && !std::filesystem::exists(path + "-wal", ignored)) {
    sqlite3_close_v2(state.handle);
    state.handle = nullptr;
    code = sqlite3_open_v2((uri_of(path) + "?immutable=1").c_str(), &state.handle, flags | SQLITE_OPEN_URI,
                           nullptr);
    if (code == SQLITE_OK) {
      code = sqlite3_exec(state.handle, "SELECT count(*) FROM sqlite_master", nullptr, nullptr, nullptr);
    }
  }
  if (code != SQLITE_OK) return connection.error(code);
  return connection;
}

Status Connection::execute(const char* sql) {
  const int code = sqlite3_exec(state_->handle, sql, nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) return error(code);
  return {};
}

Result<Statement> Connection::prepare(std::string_view sql) {
  sqlite3_stmt* statement = nullptr;
  const int code =
      sqlite3_prepare_v2(state_->handle, sql.data(), static_cast<int>(sql.size()), &statement, nullptr);
  if (code != SQLITE_OK) return error(code);
  return Statement(*this, statement);
}

Statement::Statement(Statement&& other) noexcept
    : connection_(other.connection_),
      statement_(std::exchange(other.statement_, nullptr)),
      bind_error_(other.bind_error_) {}

Statement::~Statement() { sqlite3_finalize(statement_); }

void Statement::bind(int parameter, std::int64_t value) {
  bind_error_ |= sqlite3_bind_int64(statement_, parameter, value);
}
void Statement::bind(int parameter, double value) {
  bind_error_ |= sqlite3_bind_double(statement_, parameter, value);
}
void Statement::bind(int parameter, std::string_view text) {
  const char* data = text.data() != nullptr ? text.data() : "";
  const int code =
      sqlite3_bind_text64(statement_, parameter, data, text.size(), SQLITE_TRANSIENT, SQLITE_UTF8);
  if (code != SQLITE_OK) bind_error_ = code;
}
void Statement::bind_null(int parameter) { bind_error_ |= sqlite3_bind_null(statement_, parameter); }
void Statement::bind_blob(int parameter, std::span<const std::byte> bytes) {
  const int code =
      bytes.empty() ? sqlite3_bind_zeroblob(statement_, parameter, 0)
                    : sqlite3_bind_blob64(statement_, parameter, bytes.data(), bytes.size(), SQLITE_STATIC);
  if (code != SQLITE_OK) bind_error_ = code;
}

Result<bool> Statement::step() {
  if (bind_error_ != SQLITE_OK) return connection_->error(bind_error_);
  const int code = sqlite3_step(statement_);
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  return connection_->error(code);
}

Status Statement::run() {
  Result<bool> row = step();
  if (!row) return std::unexpected(std::move(row).error());
  reset();
  return {};
}

void Statement::reset() {
  sqlite3_reset(statement_);
  sqlite3_clear_bindings(statement_);
  bind_error_ = 0;
}

bool Statement::is_null(int column) const { return sqlite3_column_type(statement_, column) == SQLITE_NULL; }
std::int64_t Statement::integer(int column) const { return sqlite3_column_int64(statement_, column); }
double Statement::real(int column) const { return sqlite3_column_double(statement_, column); }
std::string Statement::text(int column) const {
  const void* data = sqlite3_column_text(statement_, column);
  if (data == nullptr) return {};
  return {static_cast<const char*>(data), static_cast<std::size_t>(sqlite3_column_bytes(statement_, column))};
}
std::span<const std::byte> Statement::blob(int column) const {
  const auto* data = static_cast<const std::byte*>(sqlite3_column_blob(statement_, column));
  if (data == nullptr) return {};
  return {data, static_cast<std::size_t>(sqlite3_column_bytes(statement_, column))};
}

Result<Blob> Blob::open(Connection& connection, const char* table, const char* column, std::int64_t row_id,
                        Mode mode) {
  sqlite3_blob* blob = nullptr;
  const int code = sqlite3_blob_open(connection.state_->handle, "main", table, column, row_id,
                                     mode == Mode::kReadWrite ? 1 : 0, &blob);
  if (code != SQLITE_OK) return connection.error(code);
  return Blob(connection, blob);
}
Blob::Blob(Blob&& other) noexcept
    : connection_(other.connection_), blob_(std::exchange(other.blob_, nullptr)) {}
Blob::~Blob() { sqlite3_blob_close(blob_); }

std::uint64_t Blob::size_bytes() const { return static_cast<std::uint64_t>(sqlite3_blob_bytes(blob_)); }

Status Blob::read(std::span<std::byte> out) const {
  for (std::size_t at = 0; at < out.size();) {
    const std::size_t bytes = std::min(kBlobPieceBytes, out.size() - at);
    const int code = sqlite3_blob_read(blob_, out.data() + at, static_cast<int>(bytes), static_cast<int>(at));
    if (code != SQLITE_OK) return connection_->error(code);
    at += bytes;
  }
  return {};
}

Status Blob::write(std::span<const std::byte> bytes) {
  for (std::size_t at = 0; at < bytes.size();) {
    const std::size_t piece = std::min(kBlobPieceBytes, bytes.size() - at);
    const int code =
        sqlite3_blob_write(blob_, bytes.data() + at, static_cast<int>(piece), static_cast<int>(at));
    if (code != SQLITE_OK) return connection_->error(code);
    at += piece;
  }
  return {};
}

Result<Transaction> Transaction::begin(Connection& connection) {
  QT_TRY_STATUS(connection.execute("BEGIN IMMEDIATE"));
  return Transaction(connection);
}
Transaction::Transaction(Transaction&& other) noexcept
    : connection_(std::exchange(other.connection_, nullptr)) {}
Transaction::~Transaction() {
  if (connection_ != nullptr) (void)connection_->execute("ROLLBACK");
}
Status Transaction::commit() {
  QT_TRY_STATUS(connection_->execute("COMMIT"));
  connection_ = nullptr;
  return {};
}

}  // namespace quantier::sqlite
