// One function per subcommand: declares its options on the parser and what to do when it is chosen.
#pragma once

#include <CLI/CLI.hpp>

#include "quantier/cli/session.h"

namespace quantier::cli {

// Of every command that opens a model.
inline constexpr const char* kModelHelp =
    "Hugging Face model directory, a PEFT LoRA adapter, or FILE.gguf (Qwen2)";
inline constexpr const char* kBaseHelp =
    "Base model of an adapter (default: its base_model_name_or_path, as a directory or in the hub cache)";

void add_run(CLI::App& app, Session& session);
void add_report(CLI::App& app, Session& session);
void add_decide(CLI::App& app, Session& session);
void add_init(CLI::App& app, Session& session);
void add_predict(CLI::App& app, Session& session);
void add_export(CLI::App& app, Session& session);
void add_compare(CLI::App& app, Session& session);
void add_import(CLI::App& app, Session& session);
void add_load(CLI::App& app, Session& session);
void add_note(CLI::App& app, Session& session);
void add_tokenize(CLI::App& app, Session& session);
void add_inspect(CLI::App& app, Session& session);
void add_search(CLI::App& app, Session& session);
void add_quantize(CLI::App& app, Session& session);
void add_show(CLI::App& app, Session& session);
void add_audit(CLI::App& app, Session& session);
void add_hardware(CLI::App& app, Session& session);
void add_explain(CLI::App& app, Session& session);
void add_verify(CLI::App& app, Session& session);
void add_doctor(CLI::App& app, Session& session);
void add_worker(CLI::App& app, Session& session);  // hidden: what `run` starts for each configuration

}  // namespace quantier::cli
