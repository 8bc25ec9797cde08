// Writes a safetensors file, tensor by tensor, so that memory stays at one buffer of the caller's.
//
// The layout is that of the reference implementation: tensors by falling size of element and then by name,
// the header padded with spaces to a multiple of 8, no gaps. The file appears under its name only when it is
// complete. Errors: kEnvironment (the disk), and whatever a tensor's own `write` returns.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "quantier/base/error.h"
#include "quantier/base/file.h"
#include "quantier/tensor/dtype.h"

namespace quantier {

struct TensorToWrite {
  std::string name;
  DType dtype = DType::kF32;
  std::vector<std::uint64_t> shape;
  // Appends exactly product(shape) * dtype_bytes(dtype) bytes, little-endian.
  std::function<Status(const AppendFunction&)> write;
};

[[nodiscard]] Status write_safetensors(const std::filesystem::path& path, std::vector<TensorToWrite> tensors,
                                       const std::map<std::string, std::string>& metadata = {});

}  // namespace quantier
