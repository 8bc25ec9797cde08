#include "quantier/pipeline/hardware.h"

#include <memory>

#include <fmt/format.h>

#include "quantier/cli/commands.h"

namespace quantier::cli {
namespace {

constexpr const char* kDescription =
    "What would change on other hardware: which technique is native there, and modelled time, memory and "
    "order.\n"
    "  quantier hardware --model path/to/encoder path/to/decoder --device t4,l4,h100\n"
    "  quantier hardware --model encoder=config.json --model shapes.toml --tokens 40 --stack eager\n"
    "  quantier hardware --store results --model encoder=path/to/encoder   # measured values beside them\n"
    "A roofline from the shapes (operations, bytes, launches) and practical rates of each device, with an\n"
    "interval as wide as it was wrong on published times. Orders inside the error are `unknown`. Nothing "
    "runs.\n"
    "Stacks: `fused` (one engine, like TensorRT or Quantier's own kernels) and `eager` (transformers +\n"
    "bitsandbytes, many small kernels).\n"
    "Shapes without a model: TOML with [[model]] name, kind (modernbert or qwen2), layers, hidden,\n"
    "intermediate, heads, vocabulary; kv_heads, classes, positions and window where they differ from the "
    "usual.";

}  // namespace

void add_hardware(CLI::App& app, Session& session) {
  CLI::App* command = app.add_subcommand("hardware", kDescription);
  auto request = std::make_shared<HardwareRequest>();
  command->add_option("--model", request->models,
                      "Model directory, config.json, or TOML of shapes; NAME=PATH gives it a name");
  auto base = std::make_shared<std::string>();
  command->add_option("--base", *base, "Base model of those that are PEFT LoRA adapters");
  command->add_option("--recipes", request->recipes, "Comma-separated")
      ->delimiter(',')
      ->capture_default_str();
  command->add_option("--batch", request->batch, "Texts in a batch")->capture_default_str();
  command
      ->add_option("--tokens", request->tokens_per_text,
                   "Tokens of each text, padding included where it is computed")
      ->capture_default_str();
  std::string known;
  for (const Device& device : device_table()) known += (known.empty() ? "" : ", ") + std::string(device.name);
  command->add_option("--device", request->devices, "Comma-separated, of: " + known + "; all when not given")
      ->delimiter(',');
  command->add_option("--stack", request->stack, "fused, eager or both")->capture_default_str();
  command->add_option("--store", request->store,
                      "evidence.sqlite, or the folder that holds it: what was measured, in the same table");
  command->add_flag("--json", session.json, "One JSON document on standard output");
  command->callback([request, base, &session] {
    for (const std::string& model : request->models) {
      if (!base->empty()) request->bases.emplace(model, *base);
    }
    const Result<HardwareReport> report = compare_hardware(*request);
    if (!report) return session.report(report.error());
    if (session.json) return session.print_json(hardware_to_json(*report));
    fmt::print("{}", hardware_text(*report));
    for (const std::string& remark : report->remarks) session.remark(remark);
  });
}

}  // namespace quantier::cli
