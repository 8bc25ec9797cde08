#include "quantier/evidence/schema.h"

#include <fmt/format.h>

#include "quantier/evidence/store.h"

namespace quantier::evidence_internal {
namespace {

constexpr const char* kSchema = R"sql(
CREATE TABLE meta (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE settings (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE runs (
  id INTEGER PRIMARY KEY,
  key TEXT NOT NULL UNIQUE,
  model TEXT NOT NULL,
  recipe TEXT NOT NULL,
  device TEXT NOT NULL,
  split TEXT NOT NULL,
  example_limit INTEGER,
  requested_batch_size INTEGER NOT NULL,
  effective_batch_size INTEGER NOT NULL,
  created TEXT NOT NULL,
  plan TEXT NOT NULL,
  provenance TEXT NOT NULL,
  memory TEXT NOT NULL
);
CREATE TABLE predictions (
  run_id INTEGER PRIMARY KEY REFERENCES runs (id) ON DELETE CASCADE,
  examples INTEGER NOT NULL,
  classes INTEGER NOT NULL,
  label_names TEXT NOT NULL,
  logits BLOB NOT NULL,
  labels BLOB NOT NULL,
  ids TEXT NOT NULL,
  token_counts BLOB NOT NULL,
  truncated BLOB NOT NULL
);
CREATE TABLE timings (
  id INTEGER PRIMARY KEY,
  run_id INTEGER NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
  protocol TEXT NOT NULL,
  round INTEGER NOT NULL,
  batch_size INTEGER NOT NULL,
  examples INTEGER NOT NULL,
  tokens INTEGER NOT NULL,
  tokenize_ns INTEGER NOT NULL,
  wall_ns INTEGER NOT NULL,
  warm_up INTEGER NOT NULL
);
CREATE INDEX timings_of_run ON timings (run_id);
CREATE TABLE noise_floor (
  id INTEGER PRIMARY KEY,
  run_id INTEGER NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
  comparison TEXT NOT NULL,
  examples INTEGER NOT NULL,
  max_abs_logit_difference REAL,
  flips INTEGER NOT NULL
);
CREATE TABLE failures (
  id INTEGER PRIMARY KEY,
  model TEXT NOT NULL,
  recipe TEXT NOT NULL,
  device TEXT NOT NULL,
  key TEXT NOT NULL,
  phase TEXT NOT NULL,
  at TEXT NOT NULL,
  kind TEXT NOT NULL,
  what TEXT NOT NULL,
  location TEXT NOT NULL,
  why TEXT NOT NULL,
  hint TEXT NOT NULL
);
)sql";

// Since version 2.
constexpr const char* kSchema2 = R"sql(
CREATE TABLE reported (
  id INTEGER PRIMARY KEY,
  kind TEXT NOT NULL,
  model TEXT NOT NULL,
  recipe TEXT NOT NULL,
  quantity TEXT NOT NULL,
  tier TEXT NOT NULL,
  label TEXT NOT NULL,
  part TEXT NOT NULL,
  value REAL,
  decimals INTEGER,
  source TEXT NOT NULL,
  at TEXT NOT NULL,
  how TEXT NOT NULL
);
CREATE TABLE example_groups (
  run_id INTEGER NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
  name TEXT NOT NULL,
  value_of_example TEXT NOT NULL,
  PRIMARY KEY (run_id, name)
) WITHOUT ROWID;
)sql";

// Since version 3: logits in a row of their own, whose last column they are, so that they are written and
// read in place. Runs of older stores keep them in predictions.
constexpr const char* kSchema3 = R"sql(
CREATE TABLE logits (
  run_id INTEGER PRIMARY KEY REFERENCES runs (id) ON DELETE CASCADE,
  logits BLOB NOT NULL
);
)sql";

// Since version 4.
constexpr const char* kSchema4 = R"sql(
CREATE TABLE load_tests (
  id INTEGER PRIMARY KEY,
  run_key TEXT NOT NULL,
  model TEXT NOT NULL,
  recipe TEXT NOT NULL,
  device TEXT NOT NULL,
  provenance TEXT NOT NULL,
  protocol TEXT NOT NULL,
  asked_rate REAL,
  full_batch_rate REAL,
  finished INTEGER NOT NULL,
  summary TEXT NOT NULL
);
CREATE TABLE load_trials (
  test_id INTEGER NOT NULL REFERENCES load_tests (id) ON DELETE CASCADE,
  position INTEGER NOT NULL,
  trial TEXT NOT NULL,
  latencies_ns BLOB NOT NULL,
  UNIQUE (test_id, position)
);
)sql";

// Since version 5.
constexpr const char* kSchema5 = R"sql(
CREATE TABLE calibration_samples (
  id INTEGER PRIMARY KEY,
  run_id INTEGER NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
  seed INTEGER NOT NULL,
  at TEXT NOT NULL,
  plan TEXT NOT NULL,
  logits BLOB NOT NULL,
  UNIQUE (run_id, seed)
);
)sql";

Status configure_for_writing(sqlite::Connection& connection) {
  QT_TRY_STATUS(connection.execute("PRAGMA journal_mode = WAL"));
  // A committed run survives a power cut, not only a killed program.
  QT_TRY_STATUS(connection.execute("PRAGMA synchronous = FULL"));
  return connection.execute("PRAGMA foreign_keys = ON");
}

Status set_version(sqlite::Connection& connection, std::int64_t version) {
  QT_TRY(sqlite::Statement statement,
         connection.prepare("INSERT OR REPLACE INTO meta (name, value) VALUES ('schema_version', ?)"));
  statement.bind(1, version);
  return statement.run();
}

// Gives the version that was found.
Result<std::int64_t> check_version(sqlite::Connection& connection) {
  QT_TRY(sqlite::Statement statement,
         connection.prepare("SELECT value FROM meta WHERE name = 'schema_version'"));
  QT_TRY(const bool found, statement.step());
  const std::int64_t version = found ? statement.integer(0) : 0;
  if (version > kStoreSchemaVersion) {
    return fail(ErrorKind::kUnsupported, "a newer Quantier wrote this evidence store", connection.path(),
                fmt::format("its schema has version {}, this program knows versions up to {}", version,
                            kStoreSchemaVersion),
                "use a newer Quantier, or choose another --out");
  }
  if (version < 1) {
    return fail(ErrorKind::kCorruptData, "the evidence store has no schema version", connection.path());
  }
  return version;
}

// One transaction: a migration that is killed leaves the old version.
Status migrate(sqlite::Connection& connection) {
  QT_TRY(sqlite::Transaction transaction, sqlite::Transaction::begin(connection));
  // Somebody else may have migrated while this process waited for the lock.
  QT_TRY(const std::int64_t version, check_version(connection));
  if (version < 2) {
    QT_TRY_STATUS(connection.execute(kSchema2));
  }
  if (version < 3) {
    QT_TRY_STATUS(connection.execute(kSchema3));
  }
  if (version < 4) {
    QT_TRY_STATUS(connection.execute(kSchema4));
  }
  if (version < 5) {
    QT_TRY_STATUS(connection.execute(kSchema5));
    QT_TRY_STATUS(set_version(connection, 5));
  }
  return transaction.commit();
}

}  // namespace

Result<bool> has_table(sqlite::Connection& connection, std::string_view name) {
  QT_TRY(sqlite::Statement statement,
         connection.prepare("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?"));
  statement.bind(1, name);
  return statement.step();
}

Status prepare_schema(sqlite::Connection& connection, sqlite::Mode mode) {
  QT_TRY(bool is_store, has_table(connection, "meta"));
  if (!is_store) {
    if (mode == sqlite::Mode::kReadOnly) {
      return fail(ErrorKind::kCorruptData, "this file is not an evidence store", connection.path(),
                  "a SQLite database without Quantier's tables");
    }
    QT_TRY(sqlite::Transaction transaction, sqlite::Transaction::begin(connection));
    // Somebody else may have created it while this process waited for the lock.
    QT_TRY(is_store, has_table(connection, "meta"));
    if (!is_store) {
      QT_TRY(sqlite::Statement tables, connection.prepare("SELECT count(*) FROM sqlite_master"));
      QT_TRY(const bool row, tables.step());
      if (row && tables.integer(0) != 0) {
        return fail(ErrorKind::kUserInput, "this database belongs to another program", connection.path(),
                    "it has tables, and none of them is Quantier's", "choose another --out");
      }
      QT_TRY_STATUS(connection.execute(kSchema));
      QT_TRY_STATUS(connection.execute(kSchema2));
      QT_TRY_STATUS(connection.execute(kSchema3));
      QT_TRY_STATUS(connection.execute(kSchema4));
      QT_TRY_STATUS(connection.execute(kSchema5));
      QT_TRY_STATUS(set_version(connection, kStoreSchemaVersion));
      QT_TRY_STATUS(transaction.commit());
    }
  }
  QT_TRY(const std::int64_t version, check_version(connection));
  if (mode == sqlite::Mode::kReadWrite) {
    QT_TRY_STATUS(configure_for_writing(connection));
    if (version < kStoreSchemaVersion) {
      QT_TRY_STATUS(migrate(connection));
    }
  }
  return {};
}

}  // namespace quantier::evidence_internal
