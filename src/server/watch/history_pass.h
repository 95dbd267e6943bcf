// Reads slices of the event history for the unsynced watchers of one pass, all from one view.
// Watchers with the same range and cursor (a thousand clients of one prefix after an overflow)
// share the read and the encoded events.
//
// Not thread-safe; lives for one pass.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/container/node_hash_map.h"
#include "absl/status/status.h"
#include "src/server/watch/watch_response.h"
#include "src/server/watch/watcher.h"
#include "src/storage/state_machine/state_machine.h"

namespace stele::server {

// Whole revisions, ascending, of one range.
struct HistorySlice {
  struct Element {
    bool is_delete = false;
    Call::Bytes wire;
  };
  struct Revision {
    std::int64_t revision = 0;
    std::vector<Element> events;
  };

  // kOutOfRange when the cursor lies below the view's compact revision.
  absl::Status status;
  std::vector<Revision> revisions;
  // Where to go on: every event of the range below it is in `revisions` or before them.
  std::int64_t next = 0;
};

class HistoryPass {
 public:
  struct Limits {
    std::size_t slice_bytes = 0;
    std::size_t slice_revisions = 0;
  };

  HistoryPass(std::shared_ptr<const storage::ReadView> view, const Limits& limits)
      : view_(std::move(view)), limits_(limits) {}

  // The slice of the watcher's range from its next_revision on. Valid as long as this object.
  const HistorySlice& Read(const Watcher& watcher);

  std::int64_t compact_revision() const { return view_->compact_revision(); }
  // What was read from the store so far; shared slices count once.
  std::size_t bytes_read() const { return bytes_read_; }

 private:
  HistorySlice ReadFromStore(const Watcher& watcher);

  const std::shared_ptr<const storage::ReadView> view_;
  const Limits limits_;
  absl::node_hash_map<std::string, HistorySlice> slices_;
  std::size_t bytes_read_ = 0;
};

}  // namespace stele::server
