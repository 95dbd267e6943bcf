// Random requests of key-value and watching clients, for the simulator and for real processes. What
// they hope for in comparisons, and the revisions they ask for, follow what was seen before. All
// values put by one draw are different. Not safe for use from several threads.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "tests/history/history.h"
#include "tests/sim/random_stream.h"

namespace stele::history {

class OperationDraw {
 public:
  struct Shape {
    std::string value_prefix = "v";  // different for every draw of a run
    std::uint64_t keys = 1;
    std::int64_t value_bytes_max = 0;
    double read_share = 0;
    double txn_share = 0;     // of the rest
    double nested_share = 0;  // of the steps of transactions
  };
  // What is known when a request is drawn: the highest revision that anybody saw, and leases that
  // were granted lately, dead or alive.
  struct Scene {
    std::int64_t revision = 1;
    std::span<const std::int64_t> leases = {};
  };

  // `random` outlives the draw.
  OperationDraw(Shape shape, sim::RandomStream* random)
      : shape_(std::move(shape)), random_(random) {}

  Operation Next(const Scene& scene);
  // Attaches a key to the lease.
  Operation NextOnLease(std::int64_t lease, const Scene& scene);
  // Learns from an answer.
  void Learn(const Operation& acknowledged);

 private:
  Operation DrawRead(const Scene& scene);
  Operation DrawTxn(const Scene& scene);
  Step DrawTxnStep(const Scene& scene, std::vector<std::string>* keys);
  Step DrawNested(const Scene& scene, std::vector<std::string>* keys);
  Step DrawPut(const std::string& key, const Scene& scene);
  Step DrawDelete();
  Step DrawRange();
  Compare DrawCompare();
  std::string AnyKey();

  const Shape shape_;
  sim::RandomStream* const random_;
  std::uint64_t next_value_ = 1;
  std::map<std::string, KeyVersion> seen_;
};

// A request that is no transaction on the wire.
inline bool IsSimple(const Operation& operation) {
  return operation.compares.empty() && operation.success.size() == 1 && operation.failure.empty() &&
         operation.success[0].kind != Step::Kind::kTxn;
}

struct WatchDraw {
  WatchRecord record;
  bool wants_progress = false;
  std::int64_t start_revision = 0;  // 0: from now
};

// So many revisions after the known one a watch may begin.
inline constexpr std::int64_t kWatchAhead = 100;

// One watch of a range of the keys that OperationDraw writes, from the past, from now or from a
// revision that is still to come. `past`: how far back it begins.
WatchDraw DrawWatch(std::string name, std::int64_t known_revision, std::int64_t past,
                    sim::RandomStream* random);

}  // namespace stele::history
