// What the store keeps beside runs: failures, and settings by name.
#include <fmt/format.h>

#include "quantier/evidence/store.h"

namespace quantier {
namespace {

ErrorKind error_kind_from_name(std::string_view name) {
  for (const ErrorKind kind : {ErrorKind::kUsage, ErrorKind::kUserInput, ErrorKind::kCorruptData,
                               ErrorKind::kEnvironment, ErrorKind::kUnsupported, ErrorKind::kInterrupted}) {
    if (name == error_kind_name(kind)) return kind;
  }
  return ErrorKind::kBug;
}

}  // namespace

Status Store::add_failure(const FailureRecord& failure) {
  QT_TRY(sqlite::Transaction transaction, sqlite::Transaction::begin(connection_));
  QT_TRY(sqlite::Statement insert,
         connection_.prepare("INSERT INTO failures (model, recipe, device, key, phase, at, kind, what, "
                             "location, why, hint) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"));
  const std::string_view fields[] = {failure.configuration.model,
                                     failure.configuration.recipe,
                                     failure.configuration.device,
                                     failure.key,
                                     failure.phase,
                                     failure.at,
                                     error_kind_name(failure.error.kind),
                                     failure.error.what,
                                     failure.error.where,
                                     failure.error.why,
                                     failure.error.hint};
  int parameter = 1;
  for (const std::string_view field : fields) insert.bind(parameter++, field);
  QT_TRY_STATUS(insert.run());
  return transaction.commit();
}

Result<std::vector<FailureRecord>> Store::failures() {
  QT_TRY(sqlite::Statement rows,
         connection_.prepare("SELECT model, recipe, device, key, phase, at, kind, what, location, why, hint "
                             "FROM failures ORDER BY id"));
  std::vector<FailureRecord> failures;
  while (true) {
    QT_TRY(const bool more, rows.step());
    if (!more) return failures;
    failures.push_back(
        {{rows.text(0), rows.text(1), rows.text(2)},
         rows.text(3),
         rows.text(4),
         rows.text(5),
         {error_kind_from_name(rows.text(6)), rows.text(7), rows.text(8), rows.text(9), rows.text(10)}});
  }
}

Status Store::remove_failures(std::string_view key, std::string_view phase) {
  QT_TRY(sqlite::Transaction transaction, sqlite::Transaction::begin(connection_));
  QT_TRY(sqlite::Statement remove, connection_.prepare("DELETE FROM failures WHERE key = ? AND phase = ?"));
  remove.bind(1, key);
  remove.bind(2, phase);
  QT_TRY_STATUS(remove.run());
  return transaction.commit();
}

Status Store::put_setting(std::string_view name, std::string_view value) {
  QT_TRY(sqlite::Statement insert,
         connection_.prepare("INSERT OR REPLACE INTO settings (name, value) VALUES (?, ?)"));
  insert.bind(1, name);
  insert.bind(2, value);
  return insert.run();
}

Status Store::set_setting(std::string_view name, std::string_view value) {
  QT_TRY(sqlite::Transaction transaction, sqlite::Transaction::begin(connection_));
  QT_TRY_STATUS(put_setting(name, value));
  return transaction.commit();
}

std::string Store::conditions_name(std::string_view key) {
  return fmt::format("timing conditions of {}", key);
}

Result<std::optional<std::string>> Store::timing_conditions(std::string_view key) {
  return setting(conditions_name(key));
}

Result<std::optional<std::string>> Store::setting(std::string_view name) {
  QT_TRY(sqlite::Statement row, connection_.prepare("SELECT value FROM settings WHERE name = ?"));
  row.bind(1, name);
  QT_TRY(const bool found, row.step());
  if (!found) return std::optional<std::string>{};
  return std::optional(row.text(0));
}

}  // namespace quantier
