// Assembles a Classifier tensor by tensor, so that the checkpoint and its quantized form never stand in
// memory together: the caller reads one tensor, quantizes it, hands it over here (the engine may repack it),
// drops the source and goes on.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "quantier/base/error.h"
#include "quantier/base/thread_pool.h"
#include "quantier/engine/classifier.h"
#include "quantier/formats/model_sink.h"
#include "quantier/formats/plan.h"

namespace quantier {

// Tokens that a thread takes through the network together, about, with the CPU kernels that are chosen
// (cpu/kernels.h). Results do not depend on it.
[[nodiscard]] std::uint64_t micro_batch_tokens();

enum class EngineKind : std::uint8_t {
  kReference,  // scalar, slow, obvious: the truth that the fast path is tested against
  kCpu,        // vector kernels chosen for this machine
  kCuda,       // a CUDA device (cuda_engine.h)
};

struct EngineChoice {
  EngineKind kind = EngineKind::kCpu;
  std::uint32_t device = 0;  // of several CUDA devices

  // NOLINTNEXTLINE(google-explicit-constructor): a kind is a choice.
  constexpr EngineChoice(EngineKind which = EngineKind::kCpu, std::uint32_t index = 0)
      : kind(which), device(index) {}
  friend bool operator==(const EngineChoice&, const EngineChoice&) = default;
};

// "cpu", "cuda", "cuda:1"; kUsage for anything else.
[[nodiscard]] Result<EngineChoice> parse_device(std::string_view text);
[[nodiscard]] std::string device_text(const EngineChoice& engine);  // "cpu", "cuda:0"

class EngineBuilder : public ModelSink {
 public:
  // `pool` must outlive the classifier.
  static Result<std::unique_ptr<EngineBuilder>> create(const ModelSpec& spec, const Plan& plan,
                                                       EngineChoice engine, ThreadPool& pool);
  // What the caller knows and the plan does not (which texts the weights were chosen with): goes into the
  // executed plan.
  virtual void add_option(std::string name, std::string value) = 0;
  virtual void add_remark(std::string remark) = 0;
  // An error (kBug) when something that the spec names was not set.
  virtual Result<std::unique_ptr<Classifier>> finish() = 0;
};

}  // namespace quantier
