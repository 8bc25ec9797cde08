#include "quantier/pipeline/prediction_set.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "quantier/base/utf8.h"
#include "quantier/dataset/prediction_labels.h"
#include "quantier/record/predictions.h"

namespace quantier {
namespace {

std::vector<std::int32_t> answers_of(const PredictionTable& table) {
  std::vector<std::int32_t> answers(table.example_count);
  for (std::size_t i = 0; i < answers.size(); ++i) {
    answers[i] = argmax(table.row(i));
    // argmax only names a NaN when there is nothing else: no answer.
    if (std::isnan(table.row(i)[static_cast<std::size_t>(answers[i])])) {
      answers[i] = static_cast<std::int32_t>(table.class_count);
    }
  }
  return answers;
}

// Names that a reader can tell apart.
void make_names_unique(std::vector<NamedPredictions>& all) {
  for (std::size_t i = 0; i < all.size(); ++i) {
    const std::string name = all[i].name;
    for (std::size_t count = 2;; ++count) {
      const bool taken =
          std::any_of(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(i),
                      [&](const NamedPredictions& other) { return other.name == all[i].name; });
      if (!taken) break;
      all[i].name = fmt::format("{} ({})", name, count);
    }
  }
}

Status same_labels(const std::vector<std::int32_t>& labels, const std::vector<std::int32_t>& own,
                   const PredictionTable& first, const PredictionTable& other) {
  std::size_t different = 0;
  std::size_t where = 0;
  for (std::size_t i = 0; i < labels.size(); ++i) {
    if (labels[i] == own[i]) continue;
    if (different++ == 0) where = i;
  }
  if (different == 0) return {};
  const auto fault = find_label_frame_fault(own, labels, other.class_count);
  return fail(
      ErrorKind::kUserInput, "the files disagree about the true labels",
      fmt::format("{} and {}, row {} (from 0)", first.source, other.source, where),
      fmt::format("{} of {} labels differ{}", different, labels.size(),
                  fault ? fmt::format("; {} would make {:.1f} % equal", fault->what, 100.0 * fault->recovered)
                        : std::string()),
      "were the rows shuffled? write ids with both files and they are joined by them");
}

class Loading {
 public:
  Loading(const PredictionSetRequest& request, Store* store) : request_(request), store_(store) {}

  Result<PredictionSet> run() {
    for (const std::string& name : request_.names) {
      if (stop_requested(request_.interrupt)) return interrupted();
      if (request_.progress) {
        request_.progress({"reading predictions", set_.all.size(), request_.names.size()});
      }
      QT_TRY(NamedPredictions one, load_predictions(name, request_.reading, store_, request_.other_than));
      if (!set_.all.empty()) QT_TRY_STATUS(bring_into_order(one));
      set_.all.push_back(std::move(one));
    }
    make_names_unique(set_.all);
    QT_TRY_STATUS(find_names());
    QT_TRY_STATUS(find_labels());
    for (const NamedPredictions& each : set_.all) {
      QT_TRY_STATUS(
          check_label_frame(answers_of(each.table), set_.labels, each.table.class_count, each.table.source));
    }
    return std::move(set_);
  }

 private:
  Status bring_into_order(NamedPredictions& one) const {
    const PredictionTable& first = set_.first();
    PredictionTable& other = one.table;
    const std::string both = fmt::format("{} and {}", first.source, other.source);
    if (other.class_count != first.class_count) {
      return fail(ErrorKind::kUserInput, "the predictions are over different classes", both,
                  fmt::format("{} and {} classes", first.class_count, other.class_count));
    }
    if (!first.class_names.empty() && !other.class_names.empty() && first.class_names != other.class_names) {
      return fail(ErrorKind::kUserInput, "the classes have different names or another order", both, "",
                  "export all predictions with one list of class names");
    }
    const std::string& split = set_.all.front().split;
    if (!split.empty() && !one.split.empty() && split != one.split) {
      return fail(ErrorKind::kUserInput, "the runs read different splits", both,
                  fmt::format("\"{}\" and \"{}\"", printable(split, 40), printable(one.split, 40)));
    }
    QT_TRY(const std::vector<std::size_t> order, join_rows(first, other));
    if (!one.truncated.empty()) {
      std::vector<std::uint8_t> moved;
      for (const std::size_t i : order) moved.push_back(one.truncated[i]);
      one.truncated = std::move(moved);
    }
    reorder(other, order);
    return {};
  }

  Status find_names() {
    const std::size_t classes = set_.first().class_count;
    if (!request_.label_names.empty()) {
      QT_TRY(set_.label_names, read_label_names(request_.label_names));
      if (set_.label_names.size() == classes) return {};
      return fail(ErrorKind::kUserInput, "class names and logits do not fit together", request_.label_names,
                  fmt::format("{} names for {} classes", set_.label_names.size(), classes));
    }
    for (const NamedPredictions& each : set_.all) {
      if (set_.label_names.empty()) set_.label_names = each.table.class_names;
    }
    if (set_.label_names.empty()) set_.label_names = numbered_names(classes);
    return {};
  }

  // The first's, or those of the file of labels; every other label must say the same.
  Status find_labels() {
    const std::size_t classes = set_.first().class_count;
    std::optional<PredictionTable> given;
    if (!request_.labels.empty()) {
      QT_TRY(PredictionSpec spec, parse_prediction_spec(request_.labels, request_.reading.columns));
      // FILE#KEY names the labels here.
      if (request_.labels.find('#') != std::string::npos && spec.columns.labels.empty()) {
        spec.columns.labels = std::exchange(spec.columns.logits, "");
      }
      PredictionOptions reading;
      reading.columns = spec.columns;
      reading.need_logits = false;
      QT_TRY(given, read_predictions(spec.path, reading));
      QT_TRY(const std::vector<std::size_t> order, join_rows(set_.first(), *given));
      reorder(*given, order);
    }
    const PredictionTable* first = given ? &*given : nullptr;
    for (const NamedPredictions& each : set_.all) {
      if (first == nullptr && each.table.has_labels()) first = &each.table;
    }
    if (first == nullptr) first = &set_.first();
    QT_TRY(set_.labels, class_ids_of(*first, classes, set_.label_names));
    for (const NamedPredictions& each : set_.all) {
      if (!each.table.has_labels()) continue;
      QT_TRY(const std::vector<std::int32_t> own, class_ids_of(each.table, classes, set_.label_names));
      QT_TRY_STATUS(same_labels(set_.labels, own, *first, each.table));
    }
    return {};
  }

  const PredictionSetRequest& request_;
  Store* store_;
  PredictionSet set_;
};

}  // namespace

Result<PredictionSet> load_prediction_set(const PredictionSetRequest& request, Store* store) {
  return Loading(request, store).run();
}

}  // namespace quantier
