#include "quantier/checkpoint/gguf/gguf.h"

#include <algorithm>
#include <bit>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "quantier/base/utf8.h"
#include "quantier/checkpoint/gguf/gguf_value.h"
#include "quantier/checkpoint/safetensors.h"

namespace quantier {
namespace {

using gguf_detail::Cursor;

constexpr std::uint32_t kMagic = 0x46554747;  // "GGUF"
constexpr std::uint32_t kVersion = 3;
constexpr std::uint32_t kBigEndianVersion = 0x03000000;
constexpr std::uint32_t kMaxDimensions = 4;
constexpr std::uint64_t kLeastPairBytes = 8 + 4 + 1;
constexpr std::uint64_t kLeastTensorBytes = 8 + 4 + 8 + 4 + 8;

class Parser {
 public:
  Parser(std::span<const std::byte> file, std::string_view source)
      : file_(file), cursor_(file), source_(source) {}

  Result<GgufHeader> parse() {
    QT_TRY_STATUS(read_counts());
    for (std::uint64_t i = 0; i < pairs_; ++i) QT_TRY_STATUS(read_pair());
    QT_TRY_STATUS(read_alignment());
    for (std::uint64_t i = 0; i < tensors_; ++i) QT_TRY_STATUS(read_tensor());
    QT_TRY_STATUS(place_tensors());
    return std::move(header_);
  }

 private:
  [[nodiscard]] std::unexpected<Error> corrupt(std::string why, std::string_view part = {}) const {
    std::string where = fmt::format("{}, byte {}", source_, cursor_.position());
    if (!part.empty()) where += fmt::format(", {}", part);
    return fail(ErrorKind::kCorruptData, "GGUF file is damaged", std::move(where), std::move(why),
                "download or export the file again");
  }
  [[nodiscard]] std::unexpected<Error> ends() const {
    return corrupt(fmt::format("the file ends here, in its header ({} bytes)", file_.size()));
  }

  Status read_counts() {
    const auto magic = cursor_.number<std::uint32_t>();
    if (!magic) return ends();
    if (*magic != kMagic) {
      return fail(ErrorKind::kCorruptData, "this is not a GGUF file", std::string(source_),
                  "it does not start with the letters GGUF");
    }
    const auto version = cursor_.number<std::uint32_t>();
    if (!version) return ends();
    if (*version != kVersion) {
      const bool big_endian = *version == kBigEndianVersion;
      return fail(ErrorKind::kUnsupported,
                  big_endian ? std::string("big-endian GGUF files are not read")
                             : fmt::format("version {} of GGUF is not read", *version),
                  std::string(source_), "version 3, little-endian, is", "convert the model again");
    }
    const auto tensors = cursor_.number<std::uint64_t>();
    const auto pairs = cursor_.number<std::uint64_t>();
    if (!tensors || !pairs) return ends();
    tensors_ = *tensors;
    pairs_ = *pairs;
    QT_TRY_STATUS(check_count("key-value pairs", pairs_, kLeastPairBytes));
    return check_count("tensors", tensors_, kLeastTensorBytes);
  }

  [[nodiscard]] Status check_count(const char* what, std::uint64_t count, std::uint64_t least_bytes) const {
    if (count > kMaxGgufEntries || count > cursor_.remaining() / least_bytes) {
      return corrupt(fmt::format("the header claims {} {}; {} bytes follow, and at most {} are read", count,
                                 what, cursor_.remaining(), kMaxGgufEntries));
    }
    return {};
  }

  Result<std::string_view> read_name(const char* what) {
    const auto text = gguf_detail::take_value(cursor_, GgufType::kString);
    if (!text) return corrupt(fmt::format("the name of a {}: {}", what, text.error()));
    return *text->as_string();
  }

  Status read_pair() {
    QT_TRY(const std::string_view key, read_name("key"));
    const std::string part = fmt::format("key {}", printable(key));
    const auto id = cursor_.number<std::uint32_t>();
    if (!id) return ends();
    const auto type = gguf_detail::type_from_id(*id);
    if (!type) return corrupt(fmt::format("{} is not the number of a value type", *id), part);
    const auto value = gguf_detail::take_value(cursor_, *type);
    if (!value) return corrupt(value.error(), part);
    if (!header_.metadata.emplace(key, *value).second) return corrupt("the key appears twice", part);
    return {};
  }

  Status read_alignment() {
    constexpr const char* kKey = "general.alignment";
    const GgufValue* value = header_.find(kKey);
    if (value == nullptr) return {};
    if (value->type != GgufType::kU32) {
      return corrupt(fmt::format("it is of type {}, not u32", gguf_type_name(value->type)), kKey);
    }
    header_.alignment = *value->as_unsigned();
    if (!std::has_single_bit(header_.alignment) || header_.alignment > kMaxGgufAlignment) {
      return corrupt(
          fmt::format("it is {}; a power of two up to {} is expected", header_.alignment, kMaxGgufAlignment),
          kKey);
    }
    return {};
  }

  Status read_tensor() {
    QT_TRY(const std::string_view name, read_name("tensor"));
    const std::string part = fmt::format("tensor {}", printable(name));
    if (!names_.insert(name).second) return corrupt("the name appears twice", part);
    GgufTensor tensor;
    tensor.name = name;
    const auto dimensions = cursor_.number<std::uint32_t>();
    if (!dimensions) return ends();
    if (*dimensions < 1 || *dimensions > kMaxDimensions) {
      return corrupt(fmt::format("it has {} dimensions; 1 to {} are expected", *dimensions, kMaxDimensions),
                     part);
    }
    for (std::uint32_t i = 0; i < *dimensions; ++i) {
      const auto size = cursor_.number<std::uint64_t>();
      if (!size) return ends();
      tensor.shape.push_back(*size);
    }
    std::ranges::reverse(tensor.shape);
    const auto type = cursor_.number<std::uint32_t>();
    const auto offset = cursor_.number<std::uint64_t>();
    if (!type || !offset) return ends();
    QT_TRY(tensor.type, read_type(*type, part));
    QT_TRY(tensor.bytes, bytes_of(tensor, part));
    tensor.begin = *offset;  // into the data, whose start is known once all tensors are described
    header_.tensors.push_back(std::move(tensor));
    return {};
  }

  [[nodiscard]] Result<GgmlType> read_type(std::uint32_t id, const std::string& part) const {
    if (const auto known = ggml_type_from_id(id)) return *known;
    if (const auto other = other_ggml_type_name(id)) {
      return fail(ErrorKind::kUnsupported, fmt::format("element type {} is not read", *other),
                  fmt::format("{}, {}", source_, part), "Quantier reads F32, F16, BF16, Q8_0, Q4_0 and Q4_1",
                  "convert the model to one of these");
    }
    return corrupt(fmt::format("{} is not the number of an element type", id), part);
  }

  [[nodiscard]] Result<std::uint64_t> bytes_of(const GgufTensor& tensor, const std::string& part) const {
    const std::uint64_t elements = ggml_block_elements(tensor.type);
    if (tensor.shape.back() % elements != 0) {
      return corrupt(fmt::format("rows of {} do not consist of whole {} blocks of {}", tensor.shape.back(),
                                 ggml_type_name(tensor.type), elements),
                     part);
    }
    std::uint64_t bytes = ggml_block_bytes(tensor.type);
    std::uint64_t count = 1;  // also in elements the product must fit
    for (std::size_t i = 0; i < tensor.shape.size(); ++i) {
      const bool last = i + 1 == tensor.shape.size();
      const std::uint64_t blocks = last ? tensor.shape[i] / elements : tensor.shape[i];
      if (tensor.shape[i] == 0) return corrupt("one of its sizes is 0", part);
      if (__builtin_mul_overflow(count, tensor.shape[i], &count) ||
          __builtin_mul_overflow(bytes, blocks, &bytes)) {
        return corrupt(fmt::format("the shape {} overflows 64 bits", shape_text(tensor.shape)), part);
      }
    }
    if (bytes > file_.size()) {
      return corrupt(fmt::format("{} {} needs {} bytes, the file has {}", ggml_type_name(tensor.type),
                                 shape_text(tensor.shape), bytes, file_.size()),
                     part);
    }
    return bytes;
  }

  // No sum below can overflow: positions and sizes are at most the file's, the alignment at most 1 MiB.
  [[nodiscard]] std::uint64_t aligned(std::uint64_t position) const {
    return (position + header_.alignment - 1) / header_.alignment * header_.alignment;
  }

  Status place_tensors() {
    const std::uint64_t start = aligned(cursor_.position());
    std::uint64_t end = cursor_.position();  // of the tensor before; without any, nothing need follow
    for (GgufTensor& tensor : header_.tensors) {
      const std::string part = fmt::format("tensor {}", printable(tensor.name));
      const std::uint64_t expected = aligned(end) - start;
      if (tensor.begin != expected) {
        return corrupt(fmt::format("it starts at byte {} of the data; after the tensor before it, {} is "
                                   "expected ({})",
                                   tensor.begin, expected, tensor.begin < expected ? "overlap" : "gap"),
                       part);
      }
      tensor.begin = start + expected;
      end = tensor.begin + tensor.bytes;
      if (end > file_.size()) {
        return corrupt(fmt::format("it ends at byte {} of a file of {}", end, file_.size()), part);
      }
    }
    if (file_.size() > aligned(end)) {
      return corrupt(fmt::format("the tensors end at byte {}, the file has {}", end, file_.size()));
    }
    return {};
  }

  std::span<const std::byte> file_;
  Cursor cursor_;
  std::string_view source_;
  std::uint64_t tensors_ = 0;
  std::uint64_t pairs_ = 0;
  std::set<std::string_view> names_;
  GgufHeader header_;
};

}  // namespace

const GgufValue* GgufHeader::find(std::string_view key) const {
  const auto found = metadata.find(key);
  return found == metadata.end() ? nullptr : &found->second;
}

Result<GgufHeader> parse_gguf(std::span<const std::byte> file, std::string_view source) {
  return Parser(file, source).parse();
}

Result<GgufFile> GgufFile::open(const std::filesystem::path& path) {
  QT_TRY(MappedFile file, MappedFile::open(path));
  QT_TRY(GgufHeader header, parse_gguf(file.bytes(), path.string()));
  return GgufFile(std::move(file), std::move(header));
}

std::span<const std::byte> GgufFile::bytes_of(const GgufTensor& tensor) const {
  return file_.bytes().subspan(static_cast<std::size_t>(tensor.begin),
                               static_cast<std::size_t>(tensor.bytes));
}

}  // namespace quantier
