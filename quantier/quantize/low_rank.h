// The factors of an adapter that stays beside the weights, as halves: A [rank, in], B [out, rank], rounded to
// nearest, and the scaling alpha / r as a float. Errors: kUserInput naming factor, row and column of what is
// not finite or beyond half's range.
#pragma once

#include "quantier/base/error.h"
#include "quantier/checkpoint/adapter/lora_merge.h"
#include "quantier/checkpoint/model_spec.h"
#include "quantier/formats/packed_linear.h"

namespace quantier {

[[nodiscard]] Result<LowRank> store_low_rank(const LinearSpec& linear, const LoraFactors& factors);

}  // namespace quantier
