#include "bench/load/workload_table.h"

#include <array>

#include "bench/load/mixed_workload.h"
#include "bench/load/put_workload.h"
#include "bench/load/range_workload.h"
#include "src/raft/check.h"

namespace stele::load {
namespace {

KeySequence::Options KeysOf(const Options& options, std::uint32_t thread) {
  return {.order = options.key_order,
          .key_space = options.key_space,
          .key_size = options.key_size,
          .first = thread,
          .step = options.threads,
          .seed = options.seed * 1'000 + thread};
}

std::unique_ptr<Workload> MakePut(const Options& options, std::uint32_t thread) {
  return std::make_unique<PutWorkload>(KeysOf(options, thread), options.value_size);
}

std::unique_ptr<Workload> MakeRange(const Options& options, std::uint32_t thread) {
  return std::make_unique<RangeWorkload>(KeysOf(options, thread), options.serializable);
}

std::unique_ptr<Workload> MakeMixed(const Options& options, std::uint32_t thread) {
  return std::make_unique<MixedWorkload>(MakeRange(options, thread), MakePut(options, thread),
                                         options.read_percent, options.seed + thread);
}

constexpr std::array<WorkloadRow, 3> kTable = {{
    {"put", "Write one key an operation", MakePut},
    {"range", "Read one key an operation", MakeRange},
    {"mixed", "Read and write in the proportion of --read-percent", MakeMixed},
}};

}  // namespace

std::span<const WorkloadRow> WorkloadTable() { return kTable; }

std::unique_ptr<Workload> MakeWorkload(const Options& options, std::uint32_t thread) {
  for (const WorkloadRow& row : kTable) {
    if (row.name == options.workload) return row.make(options, thread);
  }
  STELE_CHECK(false);
  return nullptr;
}

}  // namespace stele::load
