#include "quantier/pipeline/decide.h"

#include <memory>
#include <string>

#include <fmt/format.h>

#include "quantier/base/utf8.h"
#include "quantier/cli/commands.h"
#include "quantier/note/decision_text.h"
#include "quantier/pipeline/envelope_config.h"

namespace quantier::cli {
namespace {

struct Options {
  DecideRequest request;
  std::string max_memory;
};

void decide(Options& options, Session& session) {
  DecideRequest& request = options.request;
  if (!options.max_memory.empty()) {
    const Result<double> megabytes = parse_megabytes(options.max_memory);
    if (!megabytes) return session.report(megabytes.error());
    request.max_memory_mb = *megabytes;
  }
  request.progress = session.progress();
  request.interrupt = &session.interrupt;
  const Result<DecideResult> result = decide_store(request);
  if (!result) return session.report(result.error());
  session.end_progress();
  if (!result->decision.chosen) session.exit_code = static_cast<int>(ExitCode::kNoCandidate);
  if (session.json) return session.print_json(decide_to_json(*result));
  for (const std::string& remark : result->remarks) session.remark(printable(remark, 400));
  fmt::print("{}", decision_text(result->decision));
  if (result->when) fmt::print("\n{}", when_text(result->decision, *result->when));
}

constexpr const char* kDescription =
    "Choose a configuration under limits, over what a store holds; measures nothing.\n"
    "Limits come from the configuration of the run, from --envelope, and from flags, each over the one "
    "before:\n"
    "  quantier decide results                                   # as the run was configured\n"
    "  quantier decide results --max-ece 0.08                    # and what if?\n"
    "  quantier decide results --require \"tail accuracy >= 0.5\" --require \"gate 0.8 accuracy >= 0.9\"\n"
    "  quantier decide results --when \"decoder fp16\"             # the limits under which this one is "
    "chosen\n"
    "  quantier decide results --envelope limits.toml --json\n"
    "  quantier decide results --select-on validation --report-on test   # chosen here, read there\n"
    "Metrics: macro-F1, accuracy, TIER accuracy, TIER macro-F1, class NAME F1, class NAME accuracy, ECE,\n"
    "raw ECE, ms per example, latency p95, memory (MB), requests per second, gate 0.8 share, gate 0.8\n"
    "accuracy, gate at accuracy 0.9 share. In the file: [[envelope.constraint]] with metric, min or max, "
    "hard,\n"
    "or no_worse_than and margin.\n"
    "A limit is violated when a configuration fails it, binding when relaxing it alone changes the choice, "
    "and\n"
    "tight when it is the nearest to failing for the choice. What nobody measured never passes.\n"
    "Exit code 3: nothing satisfies the limits.";

}  // namespace

void add_decide(CLI::App& app, Session& session) {
  CLI::App* command = app.add_subcommand("decide", kDescription);
  auto options = std::make_shared<Options>();
  DecideRequest& request = options->request;
  command->add_option("STORE", request.store, "Folder that `run` or `import` wrote, or its evidence.sqlite")
      ->required();
  command->add_option("--config", request.config, "Configuration of a run: which runs, tiers, limits");
  command->add_option("--envelope", request.envelope, "TOML with [envelope] and perhaps [prior]: the limits");
  command->add_option("--max-ece", request.max_ece, "Ceiling on the calibration error, cross-fitted");
  command->add_option("--min-macro-f1", request.min_macro_f1, "Floor on macro-F1");
  command->add_option("--max-ms", request.max_ms, "Ceiling on milliseconds per example");
  command->add_option("--max-memory", options->max_memory, "Ceiling on memory: 512MB, 2GB, 1.5GiB");
  command->add_option("--rate", request.rate, "Requests per second");
  command
      ->add_option(
          "--rate-from", request.rate_from,
          "throughput (the default without [load]): taken as at most 1000/rate ms per example, which "
          "is an upper bound; load: a load test must show it")
      ->check(CLI::IsMember({"throughput", "load"}));
  command->add_option("--rate-percentile", request.rate_percentile,
                      "Of the latency, at which a load test must have confirmed the rate (default: 99)");
  command->add_option("--rate-bound-ms", request.rate_bound_ms,
                      "Bound on the latency at it (default: 50); a stricter test is evidence too");
  command->add_option("--protocol", request.protocol, "Timing protocol that ms per example is read by")
      ->check(CLI::IsMember({"throughput", "latency", "workload"}));
  command->add_option("--device", request.device, "What it runs on; a table's time and memory need it");
  command->add_option("--require", request.require,
                      "Any limit: \"METRIC >= NUMBER\" or \"METRIC <= NUMBER\"");
  command->add_option("--prefer", request.prefer, "The same, soft: decides among what passes the others");
  command->add_option("--frontier", request.frontier, "Axes of the frontier, two or more metrics")
      ->delimiter(',');
  command->add_option("--select-on", request.select_on,
                      "Split that the choice is made on, where the store holds several");
  command->add_option("--report-on", request.report_on,
                      "Split that the choice is then read on: it takes no part in the choice, so picking the "
                      "best does not flatter it there");
  command->add_option("--when", request.when, "Say under which limits this configuration is the choice");
  command->add_flag("--json", session.json, "One JSON document on standard output");
  command->callback([options, &session] { decide(*options, session); });
}

}  // namespace quantier::cli
