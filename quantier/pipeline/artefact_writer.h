// The sink that writes a quantized model into a folder: tensor by tensor into a journal, then, when
// everything is there, as safetensors files with config.json, the tokenizer and a manifest, put in place by
// one rename.
//
//   OUT.partial/   journal.jsonl, tensors.data; while it lasts, an interrupted run can go on
//   OUT/           model.safetensors (or shards), config.json, tokenizer files, quantier.json,
//   quantization_report.json
//
// Memory stays at one layer. On the disk the tensors stand twice while the files are put together. Errors:
// those of the journal, the format and the disk; kInterrupted after a finished item.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "quantier/base/clock.h"
#include "quantier/base/error.h"
#include "quantier/base/interrupt.h"
#include "quantier/base/json.h"
#include "quantier/base/progress.h"
#include "quantier/checkpoint/checkpoint.h"
#include "quantier/formats/model_sink.h"
#include "quantier/formats/plan.h"
#include "quantier/interchange/writer.h"
#include "quantier/pipeline/artefact_journal.h"

namespace quantier {

struct ArtefactSource {
  const Checkpoint& checkpoint;
  const ModelSpec& spec;
  const Plan& plan;
  const WriterFormat& format;
};

class ArtefactWriter final : public ModelSink {
 public:
  ArtefactWriter(ArtefactSource source, ArtefactJournal journal, ProgressFunction progress,
                 const Interrupt* interrupt);

  Status set_embedding_rows(std::uint64_t first_row, const TensorView& rows) override;
  Status set_norm(const NormSpec& norm, const TensorView& weight, const TensorView* bias) override;
  Status set_linear(const LinearSpec& linear, PackedLinear&& packed) override;
  [[nodiscard]] bool has_linear(const LinearSpec& linear) const override;

  // What a report says of each layer, in the order of the specification.
  [[nodiscard]] Json layer_reports() const;
  [[nodiscard]] std::size_t found_items() const { return journal_.found_items(); }
  // All files, into `folder`, which is new. `manifest` gets the list of tensors.
  [[nodiscard]] Status write_files(const std::filesystem::path& folder, Json manifest, const Json& report);

 private:
  Status add_values(std::string name, std::vector<std::uint64_t> shape, const TensorView& values);
  Status end_item(const std::string& item, Json report);
  [[nodiscard]] const LayerPlan& plan_of(const LinearSpec& linear) const;
  [[nodiscard]] Result<Json> report_on(const LinearSpec& linear, const PackedLinear& packed) const;

  ArtefactSource source_;
  ArtefactJournal journal_;
  ProgressFunction progress_;
  const Interrupt* interrupt_;
  Stopwatch since_last_;
  std::vector<float> embedding_absmax_;
};

}  // namespace quantier
