// What other threads tell the WatchHub, in one order. Because a publication enters before its
// writers are answered, a watch created after an answered write finds itself behind that write.
//
// Thread-safe. Held by shared_ptr: callbacks given to transports may outlive the hub.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "proto/rpc.pb.h"
#include "src/server/api/call.h"
#include "src/server/watch/watcher.h"
#include "src/storage/state_machine/state_machine.h"

namespace stele::server {

// Everything up to the view's revision is applied. `batches` are all revisions since the last
// publication, or nothing after an overflow: watchers then read the missing ones from history.
struct Publication {
  std::vector<storage::EventBatch> batches;
  std::shared_ptr<const storage::ReadView> view;
};
// The store was replaced by a snapshot.
struct StoreReset {
  std::int64_t current_revision = 0;
};
struct StreamOpened {
  WatchStreamId stream;
  std::shared_ptr<Call> call;
  bool require_leader;
};
struct CreateAsked {
  WatchStreamId stream;
  etcdserverpb::WatchCreateRequest request;
};
struct CancelAsked {
  WatchStreamId stream;
  WatchId watch;
};
struct ProgressAsked {
  WatchStreamId stream;
};
struct StreamClosed {
  WatchStreamId stream;
  absl::Status status;
};
// The transport took what was queued.
struct StreamDrained {
  WatchStreamId stream;
};
struct LeaderKnown {
  bool known;
};
// Every stream ends with this status, now and from now on.
struct AllStreamsEnded {
  absl::Status status;
};

using WatchInput =
    std::variant<Publication, StoreReset, StreamOpened, CreateAsked, CancelAsked, ProgressAsked,
                 StreamClosed, StreamDrained, LeaderKnown, AllStreamsEnded>;

class WatchInbox {
 public:
  // `wake` is called, by any thread, when the inbox turns from empty to not empty. It must return
  // quickly and must not call the inbox or the hub. Events of more than `event_bytes_max` waiting
  // make later publications arrive without their batches. `pending_events` (until Close) grows with
  // every event that is posted; whoever handles it takes it off again.
  WatchInbox(std::function<void()> wake, std::size_t event_bytes_max,
             std::atomic<std::int64_t>* pending_events);

  void Post(WatchInput input);
  // Post of a publication, with the bound on waiting events.
  void PostPublication(Publication publication);

  // Moves everything that waits into `inputs`, which must be empty.
  void TakeAll(std::vector<WatchInput>* inputs);
  bool Empty() const;
  // Later posts are dropped; `wake` is not called any more once this returned.
  void Close();

 private:
  void PostLocked(WatchInput input);

  const std::size_t event_bytes_max_;
  std::atomic<std::int64_t>* const pending_events_;
  mutable std::mutex mutex_;
  std::function<void()> wake_;      // guarded by mutex_
  std::vector<WatchInput> inputs_;  // guarded by mutex_
  std::size_t event_bytes_ = 0;     // guarded by mutex_
  bool closed_ = false;             // guarded by mutex_
};

}  // namespace stele::server
