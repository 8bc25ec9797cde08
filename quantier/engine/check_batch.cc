#include "quantier/engine/check_batch.h"

#include <fmt/format.h>

namespace quantier {

Status check_batch(const ModelSpec& spec, const TokenBatch& batch) {
  for (std::size_t text = 0; text < batch.size(); ++text) {
    const std::size_t length = batch.offsets[text + 1] - batch.offsets[text];
    if (length == 0) {
      return fail(ErrorKind::kUserInput, "a text has no tokens",
                  fmt::format("text {} of the batch", text + 1), "a classifier needs at least one token",
                  "remove empty texts");
    }
    if (length > spec.max_positions) {
      return fail(ErrorKind::kUserInput, "a text is longer than the model's positions",
                  fmt::format("text {} of the batch", text + 1),
                  fmt::format("{} tokens, {} positions", length, spec.max_positions),
                  "cut the texts with --max-length");
    }
  }
  for (const std::int32_t id : batch.tokens) {
    if (id < 0 || static_cast<std::uint64_t>(id) >= spec.vocabulary) {
      return fail(ErrorKind::kUserInput, "a token id is outside the vocabulary", "",
                  fmt::format("id {}, vocabulary of {}", id, spec.vocabulary));
    }
  }
  return {};
}

}  // namespace quantier
