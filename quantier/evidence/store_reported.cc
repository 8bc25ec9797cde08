// What others computed, as it was written down.
#include <cmath>
#include <limits>

#include "quantier/evidence/store.h"

namespace quantier {
namespace {

constexpr const char* kEarlier = "earlier";
constexpr const char* kReported = "reported";

}  // namespace

Status Store::add_reported(std::span<const ReportedValue> values) {
  QT_TRY(sqlite::Transaction transaction, sqlite::Transaction::begin(connection_));
  QT_TRY(sqlite::Statement insert,
         connection_.prepare("INSERT INTO reported (kind, model, recipe, quantity, tier, label, part, value, "
                             "decimals, source, at, how) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"));
  for (const ReportedValue& value : values) {
    int parameter = 1;
    for (const std::string_view text :
         {std::string_view(value.kind == ReportedKind::kEarlier ? kEarlier : kReported),
          std::string_view(value.model), std::string_view(value.recipe), std::string_view(value.quantity),
          std::string_view(value.tier), std::string_view(value.label), std::string_view(value.part)}) {
      insert.bind(parameter++, text);
    }
    insert.bind(parameter++, value.value);  // SQLite keeps NaN as NULL
    if (value.decimals) {
      insert.bind(parameter++, std::int64_t{*value.decimals});
    } else {
      insert.bind_null(parameter++);
    }
    insert.bind(parameter++, std::string_view(value.source));
    insert.bind(parameter++, std::string_view(value.when));
    insert.bind(parameter++, std::string_view(value.how));
    QT_TRY_STATUS(insert.run());
  }
  return transaction.commit();
}

Result<std::vector<ReportedValue>> Store::reported() {
  QT_TRY(sqlite::Statement table,
         connection_.prepare("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'reported'"));
  QT_TRY(const bool has_table, table.step());
  std::vector<ReportedValue> values;
  if (!has_table) return values;
  QT_TRY(sqlite::Statement rows,
         connection_.prepare("SELECT kind, model, recipe, quantity, tier, label, part, value, decimals, "
                             "source, at, how FROM reported ORDER BY id"));
  while (true) {
    QT_TRY(const bool more, rows.step());
    if (!more) return values;
    ReportedValue value;
    value.kind = rows.text(0) == kEarlier ? ReportedKind::kEarlier : ReportedKind::kReported;
    value.model = rows.text(1);
    value.recipe = rows.text(2);
    value.quantity = rows.text(3);
    value.tier = rows.text(4);
    value.label = rows.text(5);
    value.part = rows.text(6);
    value.value = rows.is_null(7) ? std::numeric_limits<double>::quiet_NaN() : rows.real(7);
    if (!rows.is_null(8)) value.decimals = static_cast<int>(rows.integer(8));
    value.source = rows.text(9);
    value.when = rows.text(10);
    value.how = rows.text(11);
    values.push_back(std::move(value));
  }
}

}  // namespace quantier
