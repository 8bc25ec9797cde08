#include "quantier/pipeline/quantize_model.h"

#include <algorithm>
#include <iterator>
#include <string_view>
#include <system_error>
#include <utility>

#include <fmt/format.h>

#include "quantier/base/clock.h"
#include "quantier/base/file.h"
#include "quantier/base/thread_pool.h"
#include "quantier/base/utf8.h"
#include "quantier/checkpoint/checkpoint.h"
#include "quantier/interchange/own/own_format.h"
#include "quantier/interchange/own/plan_json.h"
#include "quantier/interchange/stored_model.h"
#include "quantier/interchange/writer.h"
#include "quantier/pipeline/artefact_writer.h"
#include "quantier/pipeline/calibrate.h"
#include "quantier/pipeline/calibration_text.h"
#include "quantier/pipeline/fitted_on.h"
#include "quantier/pipeline/pack_model.h"
#include "quantier/pipeline/provenance.h"
#include "quantier/pipeline/quantize_repeats.h"
#include "quantier/pipeline/resolve_plan.h"
#include "quantier/tokenizer/tokenizer.h"

namespace quantier {
namespace {

namespace fs = std::filesystem;

std::uint64_t bytes_of(const std::vector<fs::path>& files) {
  std::uint64_t bytes = 0;
  for (const fs::path& file : files) {
    std::error_code ignored;
    const auto size = fs::file_size(file, ignored);
    if (!ignored) bytes += size;
  }
  return bytes;
}

// A place that is free, or an empty folder.
Status check_out(const fs::path& out) {
  std::error_code ignored;
  if (!fs::exists(out, ignored) || (fs::is_directory(out, ignored) && fs::is_empty(out, ignored))) return {};
  return fail(ErrorKind::kUsage, "the output is there already", out.string(), "nothing is written over it",
              "choose another --out, or remove it");
}

Result<Json> identity_of(const Checkpoint& checkpoint, const Plan& plan, const QuantizeOptions& options,
                         const Json& calibration) {
  QT_TRY(const ModelHashes hashes, hash_model(checkpoint));
  return Json{{"program", {{"version", program_version()}, {"revision", program_revision()}}},
              {"format", options.format},
              {"format_version", kOwnFormatVersion},
              {"source",
               {{"weights_sha256", hashes.weights},
                {"config_sha256", hashes.config},
                {"tokenizer_sha256", hashes.tokenizer}}},
              {"calibration", calibration},
              {"plan", to_json(plan)}};
}

// Other programs keep an adapter in a directory of its own.
Status check_adapter(const Plan& plan, const WriterFormat& format) {
  const auto adapted =
      std::ranges::find_if(plan.layers, [](const LayerPlan& layer) { return layer.adapter_rank > 0; });
  if (adapted == plan.layers.end() || std::string_view(format.name) == "quantier") return {};
  return fail(ErrorKind::kUnsupported,
              fmt::format("{} has no place for an adapter beside the weights", format.name),
              fmt::format("layer {}, rank {}", adapted->linear, adapted->adapter_rank),
              "the adapter would be lost", "merge it (--adapter merge), or write --format quantier");
}

// What the calibration adds to the report of a layer.
void add_calibration(const std::vector<LayerReport>& made, Json& layers) {
  for (const LayerReport& report : made) {
    for (Json& layer : layers) {
      if (layer.at("layer") != report.linear) continue;
      const auto add = [&](const char* key, const auto& value) {
        layer[key] = value ? Json(*value) : Json(nullptr);
      };
      add("output_error", report.output_error);
      add("output_error_rtn", report.output_error_rtn);
      add("block_loss", report.loss);
      add("block_loss_rtn", report.loss_rtn);
      add("alpha", report.alpha);
      add("damping", report.damping);
      if (!report.scales_in.empty()) layer["scales_in"] = report.scales_in;
      layer["seconds"] = report.seconds;
    }
  }
}

struct Packed {
  std::vector<LayerReport> reports;
  Json calibration;
};

Result<Packed> pack(const Checkpoint& checkpoint, const Plan& plan, const QuantizeOptions& options,
                    std::optional<CalibrationSet>& set, ModelSink& sink) {
  const ModelSpec& spec = checkpoint.spec();
  Packed packed;
  if (checkpoint.quantization()) {
    QT_TRY_STATUS(hand_over_stored(checkpoint, spec, plan, sink));
    return packed;
  }
  ThreadPool pool(available_processors());
  if (!plan.is_calibrated()) {
    QT_TRY_STATUS(pack_model(checkpoint, spec, plan, sink, &pool));
    return packed;
  }
  QT_TRY(const Tokenizer tokenizer, Tokenizer::load(checkpoint.tokenizer_directory()));
  QT_TRY(const CalibrationTokens texts, encode_calibration(*set, tokenizer, options.max_length, &pool));
  if (options.calibration_samples > 1) QT_TRY_STATUS(check_repeatable(set->record));
  const CalibrationRun run{texts.batch(), &pool, options.progress, options.interrupt};
  QT_TRY(packed.reports, pack_calibrated_model(checkpoint, spec, plan, run, sink));
  packed.calibration = calibration_to_json(set->record, packed.reports);
  return packed;
}

// The texts, where the plan wants some.
Result<std::optional<CalibrationSet>> read_texts(const Checkpoint& checkpoint, const Plan& plan,
                                                 const QuantizeOptions& options) {
  const bool wants = plan.is_calibrated() && !checkpoint.quantization();
  if (!wants && options.calibration) {
    return fail(ErrorKind::kUsage, "this recipe looks at the weights alone",
                fmt::format("recipe {}", printable(plan.recipe, 80)), "--calibration would change nothing",
                "leave it out, or take a recipe that looks at data: int4-gptq, int4-awq, int8-smooth");
  }
  if (!wants) return std::nullopt;
  if (!options.calibration) {
    return fail(ErrorKind::kUsage, "this recipe looks at calibration texts",
                fmt::format("recipe {}", printable(plan.recipe, 80)), "none were given",
                "give some hundred texts of the training split with --calibration FILE");
  }
  QT_TRY(CalibrationSet set, read_calibration_set(*options.calibration, checkpoint.spec().label_names));
  return set;
}

// Which texts: another file, draw or amount makes another model.
Json calibration_identity(const std::optional<CalibrationSet>& set, const QuantizeOptions& options) {
  if (!set) return nullptr;
  Json identity = to_json(set->options);
  identity["path"] = set->record.sha256;
  identity["max_length"] = options.max_length ? Json(*options.max_length) : Json(nullptr);
  return identity;
}

// Finished layers outlast an interruption and a disk that is full.
Error with_resume_hint(Error error, const fs::path& partial) {
  if (error.kind == ErrorKind::kInterrupted) {
    error.where = partial.string();
    error.hint = "give the same command again to go on; remove that folder to start over";
  }
  if (error.kind == ErrorKind::kEnvironment) {
    error.hint += fmt::format("{}then give the same command again: it goes on from {}; or remove that folder",
                              error.hint.empty() ? "" : "; ", printable(partial.string(), 200));
  }
  return error;
}

// The journal in its folder. A folder that was made for nothing does not stay.
Result<ArtefactJournal> open_journal(const fs::path& partial, const Json& identity) {
  std::error_code ignored;
  const bool is_new = !fs::exists(partial, ignored);
  QT_TRY_STATUS(create_folders(partial));
  Result<ArtefactJournal> journal = ArtefactJournal::open(partial, identity);
  if (!journal && is_new) fs::remove_all(partial, ignored);
  return journal;
}

// The files stand complete in a folder beside the journal before they get their name.
Status put_in_place(const fs::path& complete, const fs::path& partial, const fs::path& out) {
  std::error_code error;
  fs::remove(out, error);  // an empty folder
  fs::rename(complete, out, error);
  if (error) {
    return fail(ErrorKind::kEnvironment, "cannot put the checkpoint in place", out.string(), error.message(),
                "give the same command again");
  }
  fs::remove_all(partial, error);
  return {};
}

}  // namespace

Result<QuantizeOutcome> quantize_model(const QuantizeOptions& options) {
  const Stopwatch watch;
  QT_TRY_STATUS(check_out(options.out));
  QT_TRY(const WriterFormat* format, writer_format(options.format));
  QT_TRY(const Checkpoint checkpoint, Checkpoint::open(options.model));
  const ModelSpec& spec = checkpoint.spec();
  QT_TRY(const Plan plan, resolve_plan(checkpoint, spec, options.rules, options.recipe_options));
  QT_TRY_STATUS(check_adapter(plan, *format));
  QT_TRY_STATUS(format->check(spec, plan));
  if (options.progress) options.progress({"reading the model", 0, 0});
  QT_TRY(std::optional<CalibrationSet> set, read_texts(checkpoint, plan, options));
  QT_TRY(const Json identity, identity_of(checkpoint, plan, options, calibration_identity(set, options)));

  fs::path partial = options.out;
  if (!partial.has_filename()) partial = partial.parent_path();
  const fs::path out = partial;
  partial += ".partial";
  QT_TRY(ArtefactJournal journal, open_journal(partial, identity));
  ArtefactWriter writer({checkpoint, spec, plan, *format}, std::move(journal), options.progress,
                        options.interrupt);
  Result<Packed> packed = pack(checkpoint, plan, options, set, writer);
  if (!packed) {
    // Going on would end in the same place.
    std::error_code ignored_error;
    const ErrorKind kind = packed.error().kind;
    if (kind == ErrorKind::kUnsupported || kind == ErrorKind::kUsage) fs::remove_all(partial, ignored_error);
    return std::unexpected(with_resume_hint(std::move(packed).error(), partial));
  }

  QuantizeOutcome outcome;
  outcome.out = out;
  outcome.recipe = plan.recipe;
  outcome.format = format->name;
  outcome.resumed_items = writer.found_items();
  outcome.source_bytes = bytes_of(checkpoint.weight_files());
  outcome.layers = writer.layer_reports();
  add_calibration(packed->reports, outcome.layers);
  outcome.calibration = packed->calibration;
  if (options.progress) options.progress({"writing the files", 0, 0});
  Json manifest{{"format_version", kOwnFormatVersion}, {"recipe", plan.recipe}};
  for (const auto& [key, value] : identity.items()) manifest[key] = value;
  QT_TRY(std::vector<FittedOn> fitted, stored_fitted_on(checkpoint));
  std::ranges::move(fitted_on(options.rules, set), std::back_inserter(fitted));
  if (!fitted.empty()) manifest["fitted_on"] = to_json(fitted);
  Json report{{"recipe", plan.recipe},
              {"format", format->name},
              {"calibration", outcome.calibration},
              {"layers", outcome.layers}};
  const fs::path complete = partial / "complete";
  std::error_code ignored;
  fs::remove_all(complete, ignored);
  if (Status written = writer.write_files(complete, std::move(manifest), report); !written) {
    fs::remove_all(complete, ignored);
    return std::unexpected(with_resume_hint(std::move(written).error(), partial));
  }
  QT_TRY_STATUS(put_in_place(complete, partial, out));
  if (options.calibration_samples > 1) {
    // The checkpoint stands: what follows only adds to its report.
    QT_TRY(outcome.spread, repeat_quantization(checkpoint, plan, out, outcome.layers,
                                               {options.calibration_samples, set->options, options.max_length,
                                                options.progress, options.interrupt}));
    report["calibration_spread"] = outcome.spread;
    QT_TRY_STATUS(write_file_atomically(out / "quantization_report.json", report.dump(2) + "\n"));
  }
  std::vector<fs::path> files;
  for (const fs::directory_entry& entry : fs::directory_iterator(out, ignored)) {
    if (entry.path().extension() == ".safetensors") files.push_back(entry.path());
  }
  outcome.written_bytes = bytes_of(files);
  outcome.seconds = static_cast<double>(watch.elapsed_ns()) * 1e-9;
  return outcome;
}

}  // namespace quantier
