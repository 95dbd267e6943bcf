#include "bench/load/workload_table.h"

#include <array>

#include "bench/load/catch_up_workload.h"
#include "bench/load/fan_out.h"
#include "bench/load/lease_workload.h"
#include "bench/load/mixed_workload.h"
#include "bench/load/put_workload.h"
#include "bench/load/range_workload.h"
#include "bench/load/span_workload.h"
#include "bench/load/txn_workload.h"
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

// Numbers of leases in place of keys.
KeySequence::Options LeasesOf(const Options& options, std::uint32_t thread, KeyOrder order,
                              std::uint64_t leases) {
  KeySequence::Options numbers = KeysOf(options, thread);
  numbers.order = order;
  numbers.key_space = leases;
  return numbers;
}

std::unique_ptr<Workload> MakePut(const Options& options, const Preparation& /*prepared*/,
                                  std::uint32_t thread) {
  return std::make_unique<PutWorkload>(KeysOf(options, thread), options.value_size);
}

std::unique_ptr<Workload> MakeRange(const Options& options, const Preparation& /*prepared*/,
                                    std::uint32_t thread) {
  return std::make_unique<RangeWorkload>(KeysOf(options, thread), options.serializable);
}

std::unique_ptr<Workload> MakeList(const Options& options, const Preparation& /*prepared*/,
                                   std::uint32_t thread) {
  return std::make_unique<SpanWorkload>(
      KeysOf(options, thread), SpanWorkload::Options{.name = "list",
                                                     .stride = options.list_keys,
                                                     .span_keys = options.list_keys,
                                                     .serializable = options.serializable});
}

std::unique_ptr<Workload> MakePage(const Options& options, const Preparation& /*prepared*/,
                                   std::uint32_t thread) {
  return std::make_unique<SpanWorkload>(
      KeysOf(options, thread),
      SpanWorkload::Options{.name = "page",
                            .stride = options.page_size,
                            .limit = static_cast<std::int64_t>(options.page_size),
                            .serializable = options.serializable});
}

std::unique_ptr<Workload> MakeCount(const Options& options, const Preparation& /*prepared*/,
                                    std::uint32_t thread) {
  return std::make_unique<SpanWorkload>(
      KeysOf(options, thread), SpanWorkload::Options{.name = "count",
                                                     .stride = options.key_space,
                                                     .count_only = true,
                                                     .serializable = options.serializable});
}

std::unique_ptr<Workload> MakeTxn(const Options& options, const Preparation& /*prepared*/,
                                  std::uint32_t thread) {
  return std::make_unique<TxnWorkload>(KeysOf(options, thread), options.value_size,
                                       options.txn_ops);
}

std::unique_ptr<Workload> MakeMixed(const Options& options, const Preparation& prepared,
                                    std::uint32_t thread) {
  return std::make_unique<MixedWorkload>(MakeRange(options, prepared, thread),
                                         MakePut(options, prepared, thread), options.read_percent,
                                         options.seed + thread);
}

std::unique_ptr<Workload> MakeCatchUp(const Options& options, const Preparation& prepared,
                                      std::uint32_t thread) {
  return std::make_unique<CatchUpWorkload>(KeysOf(options, thread), prepared.start_revision,
                                           options.history);
}

std::unique_ptr<Workload> MakeLeaseGrant(const Options& options, const Preparation& prepared,
                                         std::uint32_t thread) {
  constexpr std::uint64_t kLeasesMax = std::uint64_t{1} << 31;  // apart from those of other runs
  return std::make_unique<LeaseGrantWorkload>(
      LeasesOf(options, thread, KeyOrder::kSequential, kLeasesMax), prepared.leases, options.ttl_s);
}

std::unique_ptr<Workload> MakeLeaseKeepAlive(const Options& options, const Preparation& prepared,
                                             std::uint32_t thread) {
  return std::make_unique<LeaseKeepAliveWorkload>(
      LeasesOf(options, thread, options.key_order, options.leases), prepared.leases);
}

using Kind = Preparation::Kind;

constexpr std::array<WorkloadRow, 11> kTable = {{
    {"put", "Write one key an operation", Kind::kKeys, MakePut},
    {"range", "Read one key an operation", Kind::kKeys, MakeRange},
    {"list", "Read --list-keys neighbouring keys an operation", Kind::kKeys, MakeList},
    {"page", "Read --page-size keys of the range up to the last key, with its exact count",
     Kind::kKeys, MakePage},
    {"count", "Count all keys", Kind::kKeys, MakeCount},
    {"txn", "Write --txn-ops keys in one transaction", Kind::kKeys, MakeTxn},
    {"mixed", "Read and write in the proportion of --read-percent", Kind::kKeys, MakeMixed},
    {FanOut::kName, "Write one key that --watchers watch; a put is over when all have seen it",
     Kind::kKeys, nullptr},
    {"watch-catchup", "Open a watch that reads --history events of the past", Kind::kHistory,
     MakeCatchUp},
    {"lease-grant", "Grant a lease an operation", Kind::kKeys, MakeLeaseGrant},
    {"lease-keepalive", "Keep --leases leases alive, one an operation, a stream a client",
     Kind::kLeases, MakeLeaseKeepAlive},
}};

}  // namespace

std::span<const WorkloadRow> WorkloadTable() { return kTable; }

const WorkloadRow& WorkloadNamed(std::string_view name) {
  for (const WorkloadRow& row : kTable) {
    if (row.name == name) return row;
  }
  STELE_CHECK(false);
  return kTable.front();
}

}  // namespace stele::load
