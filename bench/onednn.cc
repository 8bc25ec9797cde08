// The linear kernels beside oneDNN's, on the same shapes, turn by turn, on one thread. Built where the
// library is (Debian: libdnnl-dev).
//   bench_onednn [--rows 128 4096] [--rounds 9]
// oneDNN gets what suits it best: weights in the layout that it asks for, inputs in its types, outputs in
// float. Ours takes float inputs and so includes what oneDNN is spared: rounding them to bfloat16, or
// quantizing them.
#include <oneapi/dnnl/dnnl.hpp>
#include <string>
#include <unordered_map>
#include <vector>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "bench/lib/linear_case.h"
#include "bench/lib/median.h"
#include "quantier/engine/cpu/cpu_ops.h"
#include "quantier/engine/cpu/kernel_list.h"

namespace quantier {
namespace {

using dnnl::memory;

struct Kind {
  const char* recipe;
  memory::data_type input;
  memory::data_type weights;
};
const Kind kKinds[] = {
    {"fp32", memory::data_type::f32, memory::data_type::f32},
    {"bf16", memory::data_type::bf16, memory::data_type::bf16},
    {"int8-rtn", memory::data_type::u8, memory::data_type::s8},
};

// A product of oneDNN, ready to run.
class Peer {
 public:
  Peer(const Kind& kind, std::size_t rows, const BenchmarkShape& shape)
      : engine_(dnnl::engine::kind::cpu, 0), stream_(engine_) {
    const auto m = static_cast<memory::dim>(rows);
    const auto n = static_cast<memory::dim>(shape.out_features);
    const auto k = static_cast<memory::dim>(shape.in_features);
    const memory::desc x({m, k}, kind.input, memory::format_tag::ab);
    const memory::desc w({k, n}, kind.weights, memory::format_tag::any);
    const memory::desc y({m, n}, memory::data_type::f32, memory::format_tag::ab);
    const dnnl::matmul::primitive_desc primitive(dnnl::matmul::desc(x, w, y), engine_);
    matmul_ = dnnl::matmul(primitive);
    arguments_ = {{DNNL_ARG_SRC, memory(x, engine_)},
                  {DNNL_ARG_WEIGHTS, memory(primitive.weights_desc(), engine_)},
                  {DNNL_ARG_DST, memory(y, engine_)}};
    for (auto& [name, buffer] : arguments_)
      std::memset(buffer.get_data_handle(), 0, buffer.get_desc().get_size());
  }
  void run() {
    matmul_.execute(stream_, arguments_);
    stream_.wait();
  }

 private:
  dnnl::engine engine_;
  dnnl::stream stream_;
  dnnl::matmul matmul_;
  std::unordered_map<int, memory> arguments_;
};

Status compare(const BenchmarkShape& shape, const Kind& kind, std::size_t rows, std::size_t rounds) {
  QT_TRY(const LinearCase layer, make_linear_case(shape, kind.recipe, rows));
  CpuOps ops(layer.plan, cpu::chosen_kernels());
  std::vector<float> y(rows * shape.out_features);
  const std::vector<std::uint32_t> scopes = {0, static_cast<std::uint32_t>(rows)};
  Peer peer(kind, rows, shape);
  const double work = 2.0 * static_cast<double>(rows * shape.out_features * shape.in_features);
  std::vector<double> own_seconds;
  std::vector<double> peer_seconds;
  std::vector<double> ratio;
  for (std::size_t round = 0; round < rounds; ++round) {
    own_seconds.push_back(seconds_of([&] { ops.linear(layer.weights, layer.x, scopes, y); }));
    peer_seconds.push_back(seconds_of([&] { peer.run(); }));
    ratio.push_back(peer_seconds.back() / own_seconds.back());
  }
  fmt::print("{:<20} {:>5} {:<10} {:>10.1f} {:>10.1f} {:>8.1f}%\n", shape.name, rows, kind.recipe,
             work / median(own_seconds) * 1e-9, work / median(peer_seconds) * 1e-9, 100 * median(ratio));
  return {};
}

}  // namespace
}  // namespace quantier

int main(int argc, char** argv) {
  std::vector<std::size_t> rows = {128, 4096};
  std::size_t rounds = 9;
  CLI::App app("Times products beside oneDNN's; set OMP_NUM_THREADS=1");
  app.add_option("--rows", rows);
  app.add_option("--rounds", rounds);
  CLI11_PARSE(app, argc, argv);
  const dnnl_version_t* version = dnnl_version();
  fmt::print("oneDNN {}.{}.{}\n{:<20} {:>5} {:<10} {:>10} {:>10} {:>9}\n", version->major, version->minor,
             version->patch, "product", "rows", "recipe", "ours G/s", "oneDNN G/s", "ours/its");
  for (const std::size_t count : rows) {
    for (const quantier::BenchmarkShape& shape : quantier::benchmark_shapes()) {
      for (const quantier::Kind& kind : quantier::kKinds) {
        if (const auto status = quantier::compare(shape, kind, count, rounds); !status) {
          fmt::print(stderr, "bench_onednn: {}\n", status.error().message());
          return 1;
        }
      }
    }
  }
  return 0;
}
