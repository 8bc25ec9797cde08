// A quantized model while it is being written: one file that grows with the bytes of its tensors, and beside
// it a journal with one line for each finished item (a layer, a norm, the embedding). What a line names has
// reached the disk before the line; whatever is torn at the end is cut off when the work goes on.
//
// The first line says what is being made: source, plan, format, version. Work goes on only where it is the
// same. Errors: kUsage where it is not, kEnvironment (the disk, another process), kCorruptData for a journal
// that is none.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "quantier/base/append_file.h"
#include "quantier/base/error.h"
#include "quantier/base/json.h"
#include "quantier/tensor/dtype.h"

namespace quantier {

struct JournalTensor {
  std::string name;
  DType dtype = DType::kF32;
  std::vector<std::uint64_t> shape;
  std::uint64_t offset = 0;  // in the data file
  std::uint64_t bytes = 0;
};

struct JournalItem {
  std::vector<JournalTensor> tensors;
  Json report;
};

class ArtefactJournal {
 public:
  // `folder` exists. `identity`: an object.
  [[nodiscard]] static Result<ArtefactJournal> open(const std::filesystem::path& folder,
                                                    const Json& identity);

  [[nodiscard]] bool has(std::string_view item) const { return items_.contains(item); }
  [[nodiscard]] const std::map<std::string, JournalItem, std::less<>>& items() const { return items_; }
  [[nodiscard]] std::size_t found_items() const { return found_items_; }  // when it was opened
  [[nodiscard]] const std::filesystem::path& data_path() const { return data_.path(); }

  // Bytes of the tensor that end_tensor then names.
  [[nodiscard]] Status append(std::span<const std::byte> bytes) { return data_.append(bytes); }
  void end_tensor(std::string name, DType dtype, std::vector<std::uint64_t> shape);
  // All tensors since the last call are one finished item.
  [[nodiscard]] Status end_item(const std::string& item, Json report);

 private:
  Status read(std::string_view text, const Json& identity, std::uint64_t& whole, std::uint64_t& data_end);

  AppendFile lines_;
  AppendFile data_;
  std::map<std::string, JournalItem, std::less<>> items_;
  std::vector<JournalTensor> open_;
  std::uint64_t tensor_begin_ = 0;
  std::size_t found_items_ = 0;
};

}  // namespace quantier
