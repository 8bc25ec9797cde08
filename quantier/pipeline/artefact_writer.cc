#include "quantier/pipeline/artefact_writer.h"

#include <algorithm>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "quantier/base/check.h"
#include "quantier/base/file.h"
#include "quantier/base/half.h"
#include "quantier/base/sha256.h"
#include "quantier/formats/distortion.h"
#include "quantier/formats/i8_row.h"
#include "quantier/formats/packed_row.h"
#include "quantier/formats/rounding.h"
#include "quantier/interchange/own/own_format.h"
#include "quantier/interchange/part_reader.h"
#include "quantier/pipeline/artefact_files.h"

namespace quantier {
namespace {

constexpr const char* kEmbeddingItem = "embedding";

Json optional_number(const std::optional<double>& value) { return value ? Json(*value) : Json(nullptr); }

}  // namespace

ArtefactWriter::ArtefactWriter(ArtefactSource source, ArtefactJournal journal, ProgressFunction progress,
                               const Interrupt* interrupt)
    : source_(source), journal_(std::move(journal)), progress_(std::move(progress)), interrupt_(interrupt) {}

Status ArtefactWriter::end_item(const std::string& item, Json report) {
  QT_TRY_STATUS(journal_.end_item(item, std::move(report)));
  const std::size_t all = 1 + source_.spec.norms.size() + source_.spec.linears.size();
  if (progress_) progress_({"quantizing", journal_.items().size(), all});
  since_last_ = Stopwatch();
  if (stop_requested(interrupt_)) return interrupted();
  return {};
}

Status ArtefactWriter::set_embedding_rows(std::uint64_t first_row, const TensorView& rows) {
  if (journal_.has(kEmbeddingItem)) return {};
  const ModelSpec& spec = source_.spec;
  const std::uint64_t width = spec.hidden;
  const std::uint64_t count = rows.element_count() / width;
  const EmbeddingFormat format = source_.plan.embedding;
  std::vector<float> values(width);
  std::vector<std::uint16_t> bits(width);
  std::vector<std::int8_t> codes(width);
  for (std::uint64_t i = 0; i < count; ++i) {
    copy_as_float(rows, i * width, values);
    switch (format) {
      case EmbeddingFormat::kF32:
        QT_TRY_STATUS(journal_.append(std::as_bytes(std::span(values))));
        break;
      case EmbeddingFormat::kF16:
        std::ranges::transform(values, bits.begin(), [](float v) { return to_half(v).bits; });
        QT_TRY_STATUS(journal_.append(std::as_bytes(std::span(bits))));
        break;
      case EmbeddingFormat::kBF16:
        std::ranges::transform(values, bits.begin(), [](float v) { return to_bfloat16(v).bits; });
        QT_TRY_STATUS(journal_.append(std::as_bytes(std::span(bits))));
        break;
      case EmbeddingFormat::kI8Row:
        std::ranges::transform(values, values.begin(), round_to_half);
        embedding_absmax_.push_back(i8_row_absmax(values));
        i8_quantize_row(values, embedding_absmax_.back(), codes);
        QT_TRY_STATUS(journal_.append(std::as_bytes(std::span(codes))));
        break;
    }
  }
  if (first_row + count < spec.vocabulary) return {};
  const std::string module = module_of(spec.embedding);
  if (format == EmbeddingFormat::kI8Row) {
    journal_.end_tensor(module + ".codes", DType::kI8, {spec.vocabulary, width});
    QT_TRY_STATUS(journal_.append(std::as_bytes(std::span(embedding_absmax_))));
    journal_.end_tensor(module + ".row_absmax", DType::kF32, {spec.vocabulary});
    embedding_absmax_.clear();
  } else {
    const DType dtype = format == EmbeddingFormat::kF32   ? DType::kF32
                        : format == EmbeddingFormat::kF16 ? DType::kF16
                                                          : DType::kBF16;
    journal_.end_tensor(spec.embedding, dtype, {spec.vocabulary, width});
  }
  return end_item(kEmbeddingItem, {{"format", embedding_format_name(format)}});
}

Status ArtefactWriter::add_values(std::string name, std::vector<std::uint64_t> shape,
                                  const TensorView& view) {
  std::vector<float> values(view.element_count());
  copy_as_float(view, 0, values);
  for (float& value : values) value = rounded(value, source_.plan.rounding);
  const StoredTensor tensor =
      rounded_tensor(std::move(name), std::move(shape), values, source_.plan.rounding);
  QT_TRY_STATUS(journal_.append(tensor.bytes));
  journal_.end_tensor(tensor.name, tensor.dtype, tensor.shape);
  return {};
}

Status ArtefactWriter::set_norm(const NormSpec& norm, const TensorView& weight, const TensorView* bias) {
  if (journal_.has(norm.weight)) return {};
  QT_TRY_STATUS(add_values(norm.weight, {source_.spec.hidden}, weight));
  if (norm.bias && bias != nullptr) QT_TRY_STATUS(add_values(*norm.bias, {source_.spec.hidden}, *bias));
  return end_item(norm.weight, Json::object());
}

bool ArtefactWriter::has_linear(const LinearSpec& linear) const { return journal_.has(linear.name); }

const LayerPlan& ArtefactWriter::plan_of(const LinearSpec& linear) const {
  const auto at = std::ranges::find(source_.plan.layers, linear.name, &LayerPlan::linear);
  QT_CHECK(at != source_.plan.layers.end(), "the layer is one of the plan's");
  return *at;
}

Result<Json> ArtefactWriter::report_on(const LinearSpec& linear, const PackedLinear& packed) const {
  const double weights = static_cast<double>(packed.out_features) * static_cast<double>(packed.in_features);
  const std::uint64_t bias_bytes = packed.bias.size() * sizeof(float);
  Json report{{"layer", linear.name},
              {"format", format_text(plan_of(linear))},
              {"bits_per_weight", 8.0 * static_cast<double>(packed_bytes(packed) - bias_bytes) / weights},
              {"bytes", packed_bytes(packed)}};
  if (packed.low_rank.rank > 0) {
    report["adapter_bytes"] = low_rank_bytes(packed.out_features, packed.in_features, packed.low_rank.rank);
  }
  // What the original was is not known of weights that came quantized; factors that went into what stands
  // before or behind are not known here.
  const Method method = plan_of(linear).recipe.method;
  const bool scaled = method == Method::kSmoothQuant || method == Method::kAwq;
  if (!source_.checkpoint.quantization() && !scaled) {
    QT_TRY(const TensorData original, source_.checkpoint.tensor(linear.weight));
    Distortion distortion;
    std::vector<float> row(linear.in_features);
    std::vector<float> stored(linear.in_features);
    for (std::uint64_t n = 0; n < linear.out_features; ++n) {
      copy_as_float(original.view(), n * linear.in_features, row);
      packed_row(packed, n, stored);
      distortion.add(row, stored);
    }
    source_.checkpoint.drop_pages(linear.weight);
    report["sqnr_db"] = optional_number(distortion.sqnr_db());
    report["cosine"] = optional_number(distortion.cosine());
    report["largest_error"] = distortion.largest_error();
  }
  report["seconds"] = static_cast<double>(since_last_.elapsed_ns()) * 1e-9;
  return report;
}

Status ArtefactWriter::set_linear(const LinearSpec& linear, PackedLinear&& given) {
  if (has_linear(linear)) return {};
  const PackedLinear packed = std::move(given);
  QT_TRY(Json report, report_on(linear, packed));
  QT_TRY(const std::vector<StoredTensor> tensors, source_.format.tensors(linear, packed, source_.plan));
  for (const StoredTensor& tensor : tensors) {
    QT_TRY_STATUS(journal_.append(tensor.bytes));
    journal_.end_tensor(tensor.name, tensor.dtype, tensor.shape);
  }
  return end_item(linear.name, std::move(report));
}

Json ArtefactWriter::layer_reports() const {
  Json reports = Json::array();
  for (const LinearSpec& linear : source_.spec.linears) {
    const auto item = journal_.items().find(linear.name);
    if (item != journal_.items().end()) reports.push_back(item->second.report);
  }
  return reports;
}

Status ArtefactWriter::write_files(const std::filesystem::path& folder, Json manifest, const Json& report) {
  QT_TRY_STATUS(create_folders(folder));
  QT_TRY(const Json config, artefact_config(source_.checkpoint, source_.plan,
                                            source_.format.config(source_.spec, source_.plan)));
  QT_TRY_STATUS(copy_tokenizer(source_.checkpoint, folder));
  QT_TRY(const std::vector<std::string> names, write_weight_files(folder, journal_));
  Json tensors = Json::array();
  for (const auto& [item, content] : journal_.items()) {
    for (const JournalTensor& tensor : content.tensors) {
      tensors.push_back({{"name", tensor.name},
                         {"part_of", item},
                         {"dtype", dtype_name(tensor.dtype)},
                         {"shape", tensor.shape}});
    }
  }
  Json files = Json::array();
  for (const std::string& name : names) {
    QT_TRY(const std::string sha256, sha256_hex_of_file(folder / name));
    files.push_back({{"name", name}, {"sha256", sha256}});
  }
  manifest["files"] = std::move(files);
  manifest["tensors"] = std::move(tensors);
  QT_TRY_STATUS(write_file_atomically(folder / "quantization_report.json", report.dump(2) + "\n"));
  QT_TRY_STATUS(write_file_atomically(folder / "config.json", config.dump(2) + "\n"));
  return write_file_atomically(folder / "quantier.json", manifest.dump(2) + "\n");
}

}  // namespace quantier
