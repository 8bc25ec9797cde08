// What was derived from runs and costs time to derive again: kept under a key that names what it came from.
// Not evidence: whoever reads it checks the key, and a store without it loses nothing.
#include <cstring>

#include "quantier/evidence/store.h"

namespace quantier {
namespace {

constexpr const char* kTable =
    "CREATE TABLE IF NOT EXISTS derived (name TEXT PRIMARY KEY, key TEXT NOT NULL, text TEXT NOT NULL, "
    "numbers BLOB NOT NULL)";

Result<bool> has_table(sqlite::Connection& connection) {
  QT_TRY(sqlite::Statement table,
         connection.prepare("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'derived'"));
  return table.step();
}

}  // namespace

Status Store::set_derived(std::string_view name, const Derived& derived) {
  QT_TRY(sqlite::Transaction transaction, sqlite::Transaction::begin(connection_));
  QT_TRY_STATUS(connection_.execute(kTable));
  QT_TRY(
      sqlite::Statement insert,
      connection_.prepare("INSERT OR REPLACE INTO derived (name, key, text, numbers) VALUES (?, ?, ?, ?)"));
  insert.bind(1, name);
  insert.bind(2, std::string_view(derived.key));
  insert.bind(3, std::string_view(derived.text));
  insert.bind_blob(4, std::as_bytes(std::span(derived.numbers)));
  QT_TRY_STATUS(insert.run());
  return transaction.commit();
}

Result<std::optional<Derived>> Store::derived(std::string_view name, std::string_view key) {
  QT_TRY(const bool there, has_table(connection_));
  if (!there) return std::nullopt;
  QT_TRY(sqlite::Statement row,
         connection_.prepare("SELECT key, text, numbers FROM derived WHERE name = ? AND key = ?"));
  row.bind(1, name);
  row.bind(2, key);
  QT_TRY(const bool found, row.step());
  if (!found) return std::nullopt;
  Derived derived;
  derived.key = row.text(0);
  derived.text = row.text(1);
  const std::span<const std::byte> bytes = row.blob(2);
  derived.numbers.resize(bytes.size() / sizeof(float));
  if (!derived.numbers.empty()) {
    std::memcpy(derived.numbers.data(), bytes.data(), derived.numbers.size() * sizeof(float));
  }
  return derived;
}

Result<std::string> Store::timing_fingerprint(std::string_view key) {
  QT_TRY(sqlite::Statement row,
         connection_.prepare("SELECT count(*), coalesce(sum(wall_ns), 0), coalesce(sum(tokenize_ns), 0), "
                             "coalesce(sum(examples), 0) FROM timings JOIN runs ON runs.id = timings.run_id "
                             "WHERE runs.key = ?"));
  row.bind(1, key);
  QT_TRY(const bool found, row.step());
  if (!found) return std::string();
  std::string text;
  for (int column = 0; column < 4; ++column) text += std::to_string(row.integer(column)) + " ";
  return text;
}

}  // namespace quantier
