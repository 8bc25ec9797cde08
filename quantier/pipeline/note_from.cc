#include "quantier/pipeline/note_from.h"

#include <algorithm>
#include <system_error>
#include <utility>

#include <fmt/format.h>

#include "quantier/base/file.h"
#include "quantier/pipeline/run.h"
#include "quantier/pipeline/stored_runs.h"

namespace quantier {
namespace {

constexpr const char* kStoreExtension = ".sqlite";
// A note follows a handful of classes; a file that states all of them followed none in particular.
constexpr std::size_t kMostFollowedClasses = 8;

// The store that the paths already are, or nullopt for files to import.
std::optional<std::filesystem::path> existing_store(const std::vector<std::filesystem::path>& paths) {
  if (paths.size() != 1) return std::nullopt;
  if (paths.front().extension() == kStoreExtension) return paths.front();
  std::error_code ignored;
  const std::filesystem::path inside = paths.front() / kStoreFileName;
  if (std::filesystem::is_regular_file(inside, ignored)) return inside;
  return std::nullopt;
}

Result<RunConfig> with_prior(const std::filesystem::path& prior, Store& store, RunConfig config) {
  if (prior.empty()) return config;
  QT_TRY(const RunConfig file, configuration_for(prior, store));
  if (!file.prior) {
    return fail(ErrorKind::kUserInput, "the file states no earlier recommendation", prior.string(),
                "there is no [prior] table", "write [prior] with text, model, recipe and why");
  }
  config.prior = file.prior;
  return config;
}

// Classes that the files give numbers of one by one.
Result<std::vector<std::string>> followed_classes(Store& store) {
  std::vector<std::string> classes;
  QT_TRY(const std::vector<ReportedValue> values, store.reported());
  for (const ReportedValue& value : values) {
    if (value.label.empty() || std::ranges::find(classes, value.label) != classes.end()) continue;
    classes.push_back(value.label);
  }
  if (classes.size() > kMostFollowedClasses) classes.clear();
  return classes;
}

}  // namespace

Result<NoteFrom> note_from(const NoteFromOptions& options) {
  NoteFrom made;
  // Before the import, which takes its time.
  for (const std::filesystem::path& limits : {options.envelope, options.prior}) {
    constexpr std::uint64_t kMaxBytes = 1 << 20;
    if (!limits.empty()) QT_TRY_STATUS(read_text_file(limits, kMaxBytes));
  }
  std::optional<std::filesystem::path> file = existing_store(options.import.paths);
  if (!file) {
    QT_TRY(made.import, import_evidence(options.import));
    if (made.import->unexplained > 0) return std::unexpected(unexplained_error(*made.import));
    file = made.import->store;
  }
  QT_TRY(Store store, Store::open(*file, Store::Mode::kReadWrite));
  QT_TRY(const KnownConfigurations known, known_configurations(store));
  if (known.models.empty()) {
    return fail(ErrorKind::kUserInput, "there is nothing to write a note about", file->string(),
                "these files hold no predictions, and no macro-F1 of a model at a recipe",
                "`quantier import --help` says which files are read");
  }
  QT_TRY(RunConfig config, configuration_for(options.envelope, store));
  QT_TRY(config, with_prior(options.prior, store, std::move(config)));
  if (config.named_classes.empty()) {
    QT_TRY(config.named_classes, followed_classes(store));
  }
  ReportOptions report;
  report.out_directory = options.out.empty() ? file->parent_path() : options.out;
  QT_TRY(report.examples_in_file, examples_in_file_of(store));
  report.progress = options.import.progress;
  report.interrupt = options.import.interrupt;
  QT_TRY(StoreReport written, report_of_store(config, store, report));
  QT_TRY_STATUS(keep_note_files(options.envelope, options.prior, store));
  made.report = std::move(written.report);
  made.failures = std::move(written.failures);
  made.missing = std::move(written.missing);
  return made;
}

}  // namespace quantier
