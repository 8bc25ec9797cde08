#include <memory>
#include <string>

#include <fmt/format.h>

#include "quantier/base/utf8.h"
#include "quantier/cli/commands.h"
#include "quantier/evidence/store.h"
#include "quantier/pipeline/store_file.h"

namespace quantier::cli {
namespace {

// An imported run says nothing of them.
std::string mebibytes(std::uint64_t bytes, int decimals) {
  return bytes == 0 ? "-" : fmt::format("{:.{}f}", static_cast<double>(bytes) / 1048576.0, decimals);
}

Json known(std::uint64_t bytes) { return bytes == 0 ? Json(nullptr) : Json(bytes); }

void show(const std::string& path, Session& session) {
  const std::filesystem::path file = store_file_of(path);
  Result<Store> store = Store::open(file, Store::Mode::kReadOnly);
  if (!store) return session.report(store.error());
  const auto runs = store->runs();
  if (!runs) return session.report(runs.error());
  const auto failures = store->failures();
  if (!failures) return session.report(failures.error());
  if (session.json) {
    Json rows = Json::array();
    for (const RunSummary& run : *runs) {
      const auto seeds = store->calibration_sample_seeds(run.key);
      if (!seeds) return session.report(seeds.error());
      rows.push_back({{"key", run.key},
                      {"model", run.configuration.model},
                      {"recipe", run.configuration.recipe},
                      {"device", run.configuration.device},
                      {"split", run.split},
                      {"limit", run.limit ? Json(*run.limit) : Json(nullptr)},
                      {"examples", run.examples},
                      {"classes", run.classes},
                      {"batch_size", run.effective_batch_size},
                      {"created", run.created},
                      {"weight_bytes", known(run.weight_bytes)},
                      {"process_peak_bytes", known(run.process_peak_bytes)},
                      {"timing_samples", run.timing_samples},
                      {"calibration_sample_seeds", *seeds}});
    }
    return session.print_json(
        Json{{"store", file.string()}, {"runs", std::move(rows)}, {"failures", failures->size()}});
  }
  fmt::print("{:<14} {:<28} {:<12} {:>9} {:>12} {:>14} {:>8}  {}\n", "key", "configuration", "split",
             "examples", "weights MiB", "peak MiB", "timings", "created");
  for (const RunSummary& run : *runs) {
    fmt::print("{:<14} {:<28} {:<12} {:>9} {:>12} {:>14} {:>8}  {}\n", run.key.substr(0, 12),
               printable(run.configuration.display()), printable(run.split),
               fmt::format("{}{}", run.examples, run.limit ? "*" : ""), mebibytes(run.weight_bytes, 2),
               mebibytes(run.process_peak_bytes, 1), run.timing_samples, run.created);
  }
  for (const FailureRecord& failure : *failures) {
    fmt::print("failed {} {} ({}): {}\n", failure.at, failure.configuration.display(), failure.phase,
               failure.error.what);
  }
}

}  // namespace

void add_show(CLI::App& app, Session& session) {
  CLI::App* command = app.add_subcommand("show", "List the runs of an evidence store");
  auto path = std::make_shared<std::string>();
  command->add_option("STORE", *path, "evidence.sqlite, or the folder that holds it")->required();
  command->add_flag("--json", session.json, "One JSON document on standard output");
  command->callback([path, &session] { show(*path, session); });
}

}  // namespace quantier::cli
