// A classifier as the server of a load test: texts in, logits out.
//
// Texts are tokenized when their batch is taken, one after another on the thread that serves, as in the other
// timing protocols; the forward pass uses the classifier's threads. The logits are computed in full and
// thrown away. Errors: of the tokenizer and the classifier; kEnvironment when memory runs out (the batch is
// not made smaller: its size is what is being tested).
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "quantier/measure/open_loop.h"
#include "quantier/measure/protocols.h"

namespace quantier {

class ClassifierServer final : public LoadServer {
 public:
  // What `system` points to and `texts` must outlive this.
  ClassifierServer(const MeasuredSystem& system, std::span<const std::string> texts)
      : system_(system), texts_(texts) {}
  [[nodiscard]] Status serve(std::span<const std::uint32_t> requests) override;

 private:
  MeasuredSystem system_;
  std::span<const std::string> texts_;
  std::vector<std::int32_t> tokens_;
  std::vector<std::uint32_t> offsets_;
  std::vector<float> logits_;
};

}  // namespace quantier
