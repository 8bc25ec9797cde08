#include <memory>
#include <optional>
#include <string>

#include <fmt/format.h>

#include "quantier/base/utf8.h"
#include "quantier/cli/commands.h"
#include "quantier/pipeline/export_gguf.h"

namespace quantier::cli {
namespace {

struct Options {
  std::string directory;
  std::optional<std::filesystem::path> base;
  std::string format;
  std::string layers = "q8_0";
  std::string embedding = "f16";
  std::string head = "f16";
  std::string out;
};

const CLI::IsMember& one_of_the_types() {
  static const CLI::IsMember types({"f16", "q8_0", "q4_0", "q4_1"}, CLI::ignore_case);
  return types;
}

Json to_json(const Options& options, const GgufExport& done) {
  Json tensors = Json::array();
  for (const ExportedTensor& tensor : done.tensors) {
    tensors.push_back({{"name", tensor.name},
                       {"source", tensor.source},
                       {"type", ggml_type_name(tensor.type)},
                       {"shape", tensor.shape},
                       {"bytes", tensor.bytes}});
  }
  Json files = Json::array();
  for (const std::filesystem::path& file : done.tokenizer_files) files.push_back(file.string());
  return {{"format", "gguf"},
          {"type", ggml_type_name(*ggml_type_from_name(options.layers))},
          {"out", options.out},
          {"bytes", done.file_bytes},
          {"tokenizer_files", std::move(files)},
          {"tensors", std::move(tensors)}};
}

Result<GgufExport> run_export(const Options& options, Session& session) {
  GgufExportOptions request;
  request.model = {options.directory, options.base};
  request.layers = *ggml_type_from_name(options.layers);
  request.embedding = *ggml_type_from_name(options.embedding);
  request.head = *ggml_type_from_name(options.head);
  request.out = options.out;
  request.progress = session.progress();
  request.interrupt = &session.interrupt;
  return export_gguf(request);
}

}  // namespace

void add_export(CLI::App& app, Session& session) {
  CLI::App* command = app.add_subcommand(
      "export", "Write a model, its layers rounded to nearest, in a format that other programs read");
  auto options = std::make_shared<Options>();
  command->add_option("MODEL_DIR", options->directory, kModelHelp)->required();
  command->add_option("--base", options->base, kBaseHelp);
  command->add_option("--format", options->format, "gguf")->required()->check(CLI::IsMember({"gguf"}));
  command->add_option("--type", options->layers, "Type of the layers: f16, q8_0, q4_0 or q4_1")
      ->capture_default_str()
      ->check(one_of_the_types());
  command->add_option("--embedding-type", options->embedding, "Type of the embedding")
      ->capture_default_str()
      ->check(one_of_the_types());
  command->add_option("--head-type", options->head, "Type of the classification head")
      ->capture_default_str()
      ->check(one_of_the_types());
  command->add_option("--out", options->out, "FILE.gguf; tokenizer.json is put beside it")->required();
  command->add_flag("--json", session.json, "One JSON document on standard output");
  command->callback([options, &session] {
    const Result<GgufExport> done = run_export(*options, session);
    if (!done) return session.report(done.error());
    session.end_progress();
    if (session.json) return session.print_json(to_json(*options, *done));
    fmt::print("{}  {} tensors, {:.1f} MiB\n", printable(options->out, 300), done->tensors.size(),
               static_cast<double>(done->file_bytes) / (1024.0 * 1024.0));
    for (const std::filesystem::path& file : done->tokenizer_files) {
      fmt::print("{}\n", printable(file.string(), 300));
    }
  });
}

}  // namespace quantier::cli
