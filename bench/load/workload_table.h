// The loads that can be asked for by name.
#pragma once

#include <memory>
#include <span>
#include <string_view>

#include "bench/load/options.h"
#include "bench/load/workload.h"

namespace stele::load {

struct WorkloadRow {
  std::string_view name;
  std::string_view help;
  // The workload of thread `thread` of options.threads.
  std::unique_ptr<Workload> (*make)(const Options& options, std::uint32_t thread);
};

std::span<const WorkloadRow> WorkloadTable();

// REQUIRES: options.workload is a name of the table (ParseCommandLine).
std::unique_ptr<Workload> MakeWorkload(const Options& options, std::uint32_t thread);

}  // namespace stele::load
