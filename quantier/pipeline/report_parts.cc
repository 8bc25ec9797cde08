#include "quantier/pipeline/report_parts.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "quantier/base/file.h"
#include "quantier/measure/protocols.h"
#include "quantier/note/keep_blocks.h"
#include "quantier/note/page/page.h"
#include "quantier/note/pdf.h"
#include "quantier/pipeline/report_device.h"

namespace quantier {
namespace {

std::string short_hash(const std::string& hash) { return hash.substr(0, 16); }

}  // namespace

// Inside the page a figure takes the page's colours; alone it needs paper under its ink.
std::string standalone_svg(const std::string& svg) {
  const std::size_t open_end = svg.find('>');
  if (open_end == std::string::npos) return svg;
  std::string out = svg;
  out.insert(open_end + 1,
             "<style>svg{color:#1a1a1a}</style><rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>");
  // var(--series0, #0072B2) -> #0072B2: not every program that shows pictures knows variables.
  for (std::size_t at = out.find("var("); at != std::string::npos; at = out.find("var(", at)) {
    const std::size_t comma = out.find(", ", at);
    const std::size_t end = out.find(')', at);
    if (comma == std::string::npos || end == std::string::npos || comma > end) break;
    out.replace(at, end + 1 - at, out.substr(comma + 2, end - comma - 2));
  }
  return out;
}

Result<Envelope> envelope_for(const RunConfig& config, const MetricNames& names) {
  return envelope_of(config.envelope.value_or(EnvelopeConfig{}), config.prior, names);
}

std::vector<std::pair<std::string, std::string>> appendix_for(const RunConfig& config,
                                                              const std::vector<Run>& runs,
                                                              const std::vector<FailureRecord>& failures) {
  std::vector<std::pair<std::string, std::string>> rows;
  if (runs.empty()) return rows;
  const Provenance& conditions = runs.front().provenance;
  rows.emplace_back("Program", fmt::format("Quantier {} (revision {}, {})", conditions.quantier_version,
                                           conditions.git_revision, conditions.compiler));
  rows.emplace_back("Machine", fmt::format("{}, {} thread{}, {}; {}", conditions.machine, conditions.threads,
                                           conditions.threads == 1 ? "" : "s", conditions.instruction_sets,
                                           conditions.kernel_release));
  rows.emplace_back("Libraries", conditions.libraries);
  rows.emplace_back("Data", fmt::format("{} split, sha256 {}, at most {} tokens a text", runs.front().split,
                                        short_hash(conditions.data_sha256), config.max_length));
  const auto is_ahead = [](const Run& run) {
    return std::ranges::any_of(run.timings, [](const TimingSample& sample) {
      return sample.protocol == TimingProtocol::kThroughput && sample.device;
    });
  };
  rows.emplace_back(
      "Throughput",
      fmt::format("{} passes over {} examples, shuffled by seed {}, batches of {}, "
                  "tokenization included{}; the median pass",
                  config.timing.throughput_passes,
                  config.timing.throughput_examples == 0
                      ? runs.front().predictions.example_count
                      : std::min<std::uint64_t>(config.timing.throughput_examples,
                                                runs.front().predictions.example_count),
                  config.seed, kProtocolBatchSize,
                  std::ranges::any_of(runs, is_ahead) ? ", by all threads ahead of the device" : ""));
  rows.emplace_back(
      "Latency", fmt::format("{} texts one at a time, tokenization included", config.timing.latency_samples));
  if (config.timing.workload) {
    rows.emplace_back(
        "Workload",
        fmt::format("batches of {} in file order, {} to warm up, {} timed; no padding is computed",
                    kProtocolBatchSize, kWorkloadWarmUpBatches, kWorkloadTimedBatches));
  }
  const bool on_device = runs.front().memory.device_peak_bytes.has_value();
  rows.emplace_back("Memory",
                    on_device ? "what the engine allocates on the device at its peak, predictions phase"
                              : "peak resident set of the configuration's own process (VmHWM), predictions "
                                "phase");
  for (auto& row : device_rows(runs)) rows.push_back(std::move(row));
  std::set<std::string> models;
  for (const Run& run : runs) {
    if (models.insert(run.configuration.model).second) {
      rows.emplace_back(run.configuration.model, fmt::format("weights sha256 {}, tokenizer {}",
                                                             short_hash(run.provenance.weights_sha256),
                                                             short_hash(run.provenance.tokenizer_sha256)));
    }
    if (run.effective_batch_size != run.requested_batch_size) {
      rows.emplace_back(run.configuration.display(),
                        fmt::format("memory ran out at batches of {}; batches of {} were used",
                                    run.requested_batch_size, run.effective_batch_size));
    }
  }
  for (const FailureRecord& failure : failures) {
    rows.emplace_back("Failed: " + failure.configuration.display(),
                      fmt::format("{}: {} ({})", failure.phase, failure.error.what, failure.error.why));
  }
  return rows;
}

std::vector<std::string> plan_remarks_of(const std::vector<Run>& runs) {
  std::vector<std::string> remarks;
  for (const Run& run : runs) {
    for (const std::string& remark : run.plan.remarks) {
      const std::string text = fmt::format("{}: {}", run.plan.recipe, remark);
      if (std::find(remarks.begin(), remarks.end(), text) == remarks.end()) remarks.push_back(text);
    }
  }
  return remarks;
}

Result<NoteFiles> write_note_files(const NoteDocument& document, const std::filesystem::path& directory,
                                   const NoteInput* input) {
  NoteFiles files{directory / "note.md", directory / "note.html", directory / "note.pdf"};
  KeptNote note;
  std::error_code ignored;
  if (std::filesystem::is_regular_file(files.markdown, ignored)) {
    constexpr std::uint64_t kLargestNote = std::uint64_t{64} << 20;
    QT_TRY(const std::string before, read_text_file(files.markdown, kLargestNote));
    QT_TRY(note, keep_written_text(document, before, files.markdown.string()));
    files.kept_changes = std::move(note.changes);
  } else {
    note.document = document;
  }
  const std::filesystem::path figures = directory / "figures";
  QT_TRY_STATUS(create_folders(figures));
  for (const NoteBlock& block : note.document.blocks) {
    if (const auto* figure = std::get_if<NoteFigure>(&block)) {
      QT_TRY_STATUS(write_file_atomically(figures / (figure->name + ".svg"), standalone_svg(figure->svg)));
    }
  }
  QT_TRY_STATUS(write_file_atomically(
      files.html, input != nullptr ? render_page(note.document, *input) : render_html(note.document)));
  NotePdf pdf = render_pdf(note.document);
  files.pdf_remarks = std::move(pdf.remarks);
  QT_TRY_STATUS(write_file_atomically(files.pdf, pdf.bytes));
  QT_TRY_STATUS(write_file_atomically(files.markdown, render_markdown(note.document)));
  return files;
}

}  // namespace quantier
