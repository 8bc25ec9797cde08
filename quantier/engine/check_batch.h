// Whether a model can take a batch: every text has a token, none is longer than the model's positions, and
// every id is a row of the embedding. Errors: kUserInput, naming the text.
#pragma once

#include "quantier/base/error.h"
#include "quantier/checkpoint/model_spec.h"
#include "quantier/engine/token_batch.h"

namespace quantier {

[[nodiscard]] Status check_batch(const ModelSpec& spec, const TokenBatch& batch);

}  // namespace quantier
