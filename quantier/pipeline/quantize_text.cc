#include <fmt/format.h>

#include "quantier/base/utf8.h"
#include "quantier/pipeline/quantize_model.h"
#include "quantier/pipeline/quantize_repeats.h"

namespace quantier {
namespace {

std::string number(const Json& layer, const char* key, const char* form) {
  const auto found = layer.find(key);
  if (found == layer.end() || !found->is_number()) return "-";
  return fmt::format(fmt::runtime(form), found->get<double>());
}

double mib(std::uint64_t bytes) { return static_cast<double>(bytes) / (1024.0 * 1024.0); }

}  // namespace

std::string quantize_text(const QuantizeOutcome& outcome) {
  std::string text = fmt::format("  {:<28} {:<24} {:>9} {:>8} {:>9} {:>10} {:>10} {:>8}\n", "layer", "format",
                                 "bits/wt", "SQNR dB", "cosine", "max error", "output err", "seconds");
  for (const Json& layer : outcome.layers) {
    text += fmt::format("  {:<28} {:<24} {:>9} {:>8} {:>9} {:>10} {:>10} {:>8}\n",
                        layer.at("layer").get<std::string>(), layer.at("format").get<std::string>(),
                        number(layer, "bits_per_weight", "{:.3f}"), number(layer, "sqnr_db", "{:.2f}"),
                        number(layer, "cosine", "{:.6f}"), number(layer, "largest_error", "{:.3g}"),
                        number(layer, "output_error", "{:.4f}"), number(layer, "seconds", "{:.3f}"));
  }
  if (outcome.resumed_items > 0) {
    text += fmt::format("went on from an interrupted run: {} tensors or layers were there\n",
                        outcome.resumed_items);
  }
  if (!outcome.spread.is_null()) text += repeats_text(outcome.spread);
  return text + fmt::format("{} as {}: {:.1f} MiB from {:.1f} MiB in {:.1f} s\n{}\n", outcome.recipe,
                            outcome.format, mib(outcome.written_bytes), mib(outcome.source_bytes),
                            outcome.seconds, printable(outcome.out.string(), 400));
}

Json quantize_to_json(const QuantizeOutcome& outcome) {
  return {{"out", outcome.out.string()},
          {"recipe", outcome.recipe},
          {"format", outcome.format},
          {"resumed_items", outcome.resumed_items},
          {"source_bytes", outcome.source_bytes},
          {"written_bytes", outcome.written_bytes},
          {"seconds", outcome.seconds},
          {"calibration", outcome.calibration},
          {"calibration_spread", outcome.spread},
          {"layers", outcome.layers}};
}

}  // namespace quantier
