#include "quantier/pipeline/init.h"

#include <algorithm>
#include <system_error>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "quantier/base/file.h"
#include "quantier/base/json.h"
#include "quantier/base/utf8.h"
#include "quantier/checkpoint/checkpoint.h"
#include "quantier/checkpoint/gguf/gguf_model.h"
#include "quantier/dataset/sample.h"
#include "quantier/dataset/tiers.h"
#include "quantier/pipeline/model_name.h"
#include "quantier/pipeline/run_config.h"
#include "quantier/pipeline/toml_text.h"
#include "quantier/tokenizer/tokenizer.h"

namespace quantier {
namespace {

constexpr std::size_t kFewestClassesForTiers = 6;
constexpr std::size_t kUsualMaxLength = 128;

struct OpenedModel {
  std::string name;
  std::filesystem::path path;
  std::optional<std::filesystem::path> base;
  std::filesystem::path tokenizer;  // its directory
  std::vector<std::string> labels;
  std::size_t max_positions = 0;
};

std::string unique_name(const std::string& name, const std::vector<OpenedModel>& models) {
  for (std::size_t k = 1;; ++k) {
    std::string candidate = k == 1 ? name : fmt::format("{}-{}", name, k);
    if (std::ranges::find(models, candidate, &OpenedModel::name) == models.end()) return candidate;
  }
}

Status same_labels(const OpenedModel& first, const OpenedModel& other) {
  if (first.labels == other.labels) return {};
  std::string why;
  if (first.labels.size() != other.labels.size()) {
    why = fmt::format("{} has {} labels, {} has {}", first.name, first.labels.size(), other.name,
                      other.labels.size());
  } else {
    const auto [a, b] = std::ranges::mismatch(first.labels, other.labels);
    why = fmt::format("label {} is \"{}\" in {} and \"{}\" in {}", a - first.labels.begin(),
                      printable(*a, 60), first.name, printable(*b, 60), other.name);
  }
  return fail(ErrorKind::kUserInput, "the models do not know the same labels in the same order",
              other.path.string() + "/config.json", std::move(why),
              "compare models that were trained for the same task, or analyse them one by one");
}

Result<std::vector<OpenedModel>> open_models(const InitRequest& request) {
  const std::vector<std::filesystem::path>& directories = request.models;
  if (directories.empty()) {
    return fail(ErrorKind::kUsage, "no model directory was given", "", "",
                "quantier init MODEL_DIR... --data FILE");
  }
  std::vector<OpenedModel> models;
  for (const std::filesystem::path& directory : directories) {
    ModelLocation location{directory};
    if (!is_gguf_path(directory)) {
      QT_TRY(const ModelDirectory opened, ModelDirectory::resolve(directory));
      if (opened.is_adapter()) location.base = request.base;
    }
    QT_TRY(const Checkpoint checkpoint, Checkpoint::open(location));
    OpenedModel model{.name = unique_name(name_of_model(directory), models),
                      .path = directory,
                      .base = location.base,
                      .tokenizer = checkpoint.tokenizer_directory(),
                      .labels = checkpoint.spec().label_names,
                      .max_positions = checkpoint.spec().max_positions};
    if (!models.empty()) QT_TRY_STATUS(same_labels(models.front(), model));
    models.push_back(std::move(model));
  }
  const bool used =
      std::ranges::any_of(models, [](const OpenedModel& model) { return model.base.has_value(); });
  if (request.base && !used) {
    return fail(ErrorKind::kUsage, "a base model was named and no model is an adapter",
                request.base->string(), "none of the directories holds adapter_config.json",
                "leave --base out");
  }
  return models;
}

std::string toml_list(const std::vector<std::string>& texts) {
  std::vector<std::string> quoted;
  for (const std::string& text : texts) quoted.push_back(toml_string(text));
  return fmt::format("[{}]", fmt::join(quoted, ", "));
}

Result<std::string> path_from(const std::filesystem::path& folder, const std::filesystem::path& path) {
  std::error_code error;
  const auto from = std::filesystem::absolute(folder, error).lexically_normal();
  const auto to = std::filesystem::absolute(path, error).lexically_normal();
  std::string text = to.lexically_proximate(from).string();
  if (find_invalid_utf8(text)) {
    return fail(ErrorKind::kUserInput, "a path cannot be written into TOML", printable(text, 300),
                "it is not UTF-8", "rename the file or its folder");
  }
  return text;
}

// How much of the data a limit on tokens would cut: an estimate from a sample.
Result<std::string> describe_lengths(const std::vector<OpenedModel>& models, const Dataset& data,
                                     std::size_t max_length) {
  constexpr std::size_t kSample = 1000;
  constexpr std::size_t kUnlimited = std::size_t{1} << 24;
  const std::vector<std::size_t> sample = stratified_sample(data, kSample, 1);
  std::string out;
  for (const OpenedModel& model : models) {
    QT_TRY(const Tokenizer tokenizer, Tokenizer::load(model.tokenizer));
    std::size_t cut = 0;
    for (const std::size_t index : sample) {
      QT_TRY(const Encoding encoding, tokenizer.encode(data.texts[index], kUnlimited));
      if (encoding.ids.size() > max_length) ++cut;
    }
    out += fmt::format("{}{:.1f} % for {}", out.empty() ? "" : ", ",
                       100.0 * static_cast<double>(cut) / static_cast<double>(sample.size()), model.name);
  }
  return out;
}

struct ProposedTiers {
  Tiers tiers;
  std::vector<std::size_t> sizes;
  std::string counts_path;
  std::vector<std::size_t> examples;  // of the data, per tier
  std::vector<std::string> followed;  // the class of each tier with the most examples in the data
};

Result<ProposedTiers> propose_tiers(const std::vector<std::int64_t>& counts, const Dataset& data,
                                    const std::vector<std::string>& labels) {
  ProposedTiers proposed;
  const std::size_t head = (labels.size() + 3) / 6;  // a sixth, rounded
  proposed.sizes = {head, 2 * head};
  QT_TRY(proposed.tiers, make_tiers(counts, {"head", "mid", "tail"}, proposed.sizes));
  std::vector<std::size_t> per_class(labels.size(), 0);
  for (const std::int32_t label : data.labels) ++per_class[static_cast<std::size_t>(label)];
  proposed.examples.assign(proposed.tiers.names.size(), 0);
  std::vector<std::optional<std::size_t>> best(proposed.tiers.names.size());
  for (std::size_t i = 0; i < labels.size(); ++i) {
    const auto tier = static_cast<std::size_t>(proposed.tiers.tier_of_class[i]);
    proposed.examples[tier] += per_class[i];
    if (per_class[i] > 0 && (!best[tier] || per_class[i] > per_class[*best[tier]])) best[tier] = i;
  }
  for (const auto& index : best) {
    if (index) proposed.followed.push_back(labels[*index]);
  }
  return proposed;
}

std::string counts_as_json(const std::vector<std::int64_t>& counts, const std::vector<std::string>& labels) {
  Json json = Json::object();
  for (std::size_t i = 0; i < labels.size(); ++i) json[labels[i]] = counts[i];
  return json.dump(1) + "\n";
}

std::string tiers_text(const std::optional<ProposedTiers>& proposed) {
  if (!proposed) {
    return "\n# Tiers by training frequency show where the damage of quantization lands. They need the label "
           "counts of "
           "the\n# training data: run `quantier init` again with --train FILE or --train-counts FILE.\n"
           "# [tiers]\n# training_counts = \"train_label_counts.json\"   # label -> number of training "
           "examples\n"
           "# names = [\"head\", \"mid\", \"tail\"]\n# sizes = [10, 20]                             # "
           "classes per "
           "tier but the last, which takes the rest\n";
  }
  return fmt::format(
      "\n# By training frequency, fixed before anything is measured. Proposed by rule: head is a sixth of "
      "the classes, "
      "mid\n# twice as many, tail the rest. Examples in this data: head {}, mid {}, tail {}.\n"
      "[tiers]\ntraining_counts = {}   # label -> number of training examples\n"
      "names = {}\nsizes = [{}]   # classes per tier but the last, which takes the rest\n",
      proposed->examples[0], proposed->examples[1], proposed->examples[2], toml_string(proposed->counts_path),
      toml_list(proposed->tiers.names), fmt::join(proposed->sizes, ", "));
}

constexpr const char* kTail = R"(
[timing]
throughput_examples = 2048       # of the data, drawn by seed; 0: all of it
throughput_passes = 3
latency_samples = 200            # one text at a time
workload = true                  # padded batches of 32 in file order as well, comparable with notebooks

# Requests at random times that wait for nobody, after the timing: is a rate really sustained? It takes minutes for each
# configuration (--dry-run says how many), and a limit on requests per second is then met by what was confirmed here.
# [load]
# rate = 100                     # requests per second to be confirmed; or find = true: the highest that is
# percentile = 99                # of the latency ...
# bound_ms = 50                  # ... must stay within this
# repeats = 3                    # trials with other arrivals, which must all pass
# seconds = 20                   # measured in each; without it as many as the percentile needs, at least 10

[int8]
outlier_scope = "sequence"       # "batch" is what bitsandbytes does; logits then depend on the batch
outlier_weights = "int8"         # "f16" is the paper's

# More questions to the same predictions. Groups are exploratory: columns of the data, FILE.json from id to group, or
# FILE#COLUMN. A second split, measured into the same store, says whether a difference repeats. A held-out split reads
# the choice where it was not picked, so that picking the best does not flatter it.
# [analysis]
# groups = ["source"]
# second_split = "test"
# report_on = "held out"

# What must hold where this is deployed. Without it there are measurements and no decision. Take the # away and put in
# your own numbers; a constraint that is absent does not constrain.
# [envelope]
# device = "one server, 2 cores"
# requests_per_second = 100      # without [load] read from throughput, which is an upper bound
# ms_per_example_max = 10.0
# ms_per_example_protocol = "throughput"   # or "latency" (one at a time), or "workload" (padded batches of 32)
# macro_f1_min = 0.60
# ece_max = 0.05                 # calibration error after temperature scaling, cross-fitted
# memory_max_mb = 1000           # peak of the process
# objectives = ["macro_f1", "latency", "memory"]   # among what passes: best first, ties go to the next
#
# [envelope.margins]             # differences inside these are ties
# macro_f1 = 0.010
# latency_relative = 0.05
# memory_relative = 0.02
# ece = 0.005

# What was recommended before anything was measured; the note says whether it stands.
# [prior]
# text = "Ship the larger model."
# model = {model}
# recipe = "fp16"
# why = "its macro-F1 was higher"
#
# [[prior.claim]]                # a reason that the findings answer: reinforced, complicated or overturned
# about = "macro-F1"             # or latency, memory, ECE, "tail accuracy", ...
# better = "one model"           # a model or a configuration
# than = "another model"
)";

}  // namespace

Result<InitProposal> propose_config(const InitRequest& request) {
  if (request.train && request.train_counts) {
    return fail(ErrorKind::kUsage, "--train and --train-counts were both given", "",
                "they say the same thing", "give one of them");
  }
  QT_TRY(const std::vector<OpenedModel> models, open_models(request));
  const std::vector<std::string>& labels = models.front().labels;
  QT_TRY(const Dataset data, read_dataset(request.data, request.columns, labels));
  if (data.labels.empty()) {
    return fail(ErrorKind::kUserInput, "the data has no label column", request.data.string(),
                "quality cannot be measured without labels", "name the column with --label-col");
  }

  InitProposal proposal;
  proposal.examples = data.size();
  proposal.classes = labels.size();
  proposal.columns = data.columns;
  for (const OpenedModel& model : models) proposal.model_names.push_back(model.name);

  std::optional<std::vector<std::int64_t>> counts;
  std::string counts_path = InitProposal::kCountsName;
  if (request.train) {
    QT_TRY(counts, count_labels(*request.train, request.columns.label, labels));
    proposal.counts_json = counts_as_json(*counts, labels);
  } else if (request.train_counts) {
    QT_TRY(counts, read_training_counts(*request.train_counts, labels));
    QT_TRY(counts_path, path_from(request.folder, *request.train_counts));
  }
  std::optional<ProposedTiers> tiers;
  if (counts && labels.size() < kFewestClassesForTiers) {
    proposal.remarks.push_back(
        fmt::format("{} classes are too few for tiers; none are proposed", labels.size()));
    proposal.counts_json.reset();
  } else if (counts) {
    QT_TRY(tiers, propose_tiers(*counts, data, labels));
    tiers->counts_path = counts_path;
    for (std::size_t i = 0; i < tiers->examples.size(); ++i) {
      if (tiers->examples[i] > 0) continue;
      proposal.remarks.push_back(fmt::format(
          "the data has no example of the tier \"{}\": nothing can be said about it", tiers->tiers.names[i]));
    }
  } else {
    proposal.remarks.emplace_back(
        "without training counts no tiers are proposed; give --train or --train-counts");
  }
  std::vector<bool> seen(labels.size(), false);
  for (const std::int32_t label : data.labels) seen[static_cast<std::size_t>(label)] = true;
  const auto unseen = std::ranges::count(seen, false);
  if (unseen > 0) {
    proposal.remarks.push_back(
        fmt::format("{} of {} classes have no example in the data", unseen, labels.size()));
  }

  std::size_t max_length = kUsualMaxLength;
  for (const OpenedModel& model : models) {
    if (model.max_positions >= 2) max_length = std::min(max_length, model.max_positions);
  }
  QT_TRY(const std::string cut, describe_lengths(models, data, max_length));
  QT_TRY(const std::string data_path, path_from(request.folder, request.data));

  std::string& toml = proposal.toml;
  toml = fmt::format(
      "# What `quantier run` measures and decides. Paths are relative to this file.\n\n"
      "title = {}\n\n"
      "# fp32, fp16 (half precision), int8 (LLM.int8()), int4 (NF4 with double quantization).\n"
      "recipes = [\"fp16\", \"int8\", \"int4\"]\n"
      "reference_recipe = \"fp16\"        # what the others are compared with\n\n",
      toml_string("Which precision for " + fmt::format("{}", fmt::join(proposal.model_names, ", ")) + "?"));
  toml += tiers ? fmt::format(
                      "# Followed one by one across the precisions; proposed: the most frequent class of "
                      "each tier.\n"
                      "named_classes = {}\n\n",
                      toml_list(tiers->followed))
                : fmt::format("# Followed one by one across the precisions.\n# named_classes = {}\n\n",
                              toml_list({labels.front()}));
  toml += fmt::format(
      "max_length = {}                 # tokens, special ones included; longer texts are cut: {}\n"
      "batch_size = 32\n"
      "threads = 0                      # 0: as many as the machine has\n"
      "seed = 20260101\n"
      "bootstrap_replicates = 10000\n"
      "memory_budget_mb = 600           # of all processes together, while timing\n\n",
      max_length, cut);
  toml +=
      fmt::format("# {} labels, the same in every model here and checked against the data.\n", labels.size());
  for (const OpenedModel& model : models) {
    QT_TRY(const std::string path, path_from(request.folder, model.path));
    toml += fmt::format("[[models]]\nname = {}\npath = {}\n", toml_string(model.name), toml_string(path));
    if (model.base) {
      QT_TRY(const std::string base, path_from(request.folder, *model.base));
      toml += fmt::format("base = {}\n", toml_string(base));
    }
    toml += "\n";
  }
  toml += fmt::format(
      "# {} labelled examples.\n[data]\npath = {}\nsplit = \"validation\"\ntext = {}\nlabel = {}\n",
      data.size(), toml_string(data_path), toml_string(data.columns.text), toml_string(data.columns.label));
  toml += data.columns.id.empty() ? "# id = \"...\"                     # no column of ids was found\n"
                                  : fmt::format("id = {}\n", toml_string(data.columns.id));
  toml += tiers_text(tiers);
  std::string rest = kTail;
  const std::string placeholder = "{model}";
  rest.replace(rest.find(placeholder), placeholder.size(), toml_string(models.front().name));
  toml += rest;

  // What is proposed must be accepted: otherwise the fault is ours.
  if (auto parsed = parse_run_config(toml, request.folder, "the proposed configuration"); !parsed) {
    Error error = std::move(parsed).error();
    error.kind = ErrorKind::kBug;
    return std::unexpected(std::move(error));
  }
  return proposal;
}

Status write_proposal(const InitProposal& proposal, const std::filesystem::path& toml_path, bool overwrite) {
  const std::filesystem::path counts_path = toml_path.parent_path() / InitProposal::kCountsName;
  const auto refuse_existing = [&](const std::filesystem::path& path) -> Status {
    std::error_code error;
    if (overwrite || !std::filesystem::exists(path, error)) return {};
    return fail(ErrorKind::kUsage, "file exists already", path.string(), "it may hold your own changes",
                "choose another name, or remove it first");
  };
  QT_TRY_STATUS(refuse_existing(toml_path));
  if (proposal.counts_json) {
    QT_TRY_STATUS(refuse_existing(counts_path));
    QT_TRY_STATUS(write_file_atomically(counts_path, *proposal.counts_json));
  }
  return write_file_atomically(toml_path, proposal.toml);
}

}  // namespace quantier
