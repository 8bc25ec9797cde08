#include "quantier/tokenizer/bpe.h"

#include <algorithm>
#include <atomic>
#include <limits>
#include <memory>
#include <queue>
#include <unordered_map>

#include <fmt/format.h>

#include "quantier/base/check.h"
#include "quantier/base/utf8.h"
#include "quantier/tokenizer/unicode.h"
#include "quantier/tokenizer/word_cache.h"

namespace quantier::tokenizer_detail {
namespace {

constexpr std::size_t kScanLimit = 48;  // bytes; above it a word goes through the heap
constexpr std::size_t kCachesPerThread = 4;

// GPT-2's alphabet: printable Latin-1 stands for itself, the other bytes for U+0100 and up, in order.
std::array<std::uint32_t, 256> alphabet() {
  std::array<std::uint32_t, 256> out{};
  std::uint32_t next = 0x100;
  for (std::uint32_t byte = 0; byte < 256; ++byte) {
    const bool printable_latin =
        (byte >= 0x21 && byte <= 0x7E) || (byte >= 0xA1 && byte <= 0xAC) || byte >= 0xAE;
    out[byte] = printable_latin ? byte : next++;
  }
  return out;
}

// The bytes that a token stands for, or nullopt when it holds a character outside of the alphabet: no word
// can ever equal such a token.
std::optional<std::string> raw_bytes(std::string_view token) {
  static const auto kByteOf = [] {
    std::array<int, 0x144> table{};
    table.fill(-1);
    const auto letters = alphabet();
    for (int byte = 0; byte < 256; ++byte) table[letters[static_cast<std::size_t>(byte)]] = byte;
    return table;
  }();
  std::string out;
  for (std::size_t i = 0; i < token.size();) {
    const CodePoint c = decode_at(token.data() + i);
    if (c.value >= kByteOf.size() || kByteOf[c.value] < 0) return std::nullopt;
    out.push_back(static_cast<char>(kByteOf[c.value]));
    i += c.bytes;
  }
  return out;
}

std::uint64_t spread(std::uint64_t pair) {
  pair *= 0x9E3779B97F4A7C15u;
  return pair ^ (pair >> 29);
}

WordCache& cache_of(std::uint64_t serial) {
  thread_local std::vector<std::unique_ptr<WordCache>> caches;
  thread_local std::size_t next_victim = 0;
  for (const auto& cache : caches) {
    if (cache->model_serial == serial) return *cache;
  }
  if (caches.size() < kCachesPerThread) {
    caches.push_back(std::make_unique<WordCache>());
    caches.back()->model_serial = serial;
    return *caches.back();
  }
  WordCache& victim = *caches[next_victim];
  next_victim = (next_victim + 1) % kCachesPerThread;
  victim.clear();
  victim.model_serial = serial;
  return victim;
}

Status check_options(const Json& model, std::string_view source) {
  const auto unsupported = [&](std::string what, std::string why) {
    return fail(ErrorKind::kUnsupported, std::move(what), std::string(source), std::move(why));
  };
  QT_TRY(const auto type, json_find<std::string>(model, "type", source));
  if (type && *type != "BPE") {
    return unsupported(fmt::format("tokenizer model \"{}\" is not offered", printable(*type)),
                       "byte-level BPE is the only model known");
  }
  QT_TRY(const auto dropout, json_find<double>(model, "dropout", source));
  if (dropout && *dropout != 0) return unsupported("BPE dropout is not offered", "ids would be random");
  for (const char* name : {"fuse_unk", "byte_fallback"}) {
    QT_TRY(const auto value, json_find<bool>(model, name, source));
    if (value.value_or(false)) return unsupported(fmt::format("model.{} is not offered", name), "it is true");
  }
  for (const char* name : {"continuing_subword_prefix", "end_of_word_suffix"}) {
    QT_TRY(const auto value, json_find<std::string>(model, name, source));
    if (value && !value->empty()) {
      return unsupported(fmt::format("model.{} is not offered", name),
                         fmt::format("it is \"{}\"", printable(*value)));
    }
  }
  static constexpr std::string_view kKnown[] = {"type",
                                                "dropout",
                                                "unk_token",
                                                "continuing_subword_prefix",
                                                "end_of_word_suffix",
                                                "fuse_unk",
                                                "vocab",
                                                "byte_fallback",
                                                "merges",
                                                "ignore_merges"};
  for (const auto& [name, value] : model.items()) {
    if (std::ranges::find(kKnown, name) == std::end(kKnown)) {
      return unsupported(fmt::format("model.{} is not known", printable(name)), "");
    }
  }
  return {};
}

}  // namespace

const BpeModel::Merge* BpeModel::find_merge(std::int32_t left, std::int32_t right) const {
  const std::uint64_t key = pair_key(left, right);
  for (std::uint64_t at = spread(key) & merge_mask_;; at = (at + 1) & merge_mask_) {
    const Merge& merge = merges_[at];
    if (merge.pair == key) return &merge;
    if (merge.pair == ~std::uint64_t{0}) return nullptr;
  }
}

void BpeModel::add_merge(std::int32_t left, std::int32_t right, std::uint32_t rank, std::int32_t new_id) {
  const std::uint64_t key = pair_key(left, right);
  std::uint64_t at = spread(key) & merge_mask_;
  while (merges_[at].pair != key && merges_[at].pair != ~std::uint64_t{0}) at = (at + 1) & merge_mask_;
  merges_[at] = {key, rank, new_id};  // a pair listed twice: the later rank holds, as in the reference
}

Result<BpeModel> BpeModel::from_file(const TokenizerFile& file, std::string_view source) {
  const auto corrupt = [&](std::string what, std::string why) {
    return fail(ErrorKind::kCorruptData, std::move(what), std::string(source), std::move(why),
                "copy tokenizer.json again from where the model comes from");
  };
  const auto found = file.root.find("model");
  if (found == file.root.end() || !found->is_object()) return corrupt("the tokenizer has no model", "");
  const Json& model = *found;
  QT_TRY_STATUS(check_options(model, source));
  if (!file.has_vocabulary) return corrupt("the tokenizer has no vocabulary", "model.vocab is missing");

  BpeModel bpe;
  static std::atomic<std::uint64_t> next_serial{1};
  bpe.serial_ = next_serial.fetch_add(1);
  bpe.entries_ = file.vocabulary.size();

  std::unordered_map<std::string_view, std::int32_t> id_of;
  id_of.reserve(file.vocabulary.size());
  std::unordered_map<std::int32_t, std::string_view> token_of;
  token_of.reserve(file.vocabulary.size());
  for (const auto& [token, id] : file.vocabulary) {
    id_of.emplace(token, id);
    if (const auto [other, inserted] = token_of.emplace(id, token); !inserted) {
      return corrupt("two tokens share an id", fmt::format("\"{}\" and \"{}\" are both {}",
                                                           printable(other->second), printable(token), id));
    }
    bpe.largest_id_ = std::max(bpe.largest_id_, id);
  }

  QT_TRY(const auto unk_token, json_find<std::string>(model, "unk_token", source));
  std::int32_t unk_id = -1;
  if (unk_token) {
    const auto unk = id_of.find(*unk_token);
    if (unk == id_of.end()) {
      return corrupt("the unknown token is not in the vocabulary",
                     fmt::format("model.unk_token is \"{}\"", printable(*unk_token)));
    }
    unk_id = unk->second;
  }
  bpe.byte_id_.fill(unk_id);
  for (const auto& [token, id] : file.vocabulary) {
    if (token.size() > 2) continue;  // one character of the alphabet takes at most two bytes
    const auto bytes = raw_bytes(token);
    if (bytes && bytes->size() == 1) bpe.byte_id_[static_cast<unsigned char>((*bytes)[0])] = id;
  }

  QT_TRY(const auto ignore_merges, json_find<bool>(model, "ignore_merges", source));
  bpe.ignore_merges_ = ignore_merges.value_or(false);
  if (bpe.ignore_merges_) {
    for (const auto& [token, id] : file.vocabulary) {
      if (auto bytes = raw_bytes(token); bytes && !bytes->empty())
        bpe.words_.emplace_back(*std::move(bytes), id);
    }
    std::ranges::sort(bpe.words_);
  }

  const auto merges = model.find("merges");
  if (merges == model.end() || !merges->is_array()) {
    return corrupt("the tokenizer has no merges", "model.merges is not a list");
  }
  std::size_t slots = 16;
  while (slots < 2 * merges->size() + 2) slots *= 2;
  bpe.merges_.resize(slots);
  bpe.merge_mask_ = slots - 1;
  std::uint32_t rank = 0;
  std::string joined;
  for (const Json& merge : *merges) {
    std::string_view left;
    std::string_view right;
    if (merge.is_string()) {
      const std::string& line = merge.get_ref<const std::string&>();
      if (line.starts_with("#version")) continue;
      const auto space = line.find(' ');
      if (space == std::string::npos || line.find(' ', space + 1) != std::string::npos) {
        return corrupt("a merge is malformed", fmt::format("merge {}: \"{}\"", rank, printable(line)));
      }
      left = std::string_view(line).substr(0, space);
      right = std::string_view(line).substr(space + 1);
    } else if (merge.is_array() && merge.size() == 2 && merge[0].is_string() && merge[1].is_string()) {
      left = merge[0].get_ref<const std::string&>();
      right = merge[1].get_ref<const std::string&>();
    } else {
      return corrupt("a merge is malformed", fmt::format("merge {} is neither \"a b\" nor [a, b]", rank));
    }
    joined.assign(left).append(right);
    const auto left_id = id_of.find(left);
    const auto right_id = id_of.find(right);
    const auto new_id = id_of.find(joined);
    if (left_id == id_of.end() || right_id == id_of.end() || new_id == id_of.end()) {
      return corrupt("a merge speaks of a token that is not in the vocabulary",
                     fmt::format("merge {}: \"{}\" and \"{}\"", rank, printable(left), printable(right)));
    }
    bpe.add_merge(left_id->second, right_id->second, rank, new_id->second);
    ++rank;
  }
  return bpe;
}

std::int32_t BpeModel::find_word(std::string_view word) const {
  const auto found = std::ranges::lower_bound(
      words_, word, std::less<>{}, [](const auto& entry) { return std::string_view(entry.first); });
  return found != words_.end() && found->first == word ? found->second : -1;
}

void BpeModel::append_symbols(std::string_view word, std::vector<std::int32_t>& symbols) const {
  for (const char c : word) {
    if (const std::int32_t id = byte_id_[static_cast<unsigned char>(c)]; id >= 0) symbols.push_back(id);
  }
}

void BpeModel::append_ids_by_scan(std::string_view word, std::vector<std::int32_t>& ids) const {
  constexpr std::uint32_t kNone = std::numeric_limits<std::uint32_t>::max();
  const std::size_t start = ids.size();
  append_symbols(word, ids);
  std::size_t count = ids.size() - start;
  std::int32_t* symbol = ids.data() + start;
  struct Candidate {
    std::uint32_t rank;
    std::int32_t new_id;
  };
  std::array<Candidate, kScanLimit> small;
  std::vector<Candidate> large;
  if (count > kScanLimit) large.resize(count);
  Candidate* candidate = count > kScanLimit ? large.data() : small.data();
  const auto look_up = [&](std::size_t i) {
    const Merge* merge = find_merge(symbol[i], symbol[i + 1]);
    candidate[i] = merge == nullptr ? Candidate{kNone, 0} : Candidate{merge->rank, merge->new_id};
  };
  for (std::size_t i = 0; i + 1 < count; ++i) look_up(i);
  while (count > 1) {
    std::size_t best = 0;
    for (std::size_t i = 1; i + 1 < count; ++i) {
      if (candidate[i].rank < candidate[best].rank) best = i;
    }
    if (candidate[best].rank == kNone) break;
    symbol[best] = candidate[best].new_id;
    for (std::size_t i = best + 1; i + 1 < count; ++i) symbol[i] = symbol[i + 1];
    for (std::size_t i = best + 1; i + 2 < count; ++i) candidate[i] = candidate[i + 1];
    --count;
    if (best > 0) look_up(best - 1);
    if (best + 1 < count) look_up(best);
  }
  ids.resize(start + count);
}

void BpeModel::append_ids_by_heap(std::string_view word, std::vector<std::int32_t>& ids) const {
  struct Symbol {
    std::int32_t id;
    std::int32_t previous;
    std::int32_t next;  // -1: none
  };
  struct Candidate {
    std::uint32_t rank;
    std::int32_t at;
    std::int32_t new_id;
    bool operator>(const Candidate& other) const {
      return rank != other.rank ? rank > other.rank : at > other.at;
    }
  };
  std::vector<std::int32_t> first;
  append_symbols(word, first);
  const auto count = static_cast<std::int32_t>(first.size());
  std::vector<Symbol> symbols(first.size());
  for (std::int32_t i = 0; i < count; ++i) {
    symbols[static_cast<std::size_t>(i)] = {first[static_cast<std::size_t>(i)], i - 1,
                                            i + 1 < count ? i + 1 : -1};
  }
  const auto at = [&symbols](std::int32_t i) -> Symbol& { return symbols[static_cast<std::size_t>(i)]; };
  std::vector<Candidate> waiting;
  const auto offer = [&](std::int32_t left, auto&& take) {
    const std::int32_t right = at(left).next;
    if (right < 0) return;
    if (const Merge* merge = find_merge(at(left).id, at(right).id))
      take(Candidate{merge->rank, left, merge->new_id});
  };
  for (std::int32_t i = 0; i + 1 < count; ++i) offer(i, [&](Candidate c) { waiting.push_back(c); });
  std::priority_queue queue(std::greater<>{}, std::move(waiting));
  while (!queue.empty()) {
    const Candidate top = queue.top();
    queue.pop();
    Symbol& left = at(top.at);
    if (left.id < 0 || left.next < 0) continue;  // swallowed meanwhile, or the last one
    Symbol& right = at(left.next);
    const Merge* merge = find_merge(left.id, right.id);
    if (merge == nullptr || merge->new_id != top.new_id) continue;  // a neighbour changed meanwhile
    left.id = top.new_id;
    left.next = right.next;
    right.id = -1;
    if (left.next >= 0) at(left.next).previous = top.at;
    if (left.previous >= 0) offer(left.previous, [&](Candidate c) { queue.push(c); });
    offer(top.at, [&](Candidate c) { queue.push(c); });
  }
  for (const Symbol& symbol : symbols) {
    if (symbol.id >= 0) ids.push_back(symbol.id);
  }
}

void BpeModel::append_uncached(std::string_view word, std::vector<std::int32_t>& ids) const {
  if (ignore_merges_) {
    if (const std::int32_t id = find_word(word); id >= 0) {
      ids.push_back(id);
      return;
    }
  }
  if (word.size() <= kScanLimit) {
    append_ids_by_scan(word, ids);
  } else {
    append_ids_by_heap(word, ids);
  }
}

void BpeModel::append_ids(std::string_view word, std::vector<std::int32_t>& ids) const {
  if (word.empty()) return;
  if (word.size() > WordCache::kMaxWordBytes) {
    append_uncached(word, ids);
    return;
  }
  WordCache& cache = cache_of(serial_);
  const std::uint64_t hash = hash_bytes(word);
  if (const WordCache::Slot* slot = cache.find(word, hash)) {
    const auto known = cache.ids(*slot);
    ids.insert(ids.end(), known.begin(), known.end());
    return;
  }
  const std::size_t start = ids.size();
  append_uncached(word, ids);
  cache.insert(word, hash, std::span(ids).subspan(start));
}

}  // namespace quantier::tokenizer_detail
