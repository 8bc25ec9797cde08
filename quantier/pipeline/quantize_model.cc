#include "quantier/pipeline/quantize_model.h"

#include <system_error>
#include <utility>

#include <fmt/format.h>

#include "quantier/base/clock.h"
#include "quantier/base/file.h"
#include "quantier/checkpoint/checkpoint.h"
#include "quantier/interchange/own/own_format.h"
#include "quantier/interchange/own/plan_json.h"
#include "quantier/interchange/stored_model.h"
#include "quantier/interchange/writer.h"
#include "quantier/pipeline/artefact_writer.h"
#include "quantier/pipeline/pack_model.h"
#include "quantier/pipeline/provenance.h"
#include "quantier/pipeline/resolve_plan.h"

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

Result<Json> identity_of(const Checkpoint& checkpoint, const Plan& plan, const QuantizeOptions& options) {
  QT_TRY(const ModelHashes hashes, hash_model(checkpoint));
  return Json{{"program", {{"version", program_version()}, {"revision", program_revision()}}},
              {"format", options.format},
              {"format_version", kOwnFormatVersion},
              {"source",
               {{"weights_sha256", hashes.weights},
                {"config_sha256", hashes.config},
                {"tokenizer_sha256", hashes.tokenizer}}},
              {"plan", to_json(plan)}};
}

Status pack(const Checkpoint& checkpoint, const Plan& plan, ModelSink& sink) {
  const ModelSpec& spec = checkpoint.spec();
  if (checkpoint.quantization()) return hand_over_stored(checkpoint, spec, plan, sink);
  if (plan.is_calibrated()) {
    return fail(ErrorKind::kUsage, "this recipe looks at calibration texts",
                fmt::format("recipe {}", plan.recipe), "its weights depend on data that were not given",
                "take a recipe that looks at the weights alone");
  }
  return pack_model(checkpoint, spec, plan, sink);
}

Error with_resume_hint(Error error, const fs::path& partial) {
  if (error.kind == ErrorKind::kInterrupted) {
    error.where = partial.string();
    error.hint = "give the same command again to go on; remove that folder to start over";
  }
  return error;
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
  QT_TRY_STATUS(format->check(spec, plan));
  if (options.progress) options.progress({"reading the model", 0, 0});
  QT_TRY(const Json identity, identity_of(checkpoint, plan, options));

  fs::path partial = options.out;
  if (!partial.has_filename()) partial = partial.parent_path();
  const fs::path out = partial;
  partial += ".partial";
  QT_TRY_STATUS(create_folders(partial));
  QT_TRY(ArtefactJournal journal, ArtefactJournal::open(partial, identity));
  ArtefactWriter writer({checkpoint, spec, plan, *format}, std::move(journal), options.progress,
                        options.interrupt);
  if (Status status = pack(checkpoint, plan, writer); !status) {
    return std::unexpected(with_resume_hint(std::move(status).error(), partial));
  }

  QuantizeOutcome outcome;
  outcome.out = out;
  outcome.recipe = plan.recipe;
  outcome.format = format->name;
  outcome.resumed_items = writer.found_items();
  outcome.source_bytes = bytes_of(checkpoint.weight_files());
  outcome.layers = writer.layer_reports();
  if (options.progress) options.progress({"writing the files", 0, 0});
  Json manifest{{"format_version", kOwnFormatVersion}, {"recipe", plan.recipe}};
  for (const auto& [key, value] : identity.items()) manifest[key] = value;
  const Json report{{"recipe", plan.recipe}, {"format", format->name}, {"layers", outcome.layers}};
  const fs::path complete = partial / "complete";
  std::error_code ignored;
  fs::remove_all(complete, ignored);
  QT_TRY_STATUS(writer.write_files(complete, std::move(manifest), report));
  QT_TRY_STATUS(put_in_place(complete, partial, out));
  std::vector<fs::path> files;
  for (const fs::directory_entry& entry : fs::directory_iterator(out, ignored)) {
    if (entry.path().extension() == ".safetensors") files.push_back(entry.path());
  }
  outcome.written_bytes = bytes_of(files);
  outcome.seconds = static_cast<double>(watch.elapsed_ns()) * 1e-9;
  return outcome;
}

}  // namespace quantier
