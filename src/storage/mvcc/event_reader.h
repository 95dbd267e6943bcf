// Reads the event history out of an engine snapshot, for watchers that start in the past or fell
// behind.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "src/storage/engine/engine.h"
#include "src/storage/mvcc/key_interval.h"
#include "src/storage/state_machine/state_machine.h"

namespace stele::storage {

struct EventReadBounds {
  std::size_t bytes_max = 0;
  std::size_t revisions_max = 0;
};

// See ReadView::ReadEvents. `current_revision` and `compact_revision` are the snapshot's.
absl::Status ReadEventHistory(const EngineSnapshot& snapshot, const KeyInterval& interval,
                              std::int64_t from, std::int64_t current_revision,
                              std::int64_t compact_revision, bool with_prev_kv,
                              const EventReadBounds& bounds, std::vector<EventBatch>* batches,
                              std::int64_t* next);

// See ReadView::Previous.
absl::StatusOr<std::shared_ptr<const mvccpb::KeyValue>> ReadPrevious(const EngineSnapshot& snapshot,
                                                                     const Event& event);

}  // namespace stele::storage
