// Names of the tensors in adapter_model.safetensors, taken apart.
//
// peft writes base_model.model.MODULE.lora_A.weight; older versions and hand-made files keep the adapter's
// name (MODULE.lora_A.default.weight) or leave the prefix out. A saved module's tensors stand under their own
// names, those of a layer that LoRA wraps under MODULE.base_layer, the untouched copy beside a saved module
// under MODULE.original_module. Errors: kUnsupported for the tensors of other methods (DoRA's magnitudes, a
// bias of B) and for two adapters in one file; kCorruptData for a name that leads nowhere.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "quantier/base/error.h"

namespace quantier {

enum class AdapterPart : std::uint8_t {
  kA,              // lora_A: [r, in]
  kB,              // lora_B: [out, r]
  kEmbeddingA,     // lora_embedding_A: [r, vocabulary]
  kEmbeddingB,     // lora_embedding_B: [hidden, r]
  kTrainedTokens,  // rows of an embedding, [tokens, hidden]
  kWhole,          // replaces the base's tensor `name`
  kUntouched,      // a copy of the base's tensor, not used once the adapter is active
};

struct AdapterKey {
  AdapterPart part = AdapterPart::kWhole;
  std::string name;             // module ("model.layers.0.attn.Wqkv"), or tensor for kWhole and kUntouched
  bool is_second_copy = false;  // kWhole, from MODULE.modules_to_save: beside the tensor under its own name
};

// In the order of `names`. `file` stands in errors.
[[nodiscard]] Result<std::vector<AdapterKey>> parse_adapter_keys(const std::vector<std::string>& names,
                                                                 std::string_view file);

}  // namespace quantier
