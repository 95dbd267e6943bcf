// The loads that can be asked for by name.
#pragma once

#include <memory>
#include <span>
#include <string_view>

#include "bench/load/options.h"
#include "bench/load/preparation.h"
#include "bench/load/workload.h"

namespace stele::load {

struct WorkloadRow {
  std::string_view name;
  std::string_view help;
  // What has to be in the store before.
  Preparation::Kind preparation;
  // The workload of thread `thread` of options.threads. Null for watch-fanout, which is no load of
  // independent operations (fan_out.h).
  std::unique_ptr<Workload> (*make)(const Options& options, const Preparation& prepared,
                                    std::uint32_t thread);
};

std::span<const WorkloadRow> WorkloadTable();

// REQUIRES: `name` is in the table (ParseCommandLine).
const WorkloadRow& WorkloadNamed(std::string_view name);

}  // namespace stele::load
