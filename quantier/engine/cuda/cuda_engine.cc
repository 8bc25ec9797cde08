#include "quantier/engine/cuda_engine.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cuda_runtime_api.h>
#include <vector>

#include <fmt/format.h>

#include "quantier/base/check.h"
#include "quantier/engine/check_batch.h"
#include "quantier/engine/cuda/cublas_lt.h"
#include "quantier/engine/cuda/device.h"
#include "quantier/engine/cuda/device_memory.h"
#include "quantier/engine/cuda/device_model.h"
#include "quantier/engine/cuda/device_pass.h"
#include "quantier/engine/cuda/pass_clock.h"

namespace quantier {
namespace cuda {
namespace {

// Tokens that go through the network at once, about. Activations grow with them, and beyond some thousands
// the products gain nothing.
constexpr std::size_t kTokensOfPass = 8192;

std::atomic<int>& asked_arch() {
  static std::atomic<int> arch{0};
  return arch;
}

class Stream {
 public:
  Stream() = default;
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;
  ~Stream() {
    if (stream_ != nullptr) (void)cudaStreamDestroy(stream_);
  }
  [[nodiscard]] Status create() {
    return check(cudaStreamCreateWithFlags(&stream_, cudaStreamNonBlocking), "make a stream on the device");
  }
  [[nodiscard]] cudaStream_t get() const { return stream_; }

 private:
  cudaStream_t stream_ = nullptr;
};

class Event {
 public:
  Event() = default;
  Event(const Event&) = delete;
  Event& operator=(const Event&) = delete;
  ~Event() {
    if (event_ != nullptr) (void)cudaEventDestroy(event_);
  }
  [[nodiscard]] Status record(cudaStream_t stream) {
    if (event_ == nullptr)
      QT_TRY_STATUS(check(cudaEventCreateWithFlags(&event_, cudaEventDisableTiming), "make an event"));
    return check(cudaEventRecord(event_, stream), "record an event");
  }
  // Of what was recorded, if anything was.
  [[nodiscard]] Status wait() const {
    return event_ == nullptr ? Status() : check(cudaEventSynchronize(event_), "wait for the device");
  }

 private:
  cudaEvent_t event_ = nullptr;
};

// What a classifier keeps; in the order in which it may be taken apart backwards.
struct Parts {
  Device device;
  std::unique_ptr<CublasLt> products;
  std::unique_ptr<Stream> stream;
  std::unique_ptr<DeviceModel> model;
};

class CudaClassifier final : public Classifier {
 public:
  CudaClassifier(Parts parts, ExecutedPlan executed)
      : parts_(std::move(parts)),
        pass_(*parts_.model, parts_.device.kernels(), *parts_.products, parts_.stream->get()),
        executed_(std::move(executed)) {}

  ~CudaClassifier() override {
    (void)cudaSetDevice(parts_.device.index());
    (void)cudaStreamSynchronize(parts_.stream->get());
  }

  [[nodiscard]] std::size_t class_count() const override { return parts_.model->spec().classes; }
  [[nodiscard]] const ExecutedPlan& executed_plan() const override { return executed_; }
  [[nodiscard]] bool leaves_host_free() const override { return true; }
  [[nodiscard]] std::optional<DeviceTimes> device_times() const override { return clock_.times(); }

  [[nodiscard]] Status predict(const TokenBatch& batch, std::span<float> logits) override {
    QT_CHECK(logits.size() == batch.size() * class_count(), "logits have room for the batch");
    QT_TRY_STATUS(check_batch(parts_.model->spec(), batch));
    if (batch.size() == 0) return {};
    // A stream belongs to its device, whichever thread calls.
    QT_TRY_STATUS(check(cudaSetDevice(parts_.device.index()), "open the device"));
    clock_.clear();
    const Status status = enqueue_all(batch, logits);
    // Whatever was enqueued is through before the caller's memory is given back.
    const cudaError_t finished = cudaStreamSynchronize(parts_.stream->get());
    QT_TRY_STATUS(Status(status));
    QT_TRY_STATUS(check(finished, "run a batch on the device"));
    QT_TRY_STATUS(clock_.add_marked());
    std::ranges::copy(std::span(host_logits(), logits.size()), logits.begin());
    return {};
  }

  [[nodiscard]] std::optional<DeviceMemory> device_memory() const override {
    DeviceMemory memory;
    memory.weights_peak_bytes = device_memory_use(MemoryOwner::kWeights).peak_bytes;
    memory.activations_peak_bytes = device_memory_use(MemoryOwner::kActivations).peak_bytes;
    memory.other_peak_bytes = device_memory_use(MemoryOwner::kOther).peak_bytes;
    std::size_t free_bytes = 0;
    std::size_t total_bytes = 0;
    if (cudaSetDevice(parts_.device.index()) == cudaSuccess &&
        cudaMemGetInfo(&free_bytes, &total_bytes) == cudaSuccess)
      memory.device_used_bytes = total_bytes - free_bytes;
    return memory;
  }

 private:
  // Input is packed into one buffer while the device still reads the other.
  struct Stage {
    PinnedBuffer buffer;
    Event copied;
  };

  [[nodiscard]] float* host_logits() const {
    return static_cast<float*>(static_cast<void*>(logits_on_host_.data()));
  }

  [[nodiscard]] Status enqueue_all(const TokenBatch& batch, std::span<const float> logits) {
    device_logits_.ensure(logits.size_bytes(), MemoryOwner::kActivations);
    logits_on_host_.ensure(logits.size_bytes());
    auto* out = static_cast<float*>(static_cast<void*>(device_logits_.data()));
    for (std::size_t begin = 0; begin < batch.size();) {
      std::size_t end = begin + 1;
      while (end < batch.size() && batch.offsets[end + 1] - batch.offsets[begin] <= kTokensOfPass) ++end;
      QT_TRY_STATUS(enqueue_piece(part_of(batch, begin, end), out + begin * class_count()));
      begin = end;
    }
    QT_TRY_STATUS(check(cudaMemcpyAsync(host_logits(), out, logits.size_bytes(), cudaMemcpyDeviceToHost,
                                        parts_.stream->get()),
                        "copy logits from the device"));
    return clock_.mark(PassClock::Part::kTransferOut, parts_.stream->get());
  }

  // Offsets stay those of the whole batch: what reads them looks at differences.
  static TokenBatch part_of(const TokenBatch& batch, std::size_t begin, std::size_t end) {
    const std::uint32_t first = batch.offsets[begin];
    return {batch.tokens.subspan(first, batch.offsets[end] - first),
            batch.offsets.subspan(begin, end - begin + 1)};
  }

  [[nodiscard]] Status enqueue_piece(const TokenBatch& piece, float* logits) {
    const PassInput input = measure_input(piece);
    Stage& stage = stages_.at(turn_++ % stages_.size());
    QT_TRY_STATUS(stage.copied.wait());
    stage.buffer.ensure(input.bytes);
    pack_input(parts_.model->spec(), piece, input, stage.buffer.data());
    if (input.bytes > device_input_.size()) {
      QT_TRY_STATUS(check(cudaStreamSynchronize(parts_.stream->get()), "wait for the device"));
      device_input_.ensure(input.bytes + input.bytes / 4, MemoryOwner::kActivations);
    }
    // What the stream waited for between two pieces, because the host was not there yet, is nobody's part.
    QT_TRY_STATUS(clock_.mark(PassClock::Part::kStart, parts_.stream->get()));
    QT_TRY_STATUS(check(cudaMemcpyAsync(device_input_.data(), stage.buffer.data(), input.bytes,
                                        cudaMemcpyHostToDevice, parts_.stream->get()),
                        "copy token ids to the device"));
    QT_TRY_STATUS(stage.copied.record(parts_.stream->get()));
    QT_TRY_STATUS(clock_.mark(PassClock::Part::kTransferIn, parts_.stream->get()));
    QT_TRY_STATUS(pass_.enqueue(input, device_input_.data(), logits));
    return clock_.mark(PassClock::Part::kCompute, parts_.stream->get());
  }

  Parts parts_;
  DevicePass pass_;
  PassClock clock_;
  ExecutedPlan executed_;
  std::array<Stage, 2> stages_;
  std::size_t turn_ = 0;
  DeviceBuffer device_input_;
  DeviceBuffer device_logits_;
  PinnedBuffer logits_on_host_;
};

class Builder final : public EngineBuilder {
 public:
  Builder(const ModelSpec& spec, const Plan& plan, Parts parts)
      : parts_(std::move(parts)),
        plan_(plan),
        missing_linears_(spec.linears.size()),
        missing_norms_(spec.norms.size()) {}

  Status set_embedding_rows(std::uint64_t first_row, const TensorView& rows) override {
    embedding_rows_ += rows.element_count() / parts_.model->spec().hidden;
    return parts_.model->set_embedding_rows(first_row, rows);
  }
  Status set_norm(const NormSpec& norm, const TensorView& weight, const TensorView* bias) override {
    --missing_norms_;
    return parts_.model->set_norm(norm, weight, bias);
  }
  Status set_linear(const LinearSpec& linear, PackedLinear&& packed) override {
    --missing_linears_;
    const PackedLinear taken = std::move(packed);
    LayerPlan& layer = planned(linear);
    QT_CHECK(format_of(taken) == layer.recipe.format, "a layer is packed as planned");
    layer.bytes = packed_bytes(taken);
    return parts_.model->set_linear(linear, taken);
  }
  void add_option(std::string name, std::string value) override {
    executed_.options.emplace_back(std::move(name), std::move(value));
  }
  void add_remark(std::string remark) override { executed_.remarks.push_back(std::move(remark)); }

  Result<std::unique_ptr<Classifier>> finish() override {
    if (missing_linears_ != 0 || missing_norms_ != 0 || embedding_rows_ != parts_.model->spec().vocabulary)
      return fail(ErrorKind::kBug, "the model was not assembled completely");
    fill_executed_plan();
    return std::make_unique<CudaClassifier>(std::move(parts_), std::move(executed_));
  }

 private:
  LayerPlan& planned(const LinearSpec& linear) {
    const auto& linears = parts_.model->spec().linears;
    const auto found = std::ranges::find(linears, linear.name, &LinearSpec::name);
    QT_CHECK(found != linears.end(), "the linear layer is one of the model's");
    return plan_.layers[static_cast<std::size_t>(found - linears.begin())];
  }

  void fill_executed_plan() {
    const ModelSpec& spec = parts_.model->spec();
    const Device& device = parts_.device;
    executed_.recipe = plan_.recipe;
    executed_.device = fmt::format("cuda:{} ({})", device.index(), device.name());
    executed_.options.emplace_back("kernels", device.kernels_text());
    executed_.options.emplace_back("products", parts_.products->version());
    executed_.options.emplace_back(
        "activation_rounding",
        fmt::format("{}, after embedding, norms, linear layers, rotary embedding, attention, activation, "
                    "product and sums; attention's probabilities too",
                    activation_rounding_name(plan_.rounding)));
    for (std::size_t i = 0; i < spec.linears.size(); ++i) {
      const LinearSpec& linear = spec.linears[i];
      ExecutedLayer layer;
      layer.name = linear.name;
      layer.role = linear_role_name(linear.role);
      layer.method = method_text(plan_.layers[i].recipe);
      layer.requested_format = format_text(plan_.layers[i]);
      layer.executed_format = layer.requested_format;
      layer.kernel =
          plan_.layers[i].recipe.format == WeightFormat::kI8Row
              ? fmt::format("{}/i8_rows_i32_sums", device.kernels().name)
              : fmt::format("cublaslt/{}_f32_sums", weight_format_name(plan_.layers[i].recipe.format));
      layer.out_features = linear.out_features;
      layer.in_features = linear.in_features;
      layer.weight_bytes = plan_.layers[i].bytes;
      executed_.weight_bytes += layer.weight_bytes;
      executed_.layers.push_back(std::move(layer));
    }
    executed_.weight_bytes += plan_.embedding_bytes + plan_.other_bytes;
  }

  Parts parts_;
  Plan plan_;
  std::size_t missing_linears_;
  std::size_t missing_norms_;
  std::uint64_t embedding_rows_ = 0;
  ExecutedPlan executed_;
};

}  // namespace
}  // namespace cuda

Result<std::unique_ptr<EngineBuilder>> create_cuda_builder(const ModelSpec& spec, const Plan& plan,
                                                           std::uint32_t device) {
  QT_TRY(cuda::Device opened, cuda::Device::open(device, asked_kernel_arch()));
  QT_TRY_STATUS(cuda::check_supported(spec, plan, opened.kernels()));
  QT_TRY(std::unique_ptr<cuda::CublasLt> products, cuda::CublasLt::open());
  auto stream = std::make_unique<cuda::Stream>();
  QT_TRY_STATUS(stream->create());
  auto model = std::make_unique<cuda::DeviceModel>(spec, plan);
  return std::make_unique<cuda::Builder>(
      spec, plan, cuda::Parts{std::move(opened), std::move(products), std::move(stream), std::move(model)});
}

Status choose_kernel_arch(int arch) {
  if (arch != 0 && arch != 75 && arch != 80 && arch != 90) {
    return fail(ErrorKind::kUsage, "there are no kernels for this generation",
                fmt::format("--kernel-arch {}", arch), "",
                "75 (Turing), 80 (Ampere and Ada) and 90 (Hopper) are known");
  }
  cuda::asked_arch().store(arch);
  return {};
}

void reset_cuda_memory_peaks() {
  for (const MemoryOwner owner : {MemoryOwner::kWeights, MemoryOwner::kActivations, MemoryOwner::kOther})
    cuda::reset_device_memory_peak(owner);
}

int asked_kernel_arch() { return cuda::asked_arch().load(); }

}  // namespace quantier
