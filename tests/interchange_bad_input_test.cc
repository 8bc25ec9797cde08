// Checkpoints of quantized weights that lie: for every format that is read, every tensor missing, of another
// type, of another shape or with values that no program writes; descriptions that contradict the tensors. The
// answer is an error that names the tensor, or the model; never a crash, a hang or a read out of bounds.
#include <cstring>
#include <functional>
#include <limits>

#include <gmock/gmock.h>

#include "quantier/base/json.h"
#include "quantier/checkpoint/random_checkpoint.h"
#include "quantier/interchange/stored_model.h"
#include "tests/command_line.h"

namespace quantier::testing {
namespace {

using ::testing::AnyOf;
using ::testing::Eq;
using ::testing::HasSubstr;

struct Case {
  const char* format;
  const char* recipe;
};
void PrintTo(const Case& c, std::ostream* out) { *out << c.format << " " << c.recipe; }

// A safetensors file taken apart.
struct Parts {
  Json header;
  std::string data;
};

Parts take_apart(const std::string& file) {
  std::uint64_t length = 0;
  std::memcpy(&length, file.data(), sizeof length);
  return {Json::parse(file.substr(8, length)), file.substr(8 + length)};
}

std::string put_together(const Parts& parts) {
  const std::string header = parts.header.dump();
  const std::uint64_t length = header.size();
  return std::string(reinterpret_cast<const char*>(&length), sizeof length) + header + parts.data;
}

class QuantizedFile : public CommandLineTest, public ::testing::WithParamInterface<Case> {
 protected:
  void SetUp() override {
    CommandLineTest::SetUp();
    RandomGeometry geometry;
    geometry.intermediate = 64;
    geometry.layers = 1;
    geometry.hidden = 64;
    ASSERT_TRUE(write_random_checkpoint(folder_ / "model", geometry, {.dtype = DType::kF16}));
    write_file(folder_ / "model/tokenizer.json", "{}");
    const ProgramResult written =
        quantier("quantize " + (folder_ / "model").string() + " --recipe " + GetParam().recipe +
                 " --format " + GetParam().format + " --out " + model().string());
    ASSERT_EQ(written.exit_code, 0) << written.err;
    good_ = read_file(model() / "model.safetensors");
    ASSERT_TRUE(open());
  }
  [[nodiscard]] std::filesystem::path model() const { return folder_ / "q"; }

  // Everything that a program does with the file.
  [[nodiscard]] Status open() const {
    QT_TRY(const Checkpoint checkpoint, Checkpoint::open(model()));
    QT_TRY(const Plan plan, stored_plan(checkpoint));
    QT_TRY_STATUS(stored_embedding_rows(checkpoint, plan, 0, checkpoint.spec().vocabulary));
    for (std::size_t i = 0; i < plan.layers.size(); ++i) {
      const LinearSpec& linear = checkpoint.spec().linears[i];
      QT_TRY(const PackedLinear packed, stored_linear(checkpoint, linear, plan.layers[i].recipe, plan));
      if (packed_bytes(packed) - found_bytes(packed) != plan.layers[i].bytes) {
        return fail(ErrorKind::kBug, "a layer is not what the plan says");
      }
    }
    return {};
  }
  Status open_with(const Parts& parts) {
    write_file(model() / "model.safetensors", put_together(parts));
    const Status status = open();
    if (!status) {
      EXPECT_THAT(status.error().kind,
                  AnyOf(Eq(ErrorKind::kCorruptData), Eq(ErrorKind::kUnsupported), Eq(ErrorKind::kUserInput)))
          << status.error().message();
      EXPECT_FALSE(status.error().where.empty()) << status.error().message();
    }
    return status;
  }
  // The names of the tensors that stand for quantized weights of layer 0.
  [[nodiscard]] std::vector<std::string> quantized() const {
    std::vector<std::string> names;
    const Json header = take_apart(good_).header;
    for (const auto& [name, entry] : header.items()) {
      if (name.starts_with("model.layers.0.") && name.find("norm") == std::string::npos)
        names.push_back(name);
    }
    return names;
  }
  // Without the tensor; its bytes are given to nobody, so the data is cut out.
  static void remove(Parts& parts, const std::string& name) {
    const auto begin = parts.header[name]["data_offsets"][0].get<std::uint64_t>();
    const auto end = parts.header[name]["data_offsets"][1].get<std::uint64_t>();
    parts.data.erase(begin, end - begin);
    parts.header.erase(name);
    for (auto& [other, entry] : parts.header.items()) {
      if (other == "__metadata__") continue;
      for (auto& offset : entry["data_offsets"]) {
        if (offset.get<std::uint64_t>() >= end) offset = offset.get<std::uint64_t>() - (end - begin);
      }
    }
  }
  std::string good_;
};

TEST_P(QuantizedFile, WithoutOneOfItsTensorsIsRefused) {
  ASSERT_GE(quantized().size(), 4U);
  for (const std::string& name : quantized()) {
    Parts parts = take_apart(good_);
    remove(parts, name);
    const bool may_be_absent = name.ends_with(".weight_format") || name.ends_with(".g_idx");
    EXPECT_EQ(open_with(parts).has_value(), may_be_absent) << name;
  }
}

TEST_P(QuantizedFile, OfOtherTypesOrShapesIsRefused) {
  for (const std::string& name : quantized()) {
    const Json entry = take_apart(good_).header[name];
    const std::uint64_t size =
        entry["data_offsets"][1].get<std::uint64_t>() - entry["data_offsets"][0].get<std::uint64_t>();
    const auto with = [&](const std::string& dtype, std::uint64_t element, const Json& shape) {
      if (size % element != 0) return;
      Parts parts = take_apart(good_);
      parts.header[name]["dtype"] = dtype;
      parts.header[name]["shape"] = shape.is_null() ? Json{size / element} : shape;
      if (parts.header[name] == entry) return;
      const Status status = open_with(parts);
      // Scales may be stored in other floating types, and a scalar as one element.
      const bool flat_scalar = size <= 8;
      if (status && !flat_scalar) {
        EXPECT_THAT(name, AnyOf(HasSubstr("scale"), HasSubstr("codes"), HasSubstr("quant_state")))
            << dtype << " " << parts.header[name];
      }
    };
    for (const auto& [dtype, element] : {std::pair{"F64", 8},
                                         {"F32", 4},
                                         {"I32", 4},
                                         {"F16", 2},
                                         {"BF16", 2},
                                         {"I16", 2},
                                         {"I8", 1},
                                         {"U8", 1},
                                         {"BOOL", 1},
                                         {"F8_E4M3", 1}}) {
      with(dtype, static_cast<std::uint64_t>(element), nullptr);
      with(dtype, static_cast<std::uint64_t>(element), Json{1, size / static_cast<std::uint64_t>(element)});
      if (entry["shape"].size() == 2) {
        with(dtype, static_cast<std::uint64_t>(element), Json{entry["shape"][1], entry["shape"][0]});
      }
    }
  }
}

TEST_P(QuantizedFile, WithATensorTooManyIsRefused) {
  for (const char* name : {"model.layers.0.attn.Wo.extra", "model.layers.0.attn.Wo.weight.more",
                           "model.layers.0.attn.Wo.", "model.layers.1.attn.Wo.weight_packed",
                           "classifier.qweight", "head.dense.SCB", "model.embeddings.tok_embeddings.extra"}) {
    Parts parts = take_apart(good_);
    const std::uint64_t end = parts.data.size();
    parts.data += std::string(8, '\0');
    parts.header[name] = {{"dtype", "F32"}, {"shape", {2}}, {"data_offsets", {end, end + 8}}};
    EXPECT_FALSE(open_with(parts)) << name;
  }
}

// Every pattern of bytes in every tensor: what is a number stays one, what is an index stays inside.
TEST_P(QuantizedFile, WithAnyValuesIsReadOrRefused) {
  for (const std::string& name : quantized()) {
    for (const int fill : {0x00, 0x7F, 0x80, 0xFF, 0x7C, 0x3C}) {
      Parts parts = take_apart(good_);
      const auto begin = parts.header[name]["data_offsets"][0].get<std::uint64_t>();
      const auto end = parts.header[name]["data_offsets"][1].get<std::uint64_t>();
      std::fill(parts.data.begin() + static_cast<std::ptrdiff_t>(begin),
                parts.data.begin() + static_cast<std::ptrdiff_t>(end), static_cast<char>(fill));
      const Status status = open_with(parts);
      const std::string dtype = parts.header[name]["dtype"];
      const bool floating = dtype == "F16" || dtype == "F32";
      if (floating && fill == 0xFF) {
        EXPECT_FALSE(status) << name;  // NaN in every float
      }
    }
  }
}

TEST_P(QuantizedFile, WithAConfigurationThatLiesIsRefused) {
  const Json good = Json::parse(read_file(model() / "config.json"));
  const std::string file = model() / "config.json";
  const auto with = [&](const std::function<void(Json&)>& change) {
    Json config = good;
    change(config["quantization_config"]);
    write_file(file, config.dump());
    const Status status = open();
    write_file(file, good.dump());
    if (!status) {
      EXPECT_THAT(status.error().kind,
                  AnyOf(Eq(ErrorKind::kCorruptData), Eq(ErrorKind::kUnsupported), Eq(ErrorKind::kUserInput)))
          << status.error().message();
    }
    return status.has_value();
  };
  EXPECT_FALSE(with([](Json& q) { q = 3; }));
  EXPECT_FALSE(with([](Json& q) { q = Json::object(); }));
  EXPECT_FALSE(with([](Json& q) { q["quant_method"] = "hqq"; }));
  EXPECT_FALSE(with([](Json& q) { q["quant_method"] = 4; }));
  for (const char* other : {"bitsandbytes", "compressed-tensors", "gptq", "awq", "quantier"}) {
    if (std::string(other) == GetParam().format) continue;
    if (std::string(other) == "quantier") continue;  // a manifest is there: what was written is read
    EXPECT_FALSE(with([&](Json& q) { q["quant_method"] = other; })) << other;
  }
  // Each number and each word of the description, replaced.
  const Json flat = good["quantization_config"].flatten();
  for (const auto& [pointer, value] : flat.items()) {
    for (const Json& lie : {Json(nullptr), Json(-1), Json(0), Json(3), Json(std::int64_t{1} << 40),
                            Json(std::numeric_limits<std::int64_t>::max()), Json(1e308), Json("x"),
                            Json(true), Json(Json::array()), Json(Json::object())}) {
      Json config = good;
      config["quantization_config"][Json::json_pointer(pointer)] = lie;
      write_file(file, config.dump());
      const Status status = open();
      if (!status) {
        EXPECT_NE(status.error().kind, ErrorKind::kBug) << pointer << " " << lie << status.error().message();
      }
    }
  }
  write_file(file, good.dump());
  EXPECT_TRUE(open());
}

TEST_P(QuantizedFile, TheManifestOfItsOwnFormatIsCheckedWordByWord) {
  if (GetParam().format != std::string("quantier")) return;
  const std::string file = model() / "quantier.json";
  const Json good = Json::parse(read_file(file));
  const Json flat = good["plan"].flatten();
  for (const auto& [pointer, value] : flat.items()) {
    for (const Json& lie :
         {Json(nullptr), Json(-1), Json(7), Json(std::int64_t{1} << 40), Json("x"), Json(1e300), Json(false),
          Json(true), Json("i4-group"), Json("f32"), Json("fp8"), Json(Json::array())}) {
      Json manifest = good;
      manifest["plan"][Json::json_pointer(pointer)] = lie;
      write_file(file, manifest.dump());
      const Status status = open();
      if (!status) {
        EXPECT_NE(status.error().kind, ErrorKind::kBug) << pointer << " " << lie << status.error().message();
      }
    }
  }
  for (const char* text :
       {"", "[]", "{}", "{\"format_version\": 2}", "{\"format_version\": 1}",
        "{\"format_version\": 1, \"plan\": []}", "{\"format_version\": 1, \"format_version\": 1}"}) {
    write_file(file, text);
    EXPECT_FALSE(open()) << text;
  }
}

INSTANTIATE_TEST_SUITE_P(
    Formats, QuantizedFile,
    ::testing::Values(Case{"quantier", "int8"}, Case{"quantier", "int4"},
                      Case{"quantier", "int4-rtn:group=32,zero=on"}, Case{"quantier", "fp8"},
                      Case{"bitsandbytes", "int8"}, Case{"bitsandbytes", "int4"},
                      Case{"bitsandbytes", "int4:double=off"}, Case{"compressed-tensors", "int8-rtn"},
                      Case{"compressed-tensors", "int4-rtn:group=32,zero=on"},
                      Case{"compressed-tensors", "fp8"}, Case{"gptq", "int4-rtn:group=32"},
                      Case{"awq", "int4-rtn:group=32,zero=on"}));

}  // namespace
}  // namespace quantier::testing
