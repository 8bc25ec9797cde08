// What calibrated runs give with other calibration texts: a row for each sample, written whole, so that an
// interruption loses the one it fell into and no other.
#include <bit>
#include <cstring>

#include <fmt/format.h>

#include "quantier/evidence/schema.h"
#include "quantier/evidence/store.h"
#include "quantier/record/json.h"

namespace quantier {
namespace {

static_assert(std::endian::native == std::endian::little, "arrays are stored in little-endian order");

constexpr const char* kTable = "calibration_samples";

std::string dump(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }

struct RunRow {
  std::int64_t id = 0;
  std::uint64_t logits = 0;  // examples times classes
};

Result<RunRow> row_of(sqlite::Connection& connection, std::string_view key) {
  QT_TRY(sqlite::Statement row,
         connection.prepare("SELECT runs.id, examples * classes FROM runs JOIN predictions ON run_id = "
                            "runs.id WHERE key = ?"));
  row.bind(1, key);
  QT_TRY(const bool found, row.step());
  if (!found) {
    return fail(ErrorKind::kUserInput, "no such run in the evidence store", connection.path(),
                fmt::format("key {}", key), "`quantier show` lists the runs");
  }
  return RunRow{row.integer(0), static_cast<std::uint64_t>(row.integer(1))};
}

}  // namespace

Status Store::add_calibration_sample(std::string_view run_key, const CalibrationSample& sample) {
  QT_TRY(sqlite::Transaction transaction, sqlite::Transaction::begin(connection_));
  QT_TRY(const RunRow run, row_of(connection_, run_key));
  if (sample.logits.size() != run.logits) {
    return fail(ErrorKind::kBug, "a sample has another number of logits than its run", path(),
                fmt::format("run {}", run_key));
  }
  QT_TRY(sqlite::Statement existing,
         connection_.prepare("SELECT 1 FROM calibration_samples WHERE run_id = ? AND seed = ?"));
  existing.bind(1, run.id);
  existing.bind(2, static_cast<std::int64_t>(sample.seed));
  QT_TRY(const bool is_there, existing.step());
  if (is_there) {
    return fail(ErrorKind::kUserInput, "this sample is already in the evidence store", path(),
                fmt::format("run {}, seed {}", run_key, sample.seed));
  }
  QT_TRY(sqlite::Statement insert,
         connection_.prepare("INSERT INTO calibration_samples (run_id, seed, at, plan, logits) "
                             "VALUES (?, ?, ?, ?, ?)"));
  insert.bind(1, run.id);
  insert.bind(2, static_cast<std::int64_t>(sample.seed));
  insert.bind(3, std::string_view(sample.at));
  insert.bind(4, std::string_view(dump(to_json(sample.plan))));
  insert.bind_blob(5, std::as_bytes(std::span(sample.logits)));
  QT_TRY_STATUS(insert.run());
  return transaction.commit();
}

Result<std::vector<CalibrationSample>> Store::calibration_samples(std::string_view run_key) {
  std::vector<CalibrationSample> samples;
  QT_TRY(const RunRow run, row_of(connection_, run_key));
  QT_TRY(const bool has_samples, evidence_internal::has_table(connection_, kTable));
  if (!has_samples) return samples;
  QT_TRY(sqlite::Statement rows,
         connection_.prepare(
             "SELECT seed, at, plan, logits FROM calibration_samples WHERE run_id = ? ORDER BY id"));
  rows.bind(1, run.id);
  while (true) {
    QT_TRY(const bool more, rows.step());
    if (!more) return samples;
    CalibrationSample sample;
    sample.seed = static_cast<std::uint64_t>(rows.integer(0));
    sample.at = rows.text(1);
    const std::string source = fmt::format("{}, run {}, sample {}", path(), run_key, sample.seed);
    QT_TRY(const Json plan, parse_json(rows.text(2), source));
    QT_TRY(sample.plan, executed_plan_from_json(plan, source));
    const std::span<const std::byte> bytes = rows.blob(3);
    if (bytes.size() % sizeof(float) != 0 || bytes.size() / sizeof(float) != run.logits) {
      return fail(ErrorKind::kCorruptData,
                  "the evidence store is damaged: a sample has another number of logits than its run", source,
                  "", "run again into another --out");
    }
    sample.logits.resize(run.logits);
    if (!bytes.empty()) std::memcpy(sample.logits.data(), bytes.data(), bytes.size());
    samples.push_back(std::move(sample));
  }
}

Result<std::vector<std::uint64_t>> Store::calibration_sample_seeds(std::string_view run_key) {
  std::vector<std::uint64_t> seeds;
  QT_TRY(const bool has_samples, evidence_internal::has_table(connection_, kTable));
  if (!has_samples) return seeds;
  QT_TRY(sqlite::Statement rows,
         connection_.prepare("SELECT seed FROM calibration_samples JOIN runs ON runs.id = run_id WHERE "
                             "key = ? ORDER BY calibration_samples.id"));
  rows.bind(1, run_key);
  while (true) {
    QT_TRY(const bool more, rows.step());
    if (!more) return seeds;
    seeds.push_back(static_cast<std::uint64_t>(rows.integer(0)));
  }
}

}  // namespace quantier
