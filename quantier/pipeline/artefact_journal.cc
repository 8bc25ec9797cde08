#include "quantier/pipeline/artefact_journal.h"

#include <utility>

#include <fmt/format.h>

#include "quantier/base/file.h"

namespace quantier {
namespace {

constexpr std::uint64_t kMaxJournalBytes = std::uint64_t{1} << 28;

Json to_json(const std::string& name, const JournalItem& item) {
  Json tensors = Json::array();
  for (const JournalTensor& tensor : item.tensors) {
    tensors.push_back({{"name", tensor.name},
                       {"dtype", dtype_name(tensor.dtype)},
                       {"shape", tensor.shape},
                       {"offset", tensor.offset},
                       {"bytes", tensor.bytes}});
  }
  return {{"item", name}, {"tensors", std::move(tensors)}, {"report", item.report}};
}

// A line that Quantier wrote, or nothing.
Result<std::pair<std::string, JournalItem>> parse_item(const Json& json, std::string_view source) {
  const auto damaged = [&] {
    return fail(ErrorKind::kCorruptData, "the journal of an interrupted run is damaged", std::string(source),
                "", "remove its folder and start again");
  };
  if (!json.is_object()) return damaged();
  QT_TRY(std::string name, json_get<std::string>(json, "item", source));
  JournalItem item;
  const auto report = json.find("report");
  const auto tensors = json.find("tensors");
  if (report == json.end() || tensors == json.end() || !tensors->is_array()) return damaged();
  item.report = *report;
  for (const Json& each : *tensors) {
    if (!each.is_object() || !each.contains("shape") || !each["shape"].is_array()) return damaged();
    JournalTensor tensor;
    QT_TRY(tensor.name, json_get<std::string>(each, "name", source));
    QT_TRY(const std::string dtype, json_get<std::string>(each, "dtype", source));
    QT_TRY(const std::int64_t offset, json_get<std::int64_t>(each, "offset", source));
    QT_TRY(const std::int64_t bytes, json_get<std::int64_t>(each, "bytes", source));
    const auto known = dtype_from_name(dtype);
    if (!known || offset < 0 || bytes < 0) return damaged();
    tensor.dtype = *known;
    tensor.offset = static_cast<std::uint64_t>(offset);
    tensor.bytes = static_cast<std::uint64_t>(bytes);
    std::uint64_t expected = dtype_bytes(*known);
    for (const Json& size : each["shape"]) {
      if (!size.is_number_unsigned() ||
          __builtin_mul_overflow(expected, size.get<std::uint64_t>(), &expected)) {
        return damaged();
      }
      tensor.shape.push_back(size.get<std::uint64_t>());
    }
    if (expected != tensor.bytes) return damaged();
    item.tensors.push_back(std::move(tensor));
  }
  return std::pair(std::move(name), std::move(item));
}

std::unexpected<Error> another_identity(const Json& found, const Json& wanted,
                                        const std::filesystem::path& folder) {
  std::string differs;
  for (const auto& [key, value] : wanted.items()) {
    const auto there = found.is_object() ? found.find(key) : found.end();
    if (there != found.end() && *there == value) continue;
    differs += (differs.empty() ? "" : ", ") + key;
  }
  return fail(ErrorKind::kUsage, "an interrupted run in this place made something else", folder.string(),
              fmt::format("different: {}", differs.empty() ? "what it says about itself" : differs),
              "remove that folder to start over, or choose another --out");
}

}  // namespace

Result<ArtefactJournal> ArtefactJournal::open(const std::filesystem::path& folder, const Json& identity) {
  ArtefactJournal journal;
  QT_TRY(journal.lines_, AppendFile::open(folder / "journal.jsonl"));
  QT_TRY(journal.data_, AppendFile::open(folder / "tensors.data"));
  QT_TRY(const std::string text, read_text_file(folder / "journal.jsonl", kMaxJournalBytes));
  std::uint64_t whole = 0;
  std::uint64_t data_end = 0;
  QT_TRY_STATUS(journal.read(text, identity, whole, data_end));
  QT_TRY_STATUS(journal.lines_.cut(whole));
  QT_TRY_STATUS(journal.data_.cut(data_end));
  if (whole == 0) {
    QT_TRY_STATUS(journal.lines_.append(identity.dump() + "\n"));
    QT_TRY_STATUS(journal.lines_.sync());
  }
  journal.tensor_begin_ = data_end;
  journal.found_items_ = journal.items_.size();
  return journal;
}

Status ArtefactJournal::read(std::string_view text, const Json& identity, std::uint64_t& whole,
                             std::uint64_t& data_end) {
  const std::string source = lines_.path().string();
  for (std::size_t line = 1;; ++line) {
    const std::size_t end = text.find('\n', whole);
    if (end == std::string_view::npos) return {};
    QT_TRY(const Json json,
           parse_json(text.substr(whole, end - whole), fmt::format("line {} of {}", line, source)));
    if (line == 1) {
      if (json != identity) return another_identity(json, identity, lines_.path().parent_path());
    } else {
      QT_TRY(auto item, parse_item(json, source));
      for (const JournalTensor& tensor : item.second.tensors) {
        if (tensor.offset != data_end || tensor.bytes > data_.size() - data_end) {
          return fail(ErrorKind::kCorruptData, "the journal of an interrupted run is damaged", source,
                      fmt::format("line {} names bytes that are not there", line),
                      "remove its folder and start again");
        }
        data_end += tensor.bytes;
      }
      items_.insert(std::move(item));
    }
    whole = end + 1;
  }
}

void ArtefactJournal::end_tensor(std::string name, DType dtype, std::vector<std::uint64_t> shape) {
  open_.push_back({std::move(name), dtype, std::move(shape), tensor_begin_, data_.size() - tensor_begin_});
  tensor_begin_ = data_.size();
}

Status ArtefactJournal::end_item(const std::string& name, Json report) {
  JournalItem item{std::exchange(open_, {}), std::move(report)};
  QT_TRY_STATUS(data_.sync());
  QT_TRY_STATUS(lines_.append(to_json(name, item).dump() + "\n"));
  QT_TRY_STATUS(lines_.sync());
  items_.insert_or_assign(name, std::move(item));
  return {};
}

}  // namespace quantier
