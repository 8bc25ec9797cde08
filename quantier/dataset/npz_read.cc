#include <algorithm>
#include <array>
#include <limits>
#include <memory>
#include <unordered_set>

#include <fmt/format.h>
#include <zip.h>

#include "quantier/base/file.h"
#include "quantier/base/utf8.h"
#include "quantier/dataset/npy.h"
#include "quantier/dataset/npz.h"

namespace quantier {
namespace {

using npy::corrupt;
using npy::kMaxArrayBytes;

// Small arrays of zeros compress a thousandfold; a large one that does is an attack on memory.
constexpr std::uint64_t kTrustedBytes = std::uint64_t{64} << 20;
constexpr std::uint64_t kMaxRatio = 100;
constexpr std::int64_t kMaxEntries = 4096;
constexpr std::size_t kPieceBytes = std::size_t{1} << 18;
constexpr std::size_t kDropBytes = std::size_t{1} << 24;
constexpr std::size_t kLongestHeader = std::size_t{1} << 16;

struct ArchiveDeleter {
  void operator()(zip_t* archive) const { zip_discard(archive); }
};
struct FileDeleter {
  void operator()(zip_file_t* file) const { zip_fclose(file); }
};

// One entry of an archive, read from its beginning to its end.
class Entry {
 public:
  static Result<Entry> open(zip_t* archive, std::uint64_t index, const zip_stat_t& info,
                            std::string_view place) {
    constexpr zip_uint64_t kNeeded = ZIP_STAT_SIZE | ZIP_STAT_COMP_SIZE | ZIP_STAT_COMP_METHOD;
    if ((info.valid & kNeeded) != kNeeded) return corrupt(place, "the archive does not say its size");
    if ((info.valid & ZIP_STAT_ENCRYPTION_METHOD) != 0 && info.encryption_method != ZIP_EM_NONE) {
      return fail(ErrorKind::kUnsupported, "encrypted archives are not read", std::string(place));
    }
    if (info.comp_method != ZIP_CM_STORE && info.comp_method != ZIP_CM_DEFLATE) {
      return fail(ErrorKind::kUnsupported, "only stored and deflated arrays are read", std::string(place));
    }
    if (info.size > kMaxArrayBytes) return corrupt(place, fmt::format("it claims {} bytes", info.size));
    if (info.size > kTrustedBytes && info.size / kMaxRatio > info.comp_size) {
      return corrupt(place, fmt::format("{} bytes claim to become {}: that is a bomb, not an array",
                                        info.comp_size, info.size));
    }
    Entry entry;
    entry.file_.reset(zip_fopen_index(archive, index, 0));
    if (!entry.file_) return corrupt(place, zip_strerror(archive));
    entry.size_ = info.size;
    entry.place_ = place;
    return entry;
  }

  // Fills `out`; an error when the entry ends before.
  Status read(std::span<char> out) {
    std::size_t filled = 0;
    while (filled < out.size()) {
      const std::int64_t read = zip_fread(file_.get(), out.data() + filled, out.size() - filled);
      if (read < 0) return corrupt(place_, zip_file_strerror(file_.get()));
      if (read == 0) {
        return corrupt(place_, fmt::format("it ends after {} of {} bytes", at_ + filled, size_));
      }
      filled += static_cast<std::size_t>(read);
    }
    at_ += filled;
    return {};
  }
  // Reading past the end makes the library compare the checksum.
  Status finish() {
    char beyond = 0;
    const std::int64_t rest = zip_fread(file_.get(), &beyond, 1);
    if (rest < 0) return corrupt(place_, zip_file_strerror(file_.get()));
    if (rest > 0) return corrupt(place_, "it is longer than the archive says");
    return {};
  }
  [[nodiscard]] std::uint64_t size() const { return size_; }

 private:
  std::unique_ptr<zip_file_t, FileDeleter> file_;
  std::string place_;
  std::uint64_t size_ = 0;
  std::uint64_t at_ = 0;
};

// The header alone. `beginning` keeps every byte that was read.
Result<npy::Header> header_of(Entry& entry, std::string& beginning, std::string_view place) {
  beginning.resize(std::min<std::uint64_t>(entry.size(), 12));
  QT_TRY_STATUS(entry.read(beginning));
  std::size_t length = 0;
  if (beginning.size() >= 10) {
    const auto byte = [&](std::size_t i) {
      return static_cast<std::size_t>(static_cast<unsigned char>(beginning[i]));
    };
    length = byte(6) == 1 || beginning.size() < 12
                 ? 10 + (byte(8) | (byte(9) << 8))
                 : 12 + (byte(8) | (byte(9) << 8) | (byte(10) << 16) | (byte(11) << 24));
  }
  // A header that claims more than there is, or than any real one has, is refused by the parser below.
  length = std::min<std::size_t>({length, kLongestHeader, entry.size()});
  if (length > beginning.size()) {
    const std::size_t have = beginning.size();
    beginning.resize(length);
    QT_TRY_STATUS(entry.read(std::span(beginning).subspan(have)));
  }
  return npy::parse_header(beginning, place);
}

}  // namespace

struct NpzReader::State {
  MappedFile file;  // empty for bytes that belong to the caller
  std::unique_ptr<zip_t, ArchiveDeleter> archive;
  std::string source;
  std::vector<NpyInfo> arrays;

  [[nodiscard]] std::string place(std::size_t array) const {
    return fmt::format("{}, array {}", source, printable(arrays[array].name, 80));
  }
  Result<Entry> entry(std::size_t array) {
    zip_stat_t info;
    zip_stat_init(&info);
    if (zip_stat_index(archive.get(), array, 0, &info) != 0) {
      return corrupt(source, zip_strerror(archive.get()));
    }
    return Entry::open(archive.get(), array, info, place(array));
  }
  Status list();
};

// Every name and every header, so that a lie is found before any array is used.
Status NpzReader::State::list() {
  const std::int64_t entries = zip_get_num_entries(archive.get(), 0);
  if (entries <= 0) {
    return fail(ErrorKind::kCorruptData, "file holds no arrays", source, "the archive is empty");
  }
  if (entries > kMaxEntries) {
    return fail(ErrorKind::kCorruptData, "file has too many arrays", source,
                fmt::format("{}; at most {} are read", entries, kMaxEntries));
  }
  std::unordered_set<std::string> names;
  for (std::int64_t i = 0; i < entries; ++i) {
    const auto index = static_cast<std::size_t>(i);
    zip_stat_t info;
    zip_stat_init(&info);
    if (zip_stat_index(archive.get(), index, 0, &info) != 0 || (info.valid & ZIP_STAT_NAME) == 0) {
      return corrupt(source, zip_strerror(archive.get()));
    }
    std::string name(info.name);
    const bool is_array = name.ends_with(".npy");
    if (is_array) name.resize(name.size() - 4);
    arrays.push_back({.name = name, .type = {}, .shape = {}});
    const std::string where = place(index);
    if (!is_array) return corrupt(where, "an .npz archive holds .npy arrays only");
    if (!names.insert(name).second) return corrupt(where, "two arrays have this name");
    QT_TRY(Entry opened, Entry::open(archive.get(), index, info, where));
    std::string beginning;
    QT_TRY(const npy::Header header, header_of(opened, beginning, where));
    QT_TRY(const npy::ItemType item, npy::parse_type(header.type, where));
    QT_TRY_STATUS(npy::element_count(header, item, info.size - header.data_begin, where));
    arrays.back().type = header.type;
    arrays.back().shape = header.shape;
  }
  return {};
}

NpzReader::NpzReader(std::unique_ptr<State> state) : state_(std::move(state)) {}
NpzReader::NpzReader(NpzReader&&) noexcept = default;
NpzReader& NpzReader::operator=(NpzReader&&) noexcept = default;
NpzReader::~NpzReader() = default;

Result<NpzReader> NpzReader::open(const std::filesystem::path& path) {
  // Mapped rather than opened by the library: the error for a missing file is then the one for all files.
  QT_TRY(MappedFile file, MappedFile::open(path));
  QT_TRY(NpzReader reader, open(file.bytes(), path.string()));
  reader.state_->file = std::move(file);
  return reader;
}

Result<NpzReader> NpzReader::open(std::span<const std::byte> bytes, std::string source) {
  auto state = std::make_unique<State>();
  state->source = std::move(source);
  zip_error_t error;
  zip_error_init(&error);
  zip_source_t* buffer = zip_source_buffer_create(bytes.data(), bytes.size(), 0, &error);
  if (buffer != nullptr) state->archive.reset(zip_open_from_source(buffer, ZIP_RDONLY, &error));
  if (!state->archive) {
    if (buffer != nullptr) zip_source_free(buffer);
    return fail(ErrorKind::kCorruptData, "file is not an .npz archive", state->source,
                zip_error_strerror(&error), "write it with numpy.savez_compressed");
  }
  QT_TRY_STATUS(state->list());
  return NpzReader(std::move(state));
}

const std::vector<NpyInfo>& NpzReader::arrays() const { return state_->arrays; }
const std::string& NpzReader::source() const { return state_->source; }

std::optional<std::size_t> NpzReader::find(std::string_view name) const {
  const auto found = std::ranges::find(state_->arrays, name, &NpyInfo::name);
  if (found == state_->arrays.end()) return std::nullopt;
  return static_cast<std::size_t>(found - state_->arrays.begin());
}

Result<NpyArray> NpzReader::read(std::size_t array) {
  QT_TRY(Entry entry, state_->entry(array));
  std::string bytes(entry.size(), '\0');
  QT_TRY_STATUS(entry.read(bytes));
  QT_TRY_STATUS(entry.finish());
  return npy::parse(bytes, state_->arrays[array].name, state_->place(array));
}

Result<std::vector<float>> NpzReader::read_floats(std::size_t array) {
  const std::string place = state_->place(array);
  QT_TRY(Entry entry, state_->entry(array));
  std::string beginning;
  QT_TRY(const npy::Header header, header_of(entry, beginning, place));
  QT_TRY(const npy::ItemType item, npy::parse_type(header.type, place));
  if (item.kind != 'f') {
    return fail(ErrorKind::kUserInput, "array does not hold floats", place,
                fmt::format("its type is '{}'", printable(header.type, 40)),
                "name the array with the logits, for example with --map logits=KEY");
  }
  QT_TRY(const std::uint64_t count,
         npy::element_count(header, item, entry.size() - header.data_begin, place));
  std::vector<float> values(count);
  // What came along with the header belongs to the first elements.
  std::string piece = beginning.substr(header.data_begin);
  std::uint64_t done = 0;
  std::size_t since_drop = 0;
  while (done < count) {
    const std::size_t wanted =
        static_cast<std::size_t>(std::min<std::uint64_t>((count - done) * item.bytes, kPieceBytes));
    const std::size_t have = piece.size();
    if (wanted > have) {
      piece.resize(wanted);
      QT_TRY_STATUS(entry.read(std::span(piece).subspan(have)));
    }
    npy::to_floats(item, piece, values.data() + done);
    done += piece.size() / item.bytes;
    since_drop += piece.size();
    piece.clear();
    // What was decompressed is not needed again: file and result must not both stand in memory.
    if (since_drop >= kDropBytes) {
      state_->file.drop_pages(state_->file.bytes());
      since_drop = 0;
    }
  }
  QT_TRY_STATUS(entry.finish());
  return values;
}

Result<std::vector<NpyArray>> read_npz(const std::filesystem::path& path) {
  QT_TRY(NpzReader reader, NpzReader::open(path));
  std::vector<NpyArray> arrays;
  std::uint64_t total = 0;
  for (std::size_t i = 0; i < reader.arrays().size(); ++i) {
    QT_TRY(NpyArray array, reader.read(i));
    total += sizeof(float) * std::visit([](const auto& values) { return values.size(); }, array.values);
    if (total > 2 * kMaxArrayBytes) return corrupt(path.string(), "the arrays together are too large");
    arrays.push_back(std::move(array));
  }
  return arrays;
}

}  // namespace quantier
