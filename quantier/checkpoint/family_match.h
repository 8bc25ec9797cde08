// The tensors that a family needs, found in the files of a model.
//
// The files must hold them exactly: all of them, nothing else, in the stated shapes. With an adapter, what it
// saved whole need not be in the base, and the base may be a pretrained model: without the classification
// head, with the head it was pretrained with, its tensors named with or without "model.". Errors:
// kCorruptData, kUnsupported (integers) with file and tensor.
//
// In a checkpoint of quantized weights, a linear layer or the embedding may stand as several tensors under
// the name of its module ("model.layers.0.attn.Wo" + ".weight_packed", ".weight_scale", ...), its weight
// among them or not. They are gathered as parts; what they must be is known to interchange/.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "quantier/base/error.h"
#include "quantier/checkpoint/adapter/adapter.h"
#include "quantier/checkpoint/families/family.h"
#include "quantier/checkpoint/weight_set.h"

namespace quantier {

// Tensor of the family -> where it is. A tensor that the adapter replaces may be absent.
using FamilyTensors = std::map<std::string, WeightSet::Found, std::less<>>;

// `parts`: null unless the weights are quantized. `adapter`: null for a whole model. `where` names the model
// in errors. Fills spec.ignored.
[[nodiscard]] Result<FamilyTensors> match_family(const FamilyModel& model, const WeightSet& weights,
                                                 const Adapter* adapter, const std::string& where,
                                                 ModelSpec& spec, FamilyTensors* parts = nullptr);

}  // namespace quantier
