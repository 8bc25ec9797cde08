// Writes a complete model directory of a real geometry with random weights, for benchmarks where no trained
// model is at hand:  random_model GEOMETRY DTYPE BASE_MODEL DIRECTORY
//   GEOMETRY  modernbert-base (150 M parameters) or qwen2.5-0.5b (494 M)
//   DTYPE     f32, f16 or bf16; shards of at most 256 MiB
// Labels are those of the base model, a directory, so that its data can be read. The tokenizer is the base
// model's, grown by random merges until its vocabulary has the geometry's size: tables of full size, and ids
// from all over the embedding.
#include <cstdio>
#include <filesystem>
#include <string>
#include <unordered_set>
#include <vector>

#include <fmt/format.h>

#include "quantier/base/file.h"
#include "quantier/base/json.h"
#include "quantier/base/rng.h"
#include "quantier/checkpoint/random_checkpoint.h"

namespace {

using quantier::DType;
using quantier::ErrorKind;
using quantier::Json;
using quantier::Result;
using quantier::Status;

constexpr std::uint64_t kShardBytes = std::uint64_t{256} << 20;
constexpr std::uint64_t kTokenizerStream = 0x70;
constexpr std::size_t kLongestTokenBytes = 24;

Result<quantier::RandomGeometry> geometry_named(const std::string& name, std::uint64_t classes) {
  if (name == "modernbert-base") return quantier::modernbert_base_geometry(classes);
  if (name == "qwen2.5-0.5b") return quantier::qwen2_half_billion_geometry(classes);
  return quantier::fail(ErrorKind::kUsage, "unknown geometry", name, "",
                        "known: modernbert-base, qwen2.5-0.5b");
}

Result<DType> dtype_named(const std::string& name) {
  if (name == "f32") return DType::kF32;
  if (name == "f16") return DType::kF16;
  if (name == "bf16") return DType::kBF16;
  return quantier::fail(ErrorKind::kUsage, "unknown element type", name, "", "known: f32, f16, bf16");
}

Status write_grown_tokenizer(const std::filesystem::path& base, std::uint64_t vocabulary,
                             const std::filesystem::path& path) {
  QT_TRY(const std::string text, quantier::read_text_file(base));
  QT_TRY(Json root, quantier::parse_json(text, base.string()));
  Json& model = root["model"];
  std::vector<std::string> tokens;
  std::unordered_set<std::string> known;
  // An ordered object looks a key up by walking over all of them: members are written as text instead.
  std::string members;
  for (const auto& [token, id] : model["vocab"].items()) {
    members += fmt::format("{}{}:{}", members.empty() ? "" : ",", Json(token).dump(), id.get<std::int64_t>());
    known.insert(token);
    // Special tokens take no part in merges.
    if (token.find_first_of("[]<>|") == std::string::npos) tokens.push_back(token);
  }
  std::uint64_t next = known.size();
  quantier::Philox random(0, kTokenizerStream);
  Json& merges = model["merges"];
  const bool as_pairs = !merges.empty() && merges[0].is_array();
  while (next < vocabulary) {
    const std::string left = tokens[random.next_below(tokens.size())];
    const std::string right = tokens[random.next_below(tokens.size())];
    std::string joined = left + right;
    if (joined.size() > kLongestTokenBytes || !known.insert(joined).second) continue;
    merges.push_back(as_pairs ? Json::array({left, right}) : Json(left + " " + right));
    members += fmt::format(",{}:{}", Json(joined).dump(), next++);
    tokens.push_back(std::move(joined));
  }
  constexpr const char* kHere = "members-go-here";
  model["vocab"] = kHere;
  std::string out = root.dump();
  const std::string place = fmt::format("\"{}\"", kHere);
  out.replace(out.find(place), place.size(), "{" + members + "}");
  return quantier::write_file_atomically(path, out);
}

Status take_labels(const Json& base, const std::filesystem::path& config) {
  QT_TRY(Json own, quantier::read_json_file(config.string()));
  for (const char* key : {"id2label", "label2id"}) own[key] = base[key];
  return quantier::write_file_atomically(config, own.dump(2) + "\n");
}

Status make(const std::string& geometry_name, const std::string& dtype_name,
            const std::filesystem::path& base, const std::filesystem::path& directory) {
  QT_TRY(const Json base_config, quantier::read_json_file((base / "config.json").string()));
  QT_TRY(const quantier::RandomGeometry geometry,
         geometry_named(geometry_name, base_config["id2label"].size()));
  QT_TRY(const DType dtype, dtype_named(dtype_name));
  QT_TRY_STATUS(quantier::write_random_checkpoint(directory, geometry,
                                                  {.dtype = dtype, .max_shard_bytes = kShardBytes}));
  QT_TRY_STATUS(take_labels(base_config, directory / "config.json"));
  return write_grown_tokenizer(base / "tokenizer.json", geometry.vocabulary, directory / "tokenizer.json");
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 5) {
    fmt::print(stderr, "usage: random_model GEOMETRY DTYPE BASE_MODEL DIRECTORY\n");
    return 2;
  }
  const Status status = make(argv[1], argv[2], argv[3], argv[4]);
  if (status) return 0;
  fmt::print(stderr, "random_model: {}\n", status.error().message());
  return 1;
}
