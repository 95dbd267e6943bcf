// What a load finds in the store, or puts there, before it begins.
#pragma once

#include <atomic>
#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "bench/load/endpoint.h"
#include "bench/load/lease_workload.h"
#include "bench/load/options.h"
#include "bench/load/run.h"

namespace stele::load {

struct Preparation {
  enum class Kind : std::uint8_t {
    kKeys,     // with --prefill every key of the key space, otherwise nothing
    kHistory,  // --history puts, from revision `start_revision` on
    kLeases,   // --leases leases, numbered from 0
  };

  std::int64_t start_revision = 0;
  LeaseIds leases;  // the first id is always set, whether or not leases were granted
};

// An error if anything that had to be written could not be.
absl::StatusOr<Preparation> Prepare(const Options& options, const std::vector<Endpoint>& endpoints,
                                    const std::atomic<bool>& stop, const OnProgress& on_progress);

}  // namespace stele::load
