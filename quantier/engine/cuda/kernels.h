// The table of GPU kernels that a forward pass is made of, one table for each generation of cards.
//
// Why tables: the same text compiled for another generation is another kernel (kernels_body.cuh; sm_75 has
// neither asynchronous copies nor bfloat16), and a card can run the tables of all generations before its own.
// `--kernel-arch` asks for one. This header is plain C++20 and is read by both compilers.
//
// All pointers are device memory, all matrices row-major, rows one after another without padding between
// texts. "Element" is what activations are stored as, IEEE half or bfloat16; sums are float. Widths are
// multiples of 8 elements, so that 16 bytes are read at a time; `rows` may be anything, 0 launches nothing.
// A launch that cannot be made is seen by cudaGetLastError(), which the caller asks once a batch.
#pragma once

#include <cstdint>
#include <cuda_runtime_api.h>

namespace quantier::cuda {

enum class Element : std::uint8_t { kHalf, kBFloat16 };

// Where rows go that are quantized for an int8 product: codes [rows, width], one absmax a row
// (formats/i8_row.h). With a multiplier [width], x * multiplier is rounded to an element first.
struct QuantizedRows {
  std::int8_t* codes = nullptr;
  float* absmax = nullptr;
  const float* multiplier = nullptr;
};

struct EmbedTask {
  Element element = Element::kHalf;
  const std::int32_t* ids = nullptr;
  const void* table = nullptr;          // elements [vocabulary, width], or int8 codes
  const float* table_absmax = nullptr;  // [vocabulary] of int8 codes
  void* out = nullptr;
  std::uint32_t rows = 0;
  std::uint32_t width = 0;
};

// LayerNorm, or RMSNorm without a mean (`subtract_mean`). Writes elements, or, when `quantized.codes` is set,
// these: the values are rounded to elements before.
struct NormTask {
  Element element = Element::kHalf;
  bool subtract_mean = false;
  const void* x = nullptr;
  const float* weight = nullptr;
  const float* bias = nullptr;  // or null
  float epsilon = 0;
  void* out = nullptr;
  QuantizedRows quantized;
  std::uint32_t rows = 0;
  std::uint32_t width = 0;
};
// Rows of norms and of quantization are held in registers.
inline constexpr std::uint32_t kWidestNorm = 8192;

struct QuantizeTask {
  Element element = Element::kHalf;
  const void* x = nullptr;
  QuantizedRows out;
  std::uint32_t rows = 0;
  std::uint32_t width = 0;
};

// What a block of attention answers: queries [first, first + query_tile) of the text whose rows begin at
// `begin`.
struct AttentionItem {
  std::uint32_t begin = 0;
  std::uint32_t length = 0;
  std::uint32_t first = 0;
};
// Queries of a block: a short text would leave most of a large one idle.
[[nodiscard]] constexpr std::uint32_t query_tile_for(std::uint32_t longest_text) {
  return longest_text <= 32 ? 32 : longest_text <= 64 ? 64 : 128;
}

// Softmax(q k^T / sqrt(head_dim)) v with rotary embedding of q and k on the way in (Su et al. 2021,
// half-split pairs; rounded to elements), online softmax (Milakov, Gimelshein 2018; Dao et al. 2022).
// `rotations` are cos and sin, [positions, head_dim / 2].
struct AttentionTask {
  Element element = Element::kHalf;
  const void* queries = nullptr;  // of the first row's first head; rows are `stride` elements apart
  const void* keys = nullptr;
  const void* values = nullptr;
  std::uint32_t stride = 0;
  std::uint32_t heads = 0;
  std::uint32_t kv_heads = 0;
  std::uint32_t head_dim = 0;  // 64 or 128
  bool causal = false;
  std::int32_t half_window = -1;      // keys further away than this are not seen; -1: all are
  const float2* rotations = nullptr;  // null: queries and keys are rotated already
  const AttentionItem* items = nullptr;
  std::uint32_t query_tile = 0;  // of the items: 32, 64 or 128
  std::uint32_t item_count = 0;
  void* out = nullptr;  // [rows, heads * head_dim]
};

enum class Gate : std::uint8_t { kNone, kGelu, kSilu };

// Gates and ups alternate in blocks of so many columns, so that the thread that has a gate has its up.
inline constexpr std::uint32_t kGateBlock = 8;

// out[r, f] = activation(gate[r, f]) * up[r, f]; x [rows, 2 * width] with alternating blocks.
struct GateTask {
  Element element = Element::kHalf;
  Gate gate = Gate::kGelu;
  const void* x = nullptr;
  void* out = nullptr;
  std::uint32_t rows = 0;
  std::uint32_t width = 0;
};

// In place.
struct ActivateTask {
  Element element = Element::kHalf;
  Gate activation = Gate::kGelu;
  void* x = nullptr;
  std::uint32_t count = 0;  // elements
};

// out[i] = x[row_of[i]].
struct GatherTask {
  const void* x = nullptr;
  const std::uint32_t* row_of = nullptr;
  void* out = nullptr;
  std::uint32_t rows = 0;
  std::uint32_t width = 0;
};

// Means over the rows of each text: out [texts, width].
struct MeanTask {
  Element element = Element::kHalf;
  const void* x = nullptr;
  const std::uint32_t* offsets = nullptr;  // [texts + 1]
  void* out = nullptr;
  std::uint32_t texts = 0;
  std::uint32_t width = 0;
};

// out[r, c] = float(x[r, c]) for the first `columns` of `width`.
struct WidenTask {
  Element element = Element::kHalf;
  const void* x = nullptr;
  float* out = nullptr;
  std::uint32_t rows = 0;
  std::uint32_t width = 0;
  std::uint32_t columns = 0;
};

// What follows a product before it is stored. All values are rounded to elements where a framework would
// store them.
enum class Finish : std::uint8_t {
  kStore,     // as it is
  kAdd,       // plus what stands in out
  kRotate,    // rotary embedding of the first `rotated` columns, heads of 64 (AttentionTask)
  kGateGelu,  // activation(gate) * up of alternating blocks; out is then [rows, outputs / 2]
  kGateSilu,
};

// out = finish(x W^T + bias). With maxima both operands are int8, one scale for each row of x and of W, sums
// in int32 that are never stored (formats/i8_row.h: i8_product); without, elements with float sums.
struct ProductTask {
  Element element = Element::kHalf;
  const void* x = nullptr;               // [rows, inputs]
  const float* x_absmax = nullptr;       // [rows] of int8, or null
  const void* weights = nullptr;         // [outputs, inputs]
  const float* weight_absmax = nullptr;  // [outputs] of int8, or null
  const float* bias = nullptr;           // [outputs] or null
  Finish finish = Finish::kStore;
  const float2* rotations = nullptr;         // [positions, 32] for kRotate
  const std::uint32_t* positions = nullptr;  // [rows]
  std::uint32_t rotated = 0;                 // a multiple of 64
  void* out = nullptr;
  std::uint32_t rows = 0;
  std::uint32_t outputs = 0;       // a multiple of 16
  std::uint32_t inputs = 0;        // a multiple of 16
  std::uint32_t tile_columns = 0;  // for measurements: a tile other than the table's own choice
};

struct Kernels {
  const char* name;  // "sm75", "sm80", "sm90"
  int arch;          // the least compute capability, as 10 * major + minor
  bool has_bfloat16;
  void (*embed)(const EmbedTask&, cudaStream_t);
  void (*norm)(const NormTask&, cudaStream_t);
  void (*quantize)(const QuantizeTask&, cudaStream_t);
  void (*attention)(const AttentionTask&, cudaStream_t);
  void (*gate)(const GateTask&, cudaStream_t);
  void (*activate)(const ActivateTask&, cudaStream_t);
  void (*gather)(const GatherTask&, cudaStream_t);
  void (*mean)(const MeanTask&, cudaStream_t);
  void (*widen)(const WidenTask&, cudaStream_t);
  // Errors: cudaErrorNotSupported for what the table has no kernel for. That of int8 is in every table, for
  // half and without kRotate; `float_product` may be null.
  cudaError_t (*i8_product)(const ProductTask&, cudaStream_t);
  cudaError_t (*float_product)(const ProductTask&, cudaStream_t);
  // What the driver made the table's code from and for: 75 and 90 for sm_75 code that was compiled from PTX
  // on a Hopper card.
  cudaError_t (*versions)(int* ptx, int* binary);
};

extern const Kernels kSm75Kernels;
extern const Kernels kSm80Kernels;
extern const Kernels kSm90Kernels;

}  // namespace quantier::cuda
