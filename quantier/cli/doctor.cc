#include <string>
#include <vector>

#include <fmt/format.h>

#include "quantier/base/thread_pool.h"
#include "quantier/cli/commands.h"
#include "quantier/engine/cpu/kernel_list.h"
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
                                   {"devices", {"cpu"}}});
  }
  fmt::print("quantier          {} ({})\n", program_version(), program_revision());
  fmt::print("processor         {}, {} threads\n", cpu_model(), available_processors());
  fmt::print("instruction sets  {}\n", instruction_sets());
  fmt::print("kernels           {} (the first is taken, or --kernel)\n", fmt::join(kernel_names(), ", "));
  fmt::print("system            {}\n", kernel_release());
  fmt::print("libraries         {}\n", library_versions());
  fmt::print("devices           cpu\n");
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
