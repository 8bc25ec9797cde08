#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <exception>
#include <new>
#include <string_view>

#include <fmt/format.h>

#include "quantier/cli/commands.h"
#include "quantier/engine/cpu/kernel_list.h"
#include "quantier/engine/cuda_engine.h"

namespace {

constexpr const char* kDescription =
    "Quantier: which (model, precision) do I deploy here, what do I lose, and how sure am I?\n"
    "Takes fine-tuned Hugging Face text classifiers, quantizes them, measures quality, calibration, latency "
    "and\n"
    "memory under one protocol, keeps the evidence, decides under your constraints and writes the technical "
    "note.";

constexpr const char* kFooter =
    "\nStart here:\n"
    "  quantier init MODEL_DIR... --data validation.jsonl --train-counts counts.json > my.toml\n"
    "  quantier run my.toml --out results\n"
    "Exit codes: 0 ok, 1 the machine failed, 2 usage, 3 nothing satisfies the envelope, 6 bad input,\n"
    "            7 not supported, 8 a note has something to look at, 130 interrupted (finished work is "
    "kept).";

// Results that nobody received are not a success: a full disk or a closed pipe behind standard output shows
// here at the latest, where the last of the buffer goes out.
int exit_code_after_output(int exit_code) {
  errno = 0;
  if (std::fflush(stdout) == 0 && std::ferror(stdout) == 0) return exit_code;
  quantier::cli::to_standard_error(fmt::format("quantier: cannot write to standard output{}{}\n",
                                               errno != 0 ? ": " : "",
                                               errno != 0 ? quantier::errno_text(errno) : ""));
  return static_cast<int>(quantier::cli::ExitCode::kRuntimeFailure);
}

}  // namespace

int main(int argc, char** argv) {
  using namespace quantier::cli;
  Session session;
  session.watch_signals();
  CLI::App app{kDescription, "quantier"};
  app.footer(kFooter);
  app.require_subcommand(1);
  app.set_version_flag("--version", QUANTIER_VERSION);
  app.get_formatter()->column_width(34);
  std::string kernels;
  app.add_option("--kernel", kernels,
                 "Run with these CPU kernels instead of the best that this processor has: " +
                     quantier::cpu::known_kernel_names() + " (`quantier doctor` says which run here)");
  int kernel_arch = 0;
  app.add_option(
      "--kernel-arch", kernel_arch,
      "On a CUDA device, run the kernels of an older generation: 75 (Turing), 80 (Ampere, Ada), 90 (Hopper)");
  app.fallthrough();
  app.parse_complete_callback([&] {
    auto status = kernels.empty() ? quantier::Status() : quantier::cpu::choose_kernels(kernels);
    if (status && kernel_arch != 0) status = quantier::choose_kernel_arch(kernel_arch);
    if (!status) {
      session.report(status.error());
      throw CLI::RuntimeError(session.exit_code);
    }
  });
  add_run(app, session);
  add_report(app, session);
  add_decide(app, session);
  add_init(app, session);
  add_predict(app, session);
  add_export(app, session);
  add_compare(app, session);
  add_import(app, session);
  add_load(app, session);
  add_note(app, session);
  add_tokenize(app, session);
  add_inspect(app, session);
  add_search(app, session);
  add_quantize(app, session);
  add_show(app, session);
  add_hardware(app, session);
  add_explain(app, session);
  add_verify(app, session);
  add_audit(app, session);
  add_doctor(app, session);
  add_worker(app, session);
  try {
    app.parse(argc, argv);
  } catch (const CLI::RuntimeError&) {
    return exit_code_after_output(session.exit_code);
  } catch (const CLI::ParseError& error) {
    // Asked for JSON, a usage error is JSON too; help and version are texts in any case.
    if (error.get_exit_code() != 0 &&
        std::ranges::find(argv, argv + argc, std::string_view("--json")) != argv + argc) {
      session.json = true;
      session.report(
          {quantier::ErrorKind::kUsage, error.what(), "", "", "run with --help for more information"});
      return exit_code_after_output(session.exit_code);
    }
    const int code = app.exit(error);
    return code == 0 ? exit_code_after_output(0) : static_cast<int>(ExitCode::kUsage);
  } catch (const std::bad_alloc&) {
    session.report(
        {quantier::ErrorKind::kEnvironment, "out of memory", "", "", "try a smaller --batch-size"});
  } catch (const std::exception& error) {
    if (std::ferror(stdout) != 0) return exit_code_after_output(session.exit_code);
    session.report({quantier::ErrorKind::kBug, "unexpected failure", "", error.what(), "please report this"});
  }
  return exit_code_after_output(session.exit_code);
}
