#include <string>
#include <vector>

#include <fmt/format.h>

#include "quantier/base/thread_pool.h"
#include "quantier/cli/commands.h"
#include "quantier/engine/cpu/kernel_list.h"
#include "quantier/engine/cuda_engine.h"
#include "quantier/formats/plan.h"
#include "quantier/pipeline/provenance.h"

namespace quantier::cli {
namespace {

// Tables of kernels that run here, best first.
std::vector<std::string> kernel_names() {
  std::vector<std::string> names;
  for (const cpu::Kernels* table : cpu::runnable_kernels()) names.emplace_back(table->name);
  return names;
}

// Devices by the name that --device takes.
Json devices_to_json() {
  Json list = Json::array();
  list.push_back({{"device", "cpu"}});
  const std::vector<CudaDeviceInfo> devices = cuda_devices();
  for (std::size_t i = 0; i < devices.size(); ++i) {
    list.push_back({{"device", fmt::format("cuda:{}", i)},
                    {"name", devices[i].name},
                    {"compute_capability", static_cast<double>(devices[i].capability) / 10.0},
                    {"memory_bytes", devices[i].memory_bytes}});
  }
  return list;
}

void print_devices() {
  fmt::print("devices           cpu\n");
  const std::vector<CudaDeviceInfo> devices = cuda_devices();
  for (std::size_t i = 0; i < devices.size(); ++i) {
    fmt::print("                  cuda:{}: {}, compute capability {}.{}, {:.1f} GB\n", i, devices[i].name,
               devices[i].capability / 10, devices[i].capability % 10,
               static_cast<double>(devices[i].memory_bytes) * 1e-9);
  }
  fmt::print("CUDA              {}\n", cuda_state());
}

void doctor(Session& session) {
  const std::string recipes = fmt::format("{}", fmt::join(known_recipes(), ", "));
  if (session.json) {
    return session.print_json(Json{{"version", program_version()},
                                   {"revision", program_revision()},
                                   {"cpu", cpu_model()},
                                   {"instruction_sets", instruction_sets()},
                                   {"threads", available_processors()},
                                   {"kernel", kernel_release()},
                                   {"libraries", library_versions()},
                                   {"recipes", known_recipes()},
                                   {"kernels", kernel_names()},
                                   {"devices", devices_to_json()},
                                   {"cuda", cuda_state()}});
  }
  fmt::print("quantier          {} ({})\n", program_version(), program_revision());
  fmt::print("processor         {}, {} threads\n", cpu_model(), available_processors());
  fmt::print("instruction sets  {}\n", instruction_sets());
  fmt::print("kernels           {} (the first is taken, or --kernel)\n", fmt::join(kernel_names(), ", "));
  fmt::print("system            {}\n", kernel_release());
  fmt::print("libraries         {}\n", library_versions());
  print_devices();
  fmt::print("recipes           {}\n", recipes);
}

}  // namespace

void add_doctor(CLI::App& app, Session& session) {
  CLI::App* command = app.add_subcommand(
      "doctor", "What this machine has: instruction sets, threads, libraries, what can run here");
  command->add_flag("--json", session.json, "One JSON document on standard output");
  command->callback([&session] { doctor(session); });
}

}  // namespace quantier::cli
