// Load tests: a row for each, a row for each of its trials with the latency of every measured request.
#include <bit>
#include <cstring>

#include <fmt/format.h>

#include "quantier/evidence/schema.h"
#include "quantier/evidence/store.h"
#include "quantier/record/json.h"
#include "quantier/record/load_json.h"

namespace quantier {
namespace {

static_assert(std::endian::native == std::endian::little, "arrays are stored in little-endian order");

std::string dump(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }

void bind_optional(sqlite::Statement& statement, int parameter, const std::optional<double>& value) {
  value ? statement.bind(parameter, *value) : statement.bind_null(parameter);
}

std::optional<double> real_or_absent(const sqlite::Statement& row, int column) {
  return row.is_null(column) ? std::nullopt : std::optional(row.real(column));
}

Status load_trials(sqlite::Connection& connection, LoadTest& test) {
  QT_TRY(sqlite::Statement rows,
         connection.prepare("SELECT trial FROM load_trials WHERE test_id = ? ORDER BY position"));
  rows.bind(1, test.id);
  const std::string source = fmt::format("{}, load test {}", connection.path(), test.id);
  while (true) {
    QT_TRY(const bool more, rows.step());
    if (!more) return {};
    QT_TRY(const Json json, parse_json(rows.text(0), source));
    QT_TRY(LoadTrial trial, load_trial_from_json(json, source));
    test.trials.push_back(std::move(trial));
  }
}

}  // namespace

Result<std::int64_t> Store::add_load_test(const LoadTest& test) {
  QT_TRY(sqlite::Transaction transaction, sqlite::Transaction::begin(connection_));
  QT_TRY(sqlite::Statement insert,
         connection_.prepare("INSERT INTO load_tests (run_key, model, recipe, device, provenance, protocol, "
                             "asked_rate, full_batch_rate, finished, summary) "
                             "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"));
  insert.bind(1, std::string_view(test.run_key));
  insert.bind(2, std::string_view(test.configuration.model));
  insert.bind(3, std::string_view(test.configuration.recipe));
  insert.bind(4, std::string_view(test.configuration.device));
  insert.bind(5, std::string_view(dump(to_json(test.provenance))));
  insert.bind(6, std::string_view(dump(to_json(test.protocol))));
  bind_optional(insert, 7, test.asked_rate);
  bind_optional(insert, 8, test.full_batch_rate);
  insert.bind(9, std::int64_t{test.finished ? 1 : 0});
  insert.bind(10, std::string_view(dump(to_json(test.summary))));
  QT_TRY_STATUS(insert.run());
  const std::int64_t id = connection_.last_insert_id();
  QT_TRY_STATUS(transaction.commit());
  return id;
}

Status Store::add_load_trial(std::int64_t test_id, const LoadTrial& trial,
                             std::span<const std::int64_t> latencies_ns) {
  QT_TRY(sqlite::Transaction transaction, sqlite::Transaction::begin(connection_));
  QT_TRY(sqlite::Statement insert,
         connection_.prepare("INSERT INTO load_trials (test_id, position, trial, latencies_ns) VALUES (?, "
                             "(SELECT count(*) FROM load_trials WHERE test_id = ?), ?, ?)"));
  insert.bind(1, test_id);
  insert.bind(2, test_id);
  insert.bind(3, std::string_view(dump(to_json(trial))));
  insert.bind_blob(4, std::as_bytes(latencies_ns));
  QT_TRY_STATUS(insert.run());
  return transaction.commit();
}

Status Store::finish_load_test(std::int64_t test_id, bool finished, const LoadSummary& summary) {
  QT_TRY(sqlite::Transaction transaction, sqlite::Transaction::begin(connection_));
  QT_TRY(sqlite::Statement update,
         connection_.prepare("UPDATE load_tests SET finished = ?, summary = ? WHERE id = ?"));
  update.bind(1, std::int64_t{finished ? 1 : 0});
  update.bind(2, std::string_view(dump(to_json(summary))));
  update.bind(3, test_id);
  QT_TRY_STATUS(update.run());
  return transaction.commit();
}

Result<std::vector<LoadTest>> Store::load_results() {
  std::vector<LoadTest> tests;
  QT_TRY(const bool has_tests, evidence_internal::has_table(connection_, "load_tests"));
  if (!has_tests) return tests;
  QT_TRY(sqlite::Statement rows,
         connection_.prepare("SELECT id, run_key, model, recipe, device, provenance, protocol, asked_rate, "
                             "full_batch_rate, finished, summary FROM load_tests ORDER BY id"));
  while (true) {
    QT_TRY(const bool more, rows.step());
    if (!more) return tests;
    LoadTest test;
    test.id = rows.integer(0);
    test.run_key = rows.text(1);
    test.configuration = {rows.text(2), rows.text(3), rows.text(4)};
    const std::string source = fmt::format("{}, load test {}", path(), test.id);
    QT_TRY(const Json provenance, parse_json(rows.text(5), source));
    QT_TRY(test.provenance, provenance_from_json(provenance, source));
    QT_TRY(const Json protocol, parse_json(rows.text(6), source));
    QT_TRY(test.protocol, load_protocol_from_json(protocol, source));
    test.asked_rate = real_or_absent(rows, 7);
    test.full_batch_rate = real_or_absent(rows, 8);
    test.finished = rows.integer(9) != 0;
    QT_TRY(const Json summary, parse_json(rows.text(10), source));
    QT_TRY(test.summary, load_summary_from_json(summary, source));
    QT_TRY_STATUS(load_trials(connection_, test));
    tests.push_back(std::move(test));
  }
}

Result<std::vector<std::int64_t>> Store::load_latencies(std::int64_t test_id, std::size_t trial) {
  QT_TRY(sqlite::Statement row,
         connection_.prepare("SELECT latencies_ns FROM load_trials WHERE test_id = ? AND position = ?"));
  row.bind(1, test_id);
  row.bind(2, static_cast<std::int64_t>(trial));
  QT_TRY(const bool found, row.step());
  const std::string where = fmt::format("{}, load test {}, trial {}", path(), test_id, trial);
  if (!found) return fail(ErrorKind::kUserInput, "no such load trial in the evidence store", where);
  const std::span<const std::byte> bytes = row.blob(0);
  if (bytes.size() % sizeof(std::int64_t) != 0) {
    return fail(ErrorKind::kCorruptData, "the evidence store is damaged: latencies are cut off", where);
  }
  std::vector<std::int64_t> latencies(bytes.size() / sizeof(std::int64_t));
  if (!bytes.empty()) std::memcpy(latencies.data(), bytes.data(), bytes.size());
  return latencies;
}

Result<std::optional<RunIdentity>> Store::find_same_model(const Provenance& provenance,
                                                          const ExecutedPlan& plan) {
  QT_TRY(sqlite::Statement rows, connection_.prepare("SELECT key, model, recipe, device, provenance, plan "
                                                     "FROM runs ORDER BY id DESC"));
  // Remarks tell what is known of a plan beside data, and are no part of what runs.
  Json wanted = to_json(plan);
  wanted.erase("remarks");
  while (true) {
    QT_TRY(const bool more, rows.step());
    if (!more) return std::optional<RunIdentity>{};
    const std::string source = fmt::format("{}, run {}", path(), rows.text(0));
    QT_TRY(const Json provenance_json, parse_json(rows.text(4), source));
    QT_TRY(const Provenance of_run, provenance_from_json(provenance_json, source));
    if (of_run.origin != RunOrigin::kMeasured || of_run.weights_sha256 != provenance.weights_sha256 ||
        of_run.config_sha256 != provenance.config_sha256 ||
        of_run.tokenizer_sha256 != provenance.tokenizer_sha256) {
      continue;
    }
    QT_TRY(Json of_plan, parse_json(rows.text(5), source));
    of_plan.erase("remarks");
    if (of_plan != wanted) continue;
    return std::optional(RunIdentity{rows.text(0), {rows.text(1), rows.text(2), rows.text(3)}});
  }
}

}  // namespace quantier
