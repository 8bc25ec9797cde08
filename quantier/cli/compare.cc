#include "quantier/pipeline/compare.h"

#include <memory>
#include <string>

#include <fmt/format.h>

#include "quantier/cli/commands.h"
#include "quantier/cli/prediction_flags.h"

namespace quantier::cli {
namespace {

struct Options {
  CompareOptions compare;
  PredictionFlags reading;
  bool detail = false;
};

void compare(Options& options, Session& session) {
  const Status read = apply(options.reading, options.compare.reading);
  if (!read) return session.report(read.error());
  options.compare.progress = session.progress();
  options.compare.interrupt = &session.interrupt;
  const Result<Comparison> comparison = compare_predictions(options.compare);
  if (!comparison) return session.report(comparison.error());
  session.end_progress();
  if (session.json) return session.print_json(comparison_to_json(*comparison));
  fmt::print("{}", comparison_text(*comparison, options.detail));
  for (const std::string& remark : comparison->remarks) session.remark(remark);
  for (const auto& figure : comparison->figures) fmt::print("{}\n", figure.string());
}

constexpr const char* kDescription =
    "Is the difference between predictions real or noise? Overall and in each tier, with no model at hand.\n"
    "Reads runs of a store (--store) and files that any engine wrote (npz, JSONL, CSV):\n"
    "  quantier compare fp16.npz int8.npz int4.npz --tiers head=10,mid=30,tail --counts counts.json\n"
    "  quantier compare all.npz#a_logits all.npz#b_logits --map labels=y --tiers all.npz#tier\n"
    "  quantier compare --store results \"encoder fp16\" \"encoder int4\" --svg figures\n"
    "  quantier compare fp16.npz int4.npz --second test-fp16.npz test-int4.npz --group meta.csv#source\n"
    "Evidence: `established` needs a corrected p below 0.05 and that another split of this size would "
    "probably\n"
    "show it too (R >= 0.8; with a second split: that one does), `directional` only an interval without 0; "
    "everything else is `unresolved`.\n"
    "Size: `negligible` or `material` when the whole interval lies within or beyond the margin.";

}  // namespace

void add_compare(CLI::App& app, Session& session) {
  CLI::App* command = app.add_subcommand("compare", kDescription);
  auto options = std::make_shared<Options>();
  CompareOptions& compare_options = options->compare;
  command
      ->add_option("REFERENCE", compare_options.reference,
                   "Compare with this: a run (\"model recipe\" or key), FILE, FILE#KEY or "
                   "FILE#logits=KEY,labels=KEY")
      ->required();
  command->add_option("CANDIDATE", compare_options.candidates, "One or more of the same")->required();
  command->add_option("--store", compare_options.store, "evidence.sqlite, or the folder that holds it");
  add_prediction_flags(
      *command, options->reading,
      "Keys of all files: logits=KEY,labels=KEY,ids=KEY,group=KEY. For CSV the logits' key is "
      "the prefix of their columns");
  command->add_option(
      "--labels", compare_options.labels,
      "File with the true labels (npz, JSONL, CSV; FILE#KEY), joined by ids where there are any");
  command->add_option("--label-names", compare_options.label_names,
                      "JSON with the names of the classes in the order of the logits, or a config.json");
  command->add_option("--tiers", compare_options.tiers.tiers,
                      "head=10,mid=30,tail by --counts; or FILE.json (tier to labels, or label to tier); or "
                      "FILE#KEY with a tier for each example");
  command->add_option("--counts", compare_options.tiers.counts, "JSON from label to training count");
  command->add_option("--group", compare_options.groups,
                      "Compare within groups of examples too, as exploratory: FILE#KEY with a group for each "
                      "example, or FILE.json from id to group; may stand several times. Runs of a store that "
                      "know which texts were cut are grouped by that unasked");
  command->add_option("--second", compare_options.second.files,
                      "The same configurations on another split, reference first: what it shows replaces R");
  command->add_option("--second-labels", compare_options.second.labels,
                      "File with the true labels of --second, as --labels");
  command->add_option(
      "--second-split", compare_options.second.stored,
      "Name of a split of the store, instead of --second: the same models and recipes over it");
  command
      ->add_option("--margin", compare_options.margin,
                   "Differences of accuracy within this fraction are negligible")
      ->capture_default_str();
  command->add_option("--seed", compare_options.seed, "Of the bootstrap")->capture_default_str();
  command->add_option("--replicates", compare_options.replicates, "Of the bootstrap")
      ->capture_default_str()
      ->check(CLI::Range(100, 1000000));
  command->add_option("--svg", compare_options.figures,
                      "Folder for figures: tier-deltas.svg, reliability.svg, gates.svg, flips.svg (from "
                      "tier to tier), and trajectories.svg where --classes names some");
  command
      ->add_option(
          "--classes", compare_options.named_classes,
          "NAME,NAME: classes to follow one by one, in --svg and --json: accuracy with its interval, "
          "mean probability of the true class")
      ->delimiter(',');
  command->add_flag(
      "--detail", options->detail,
      "Also what stands beside the verdicts: bootstrap, whole classes resampled, repeated halves "
      "of the split, margins by decile (--json always has them)");
  command->add_flag("--json", session.json, "One JSON document on standard output");
  command->callback([options, &session] { compare(*options, session); });
}

}  // namespace quantier::cli
