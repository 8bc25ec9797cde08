// Any bytes as predictions: the first chooses the format; an error, or a table whose parts fit together.
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>

#include "quantier/base/check.h"
#include "quantier/dataset/prediction_file.h"
#include "quantier/dataset/prediction_labels.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  if (size == 0) return 0;
  const auto format = static_cast<quantier::PredictionFormat>(bytes[0] % 4);
  quantier::PredictionOptions options;
  if ((bytes[0] & 8) != 0) options.not_finite = quantier::NotFinite::kWrong;
  if ((bytes[0] & 16) != 0) options.scores = quantier::ScoreKind::kProbabilities;
  if ((bytes[0] & 32) != 0) options.columns.groups = {"g"};
  options.need_logits = (bytes[0] & 64) == 0;
  auto table =
      quantier::parse_predictions(std::as_bytes(std::span(bytes + 1, size - 1)), format, "fuzz", options);
  if (!table) {
    QT_CHECK(!table.error().what.empty() && !table.error().where.empty(), "errors say what and where");
    return 0;
  }
  QT_CHECK(table->example_count > 0, "what is accepted is not empty");
  if (options.need_logits) {
    QT_CHECK(table->logits.size() == table->example_count * table->class_count, "the matrix is whole");
  }
  QT_CHECK(table->ids.empty() || table->ids.size() == table->example_count, "one id a row");
  if (options.not_finite == quantier::NotFinite::kRefuse) {
    for (const float value : table->logits) QT_CHECK(std::isfinite(value), "numbers are numbers");
  }
  const auto labels = quantier::class_ids_of(*table, table->class_count, table->class_names);
  if (labels) QT_CHECK(labels->size() == table->example_count, "one label a row");
  const auto order = quantier::join_rows(*table, *table);
  QT_CHECK(order.has_value(), "a table fits itself");
  quantier::reorder(*table, *order);
  return 0;
}
