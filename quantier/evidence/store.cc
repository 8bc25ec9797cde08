#include "quantier/evidence/store.h"

#include <bit>
#include <cstring>
#include <limits>

#include <fmt/format.h>

#include "quantier/base/clock.h"
#include "quantier/evidence/schema.h"
#include "quantier/record/json.h"

namespace quantier {
namespace {

static_assert(std::endian::native == std::endian::little, "arrays are stored in little-endian order");

std::unexpected<Error> damaged(const std::string& path, std::string_view key, std::string_view what) {
  return fail(ErrorKind::kCorruptData, fmt::format("the evidence store is damaged: {}", what), path,
              fmt::format("run {}", key), "run again into another --out");
}

template <class T>
std::span<const std::byte> bytes_of(const std::vector<T>& values) {
  return std::as_bytes(std::span(values));
}

// `allow_empty`: the array may be absent.
template <class T>
bool copy_array(std::span<const std::byte> bytes, std::uint64_t count, bool allow_empty,
                std::vector<T>& out) {
  if (bytes.empty() && allow_empty) {
    out.clear();
    return true;
  }
  if (bytes.size() % sizeof(T) != 0 || bytes.size() / sizeof(T) != count) return false;
  out.resize(count);
  if (!bytes.empty()) std::memcpy(out.data(), bytes.data(), bytes.size());
  return true;
}

Result<std::vector<std::string>> strings_from(const std::string& text, const std::string& source) {
  QT_TRY(const Json json, parse_json(text, source));
  if (!json.is_array()) return fail(ErrorKind::kCorruptData, "expected an array of strings", source);
  std::vector<std::string> strings;
  strings.reserve(json.size());
  for (const Json& entry : json) {
    if (!entry.is_string()) return fail(ErrorKind::kCorruptData, "expected an array of strings", source);
    strings.push_back(entry.get<std::string>());
  }
  return strings;
}

std::string dump(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }

std::int64_t signed_of(std::uint64_t value) { return static_cast<std::int64_t>(value); }

Status insert_timings(sqlite::Connection& connection, std::int64_t run_id,
                      std::span<const TimingSample> samples) {
  QT_TRY(sqlite::Statement insert,
         connection.prepare("INSERT INTO timings (run_id, protocol, round, batch_size, examples, tokens, "
                            "tokenize_ns, wall_ns, warm_up) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"));
  for (const TimingSample& sample : samples) {
    insert.bind(1, run_id);
    insert.bind(2, std::string_view(timing_protocol_name(sample.protocol)));
    insert.bind(3, std::int64_t{sample.round});
    insert.bind(4, std::int64_t{sample.batch_size});
    insert.bind(5, signed_of(sample.examples));
    insert.bind(6, signed_of(sample.tokens));
    insert.bind(7, sample.tokenize_ns);
    insert.bind(8, sample.wall_ns);
    insert.bind(9, std::int64_t{sample.warm_up ? 1 : 0});
    QT_TRY_STATUS(insert.run());
  }
  return {};
}

Result<std::optional<std::int64_t>> find_run(sqlite::Connection& connection, std::string_view key) {
  QT_TRY(sqlite::Statement statement, connection.prepare("SELECT id FROM runs WHERE key = ?"));
  statement.bind(1, key);
  QT_TRY(const bool found, statement.step());
  if (!found) return std::optional<std::int64_t>{};
  return std::optional(statement.integer(0));
}

std::unexpected<Error> unknown_run(const std::string& path, std::string_view key) {
  return fail(ErrorKind::kUserInput, "no such run in the evidence store", path, fmt::format("key {}", key),
              "`quantier show` lists the runs");
}

// Into the one place where they are needed; `count` numbers, or damage.
Status load_logits(sqlite::Connection& connection, std::int64_t run_id, std::string_view key,
                   std::uint64_t count, std::vector<float>& out) {
  QT_TRY(const sqlite::Blob blob,
         sqlite::Blob::open(connection, "logits", "logits", run_id, sqlite::Mode::kReadOnly));
  if (blob.size_bytes() % sizeof(float) != 0 || blob.size_bytes() / sizeof(float) != count) {
    return damaged(connection.path(), key, "an array has another length than the run");
  }
  out.resize(count);
  return blob.read(std::as_writable_bytes(std::span(out)));
}

// Whether the logits of a run stand in their own table; those of older stores are in predictions.
Result<bool> has_logits_row(sqlite::Connection& connection, std::int64_t run_id) {
  QT_TRY(const bool has_table, evidence_internal::has_table(connection, "logits"));
  if (!has_table) return false;
  QT_TRY(sqlite::Statement row, connection.prepare("SELECT 1 FROM logits WHERE run_id = ?"));
  row.bind(1, run_id);
  return row.step();
}

Status store_logits(sqlite::Connection& connection, std::int64_t run_id, const std::vector<float>& logits) {
  QT_TRY(sqlite::Statement insert,
         connection.prepare("INSERT INTO logits (run_id, logits) VALUES (?, zeroblob(?))"));
  insert.bind(1, run_id);
  insert.bind(2, signed_of(logits.size() * sizeof(float)));
  QT_TRY_STATUS(insert.run());
  QT_TRY(sqlite::Blob blob,
         sqlite::Blob::open(connection, "logits", "logits", run_id, sqlite::Mode::kReadWrite));
  return blob.write(bytes_of(logits));
}

Status load_predictions(sqlite::Connection& connection, std::int64_t run_id, std::string_view key,
                        Predictions& out) {
  const std::string& path = connection.path();
  QT_TRY(sqlite::Statement row,
         connection.prepare("SELECT examples, classes, label_names, logits, labels, ids, token_counts, "
                            "truncated FROM predictions WHERE run_id = ?"));
  row.bind(1, run_id);
  QT_TRY(const bool found, row.step());
  if (!found) return damaged(path, key, "the predictions of a run are missing");
  const std::int64_t examples = row.integer(0);
  const std::int64_t classes = row.integer(1);
  constexpr std::int64_t kLargest = std::numeric_limits<std::int32_t>::max();
  if (examples < 0 || classes <= 0 || examples > kLargest || classes > kLargest) {
    return damaged(path, key, "impossible counts");
  }
  const auto n = static_cast<std::uint64_t>(examples);
  out.example_count = n;
  out.class_count = static_cast<std::size_t>(classes);
  QT_TRY(out.label_names, strings_from(row.text(2), path + ", label names"));
  QT_TRY(out.ids, strings_from(row.text(5), path + ", ids"));
  QT_TRY(const bool apart, has_logits_row(connection, run_id));
  if (apart) QT_TRY_STATUS(load_logits(connection, run_id, key, n * out.class_count, out.logits));
  const bool whole = (apart || copy_array(row.blob(3), n * out.class_count, false, out.logits)) &&
                     copy_array(row.blob(4), n, true, out.labels) &&
                     copy_array(row.blob(6), n, true, out.token_counts) &&
                     copy_array(row.blob(7), n, true, out.truncated);
  if (!whole || out.label_names.size() != out.class_count || (!out.ids.empty() && out.ids.size() != n)) {
    return damaged(path, key, "an array has another length than the run");
  }
  for (const std::int32_t label : out.labels) {
    if (label < 0 || label >= classes) return damaged(path, key, "a label is outside the classes");
  }
  return {};
}

Status load_groups(sqlite::Connection& connection, std::int64_t run_id, std::string_view key,
                   Predictions& out) {
  QT_TRY(const bool has_groups, evidence_internal::has_table(connection, "example_groups"));
  if (!has_groups) return {};
  QT_TRY(
      sqlite::Statement rows,
      connection.prepare("SELECT name, value_of_example FROM example_groups WHERE run_id = ? ORDER BY name"));
  rows.bind(1, run_id);
  while (true) {
    QT_TRY(const bool more, rows.step());
    if (!more) return {};
    QT_TRY(std::vector<std::string> values, strings_from(rows.text(1), connection.path() + ", groups"));
    if (values.size() != out.example_count) {
      return damaged(connection.path(), key, "a group has another length than the run");
    }
    out.groups[rows.text(0)] = std::move(values);
  }
}

Status load_timings(sqlite::Connection& connection, std::int64_t run_id, std::vector<TimingSample>& out) {
  QT_TRY(sqlite::Statement rows,
         connection.prepare("SELECT protocol, round, batch_size, examples, tokens, tokenize_ns, wall_ns, "
                            "warm_up FROM timings WHERE run_id = ? ORDER BY id"));
  rows.bind(1, run_id);
  while (true) {
    QT_TRY(const bool more, rows.step());
    if (!more) return {};
    TimingSample sample;
    QT_TRY(sample.protocol, timing_protocol_from_name(rows.text(0), connection.path()));
    sample.round = static_cast<std::uint32_t>(rows.integer(1));
    sample.batch_size = static_cast<std::uint32_t>(rows.integer(2));
    sample.examples = static_cast<std::uint64_t>(rows.integer(3));
    sample.tokens = static_cast<std::uint64_t>(rows.integer(4));
    sample.tokenize_ns = rows.integer(5);
    sample.wall_ns = rows.integer(6);
    sample.warm_up = rows.integer(7) != 0;
    out.push_back(sample);
  }
}

}  // namespace

Result<Store> Store::open(const std::filesystem::path& path, Mode mode, sqlite::WaitOptions wait) {
  QT_TRY(sqlite::Connection connection, sqlite::Connection::open(path.string(), mode, std::move(wait)));
  QT_TRY_STATUS(evidence_internal::prepare_schema(connection, mode));
  return Store(std::move(connection));
}

Result<bool> Store::has_run(std::string_view key) {
  QT_TRY(const std::optional<std::int64_t> id, find_run(connection_, key));
  return id.has_value();
}

Status Store::add_run(const Run& run) {
  QT_TRY(sqlite::Transaction transaction, sqlite::Transaction::begin(connection_));
  QT_TRY(const std::optional<std::int64_t> existing, find_run(connection_, run.key));
  if (existing) {
    return fail(ErrorKind::kUserInput, "this run is already in the evidence store", path(),
                fmt::format("{}, key {}", run.configuration.display(), run.key),
                "continue with --resume, or choose another --out");
  }
  QT_TRY(sqlite::Statement insert,
         connection_.prepare("INSERT INTO runs (key, model, recipe, device, split, example_limit, "
                             "requested_batch_size, effective_batch_size, created, plan, provenance, memory) "
                             "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"));
  insert.bind(1, std::string_view(run.key));
  insert.bind(2, std::string_view(run.configuration.model));
  insert.bind(3, std::string_view(run.configuration.recipe));
  insert.bind(4, std::string_view(run.configuration.device));
  insert.bind(5, std::string_view(run.split));
  run.limit ? insert.bind(6, signed_of(*run.limit)) : insert.bind_null(6);
  insert.bind(7, std::int64_t{run.requested_batch_size});
  insert.bind(8, std::int64_t{run.effective_batch_size});
  insert.bind(9, std::string_view(utc_now_rfc3339()));
  insert.bind(10, std::string_view(dump(to_json(run.plan))));
  insert.bind(11, std::string_view(dump(to_json(run.provenance))));
  insert.bind(12, std::string_view(dump(to_json(run.memory))));
  QT_TRY_STATUS(insert.run());
  const std::int64_t run_id = connection_.last_insert_id();

  const Predictions& predictions = run.predictions;
  QT_TRY(
      sqlite::Statement arrays,
      connection_.prepare("INSERT INTO predictions (run_id, examples, classes, label_names, logits, labels, "
                          "ids, token_counts, truncated) VALUES (?, ?, ?, ?, x'', ?, ?, ?, ?)"));
  arrays.bind(1, run_id);
  arrays.bind(2, signed_of(predictions.example_count));
  arrays.bind(3, signed_of(predictions.class_count));
  arrays.bind(4, std::string_view(dump(Json(predictions.label_names))));
  arrays.bind_blob(5, bytes_of(predictions.labels));
  arrays.bind(6, std::string_view(dump(Json(predictions.ids))));
  arrays.bind_blob(7, bytes_of(predictions.token_counts));
  arrays.bind_blob(8, bytes_of(predictions.truncated));
  QT_TRY_STATUS(arrays.run());
  QT_TRY_STATUS(store_logits(connection_, run_id, predictions.logits));
  for (const auto& [name, values] : predictions.groups) {
    QT_TRY(
        sqlite::Statement group,
        connection_.prepare("INSERT INTO example_groups (run_id, name, value_of_example) VALUES (?, ?, ?)"));
    group.bind(1, run_id);
    group.bind(2, std::string_view(name));
    group.bind(3, std::string_view(dump(Json(values))));
    QT_TRY_STATUS(group.run());
  }
  QT_TRY_STATUS(insert_timings(connection_, run_id, run.timings));
  QT_TRY_STATUS(put_device_of_predictions(run));
  return transaction.commit();
}

Result<std::vector<RunSummary>> Store::runs() {
  QT_TRY(
      sqlite::Statement rows,
      connection_.prepare(
          "SELECT key, model, recipe, device, split, example_limit, effective_batch_size, created, memory, "
          "examples, classes, (SELECT count(*) FROM timings WHERE run_id = runs.id) "
          "FROM runs JOIN predictions ON run_id = runs.id ORDER BY runs.id"));
  std::vector<RunSummary> summaries;
  while (true) {
    QT_TRY(const bool more, rows.step());
    if (!more) return summaries;
    RunSummary summary;
    summary.key = rows.text(0);
    summary.configuration = {rows.text(1), rows.text(2), rows.text(3)};
    summary.split = rows.text(4);
    if (!rows.is_null(5)) summary.limit = static_cast<std::uint64_t>(rows.integer(5));
    summary.effective_batch_size = static_cast<std::uint32_t>(rows.integer(6));
    summary.created = rows.text(7);
    const std::string source = path() + ", memory of a run";
    QT_TRY(const Json memory_json, parse_json(rows.text(8), source));
    QT_TRY(const MemoryRecord memory, memory_from_json(memory_json, source));
    summary.weight_bytes = memory.weights_bytes;
    summary.process_peak_bytes = memory.process_peak_bytes;
    summary.examples = static_cast<std::uint64_t>(rows.integer(9));
    summary.classes = static_cast<std::uint64_t>(rows.integer(10));
    summary.timing_samples = static_cast<std::uint64_t>(rows.integer(11));
    summaries.push_back(std::move(summary));
  }
}

Result<Run> Store::load_run(std::string_view key) {
  QT_TRY(sqlite::Statement row,
         connection_.prepare("SELECT id, model, recipe, device, split, example_limit, requested_batch_size, "
                             "effective_batch_size, plan, provenance, memory FROM runs WHERE key = ?"));
  row.bind(1, key);
  QT_TRY(const bool found, row.step());
  if (!found) return unknown_run(path(), key);
  Run run;
  const std::int64_t id = row.integer(0);
  run.key = key;
  run.configuration = {row.text(1), row.text(2), row.text(3)};
  run.split = row.text(4);
  if (!row.is_null(5)) run.limit = static_cast<std::uint64_t>(row.integer(5));
  run.requested_batch_size = static_cast<std::uint32_t>(row.integer(6));
  run.effective_batch_size = static_cast<std::uint32_t>(row.integer(7));
  const std::string source = fmt::format("{}, run {}", path(), key);
  QT_TRY(const Json plan, parse_json(row.text(8), source));
  QT_TRY(run.plan, executed_plan_from_json(plan, source));
  QT_TRY(const Json provenance, parse_json(row.text(9), source));
  QT_TRY(run.provenance, provenance_from_json(provenance, source));
  QT_TRY(const Json memory, parse_json(row.text(10), source));
  QT_TRY(run.memory, memory_from_json(memory, source));
  QT_TRY_STATUS(load_predictions(connection_, id, key, run.predictions));
  QT_TRY_STATUS(load_groups(connection_, id, key, run.predictions));
  QT_TRY_STATUS(load_timings(connection_, id, run.timings));
  QT_TRY_STATUS(load_device(run));
  return run;
}

Status Store::set_timings(std::span<const RunTimings> timings) {
  QT_TRY(sqlite::Transaction transaction, sqlite::Transaction::begin(connection_));
  for (const RunTimings& of_run : timings) {
    QT_TRY(const std::optional<std::int64_t> id, find_run(connection_, of_run.key));
    if (!id) return unknown_run(path(), of_run.key);
    for (const char* sql :
         {"DELETE FROM timings WHERE run_id = ?", "DELETE FROM noise_floor WHERE run_id = ?"}) {
      QT_TRY(sqlite::Statement remove, connection_.prepare(sql));
      remove.bind(1, *id);
      QT_TRY_STATUS(remove.run());
    }
    QT_TRY_STATUS(insert_timings(connection_, *id, of_run.samples));
    QT_TRY_STATUS(put_setting(conditions_name(of_run.key), of_run.conditions));
    QT_TRY_STATUS(put_device_of_timing(of_run));
    QT_TRY(sqlite::Statement insert,
           connection_.prepare("INSERT INTO noise_floor (run_id, comparison, examples, "
                               "max_abs_logit_difference, flips) VALUES (?, ?, ?, ?, ?)"));
    for (const NoiseFloor& noise : of_run.noise) {
      insert.bind(1, *id);
      insert.bind(2, std::string_view(noise.comparison));
      insert.bind(3, signed_of(noise.examples));
      insert.bind(4, noise.max_abs_logit_difference);  // SQLite keeps NaN as NULL
      insert.bind(5, signed_of(noise.flips));
      QT_TRY_STATUS(insert.run());
    }
  }
  return transaction.commit();
}

Result<std::vector<NoiseFloor>> Store::noise_floor(std::string_view key) {
  QT_TRY(const std::optional<std::int64_t> id, find_run(connection_, key));
  if (!id) return unknown_run(path(), key);
  QT_TRY(sqlite::Statement rows,
         connection_.prepare("SELECT comparison, examples, max_abs_logit_difference, flips FROM noise_floor "
                             "WHERE run_id = ? ORDER BY id"));
  rows.bind(1, *id);
  std::vector<NoiseFloor> noise;
  while (true) {
    QT_TRY(const bool more, rows.step());
    if (!more) return noise;
    noise.push_back({rows.text(0), static_cast<std::uint64_t>(rows.integer(1)),
                     rows.is_null(2) ? std::numeric_limits<double>::quiet_NaN() : rows.real(2),
                     static_cast<std::uint64_t>(rows.integer(3))});
  }
}

}  // namespace quantier
