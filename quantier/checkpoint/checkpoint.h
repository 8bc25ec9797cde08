// An opened model: config.json typed into a ModelSpec and safetensors mapped into memory; with an adapter,
// its base and what the adapter changes.
//
// Of a whole model nothing is copied and no number is changed: `tensor(name)` is a view of the file. Of an
// adapter's model (a directory with adapter_config.json) a tensor that the adapter changes is computed when
// it is asked for and belongs to the caller, so the merged model never stands in memory: whoever reads it
// tensor by tensor, and a large table by `rows`, has one of them at a time. Opened with AdapterUse::kBeside,
// `tensor` leaves the low-rank updates of linear layers out, and `beside` has them: y = Q(W) x + scaling * B
// (A x). What else the adapter holds (saved modules, rows, an update of the embedding) still replaces.
//
// A path that ends in .gguf is one file with everything but the tokenizer: its blocks are decoded to floats,
// again one tensor, or some rows, at a time (gguf/gguf_model.h).
// A checkpoint of quantized weights opens as well: `quantization()` says who wrote it, and a layer whose
// weight is not there in floating point is read part by part (interchange/ knows what the parts mean).
//
// Files are only followed inside a directory (or, in a hub cache, from snapshots/ into blobs/). Errors:
// kEnvironment (missing files, a base model that is not found), kCorruptData (a header, an offset or a shape
// that lies, an adapter that does not fit), kUnsupported (another architecture, another kind of adapter, a
// pickle file), kUserInput (numbers that are not finite once merged), each with file and tensor.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "quantier/base/error.h"
#include "quantier/base/json.h"
#include "quantier/checkpoint/adapter/adapter.h"
#include "quantier/checkpoint/adapter/base_directory.h"
#include "quantier/checkpoint/hf_config.h"
#include "quantier/checkpoint/model_directory.h"
#include "quantier/checkpoint/model_spec.h"
#include "quantier/tensor/tensor_data.h"
#include "quantier/tensor/tensor_view.h"

namespace quantier {

// Present when the model is an adapter on a base.
struct AdapterInfo {
  std::filesystem::path directory;
  std::filesystem::path base;
  BaseFoundBy base_found_by = BaseFoundBy::kGiven;
  AdapterContent content;
};

class Checkpoint {
 public:
  [[nodiscard]] static Result<Checkpoint> open(const ModelLocation& location);
  [[nodiscard]] static Result<Checkpoint> open(const std::filesystem::path& directory);
  Checkpoint(Checkpoint&&) noexcept;
  Checkpoint& operator=(Checkpoint&&) noexcept;
  ~Checkpoint();

  [[nodiscard]] const ModelSpec& spec() const;
  // The model's, or the adapter's.
  [[nodiscard]] const std::filesystem::path& directory() const;
  // Where tokenizer.json is looked for: the base's directory when an adapter has none.
  [[nodiscard]] const std::filesystem::path& tokenizer_directory() const;
  // The files that weights come from: the model's in the order of their names, then the adapter's.
  [[nodiscard]] const std::vector<std::filesystem::path>& weight_files() const;
  // The files that shape the spec and the arithmetic: config.json, then adapter_config.json.
  [[nodiscard]] const std::vector<std::filesystem::path>& config_files() const;
  // config.json as it is stored; of a GGUF file, what its metadata say in the same words.
  [[nodiscard]] Result<Json> config() const;
  [[nodiscard]] const std::optional<AdapterInfo>& adapter() const;

  // Names must be ones that spec() names; anything else is a bug.
  [[nodiscard]] Result<TensorData> tensor(std::string_view name) const;
  // Rows [first, first + count) of a matrix.
  [[nodiscard]] Result<TensorData> rows(std::string_view name, std::uint64_t first,
                                        std::uint64_t count) const;
  // Element type and shape, without computing anything.
  [[nodiscard]] DType dtype(std::string_view name) const;
  [[nodiscard]] std::vector<std::uint64_t> shape(std::string_view name) const;
  // The low-rank update that tensor() leaves out because it stays beside the weight. Views live as long as
  // this.
  [[nodiscard]] std::optional<LoraFactors> beside(std::string_view name) const;
  // Whether updates stay beside.
  [[nodiscard]] AdapterUse adapter_use() const;
  // Present when the weights are quantized. Then has() tells which tensors of the specification stand in
  // floating point, and parts() names those of a module ("model.layers.0.attn.Wo") that stand for its weight.
  [[nodiscard]] const std::optional<StoredQuantization>& quantization() const;
  [[nodiscard]] bool has(std::string_view name) const;
  [[nodiscard]] std::vector<std::string> parts(std::string_view module) const;
  [[nodiscard]] std::optional<TensorView> part(std::string_view name) const;
  // Lets the system take back the pages of a tensor that has been read.
  void drop_pages(std::string_view name) const;

 private:
  Checkpoint();
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace quantier
