// Owns the streams and their watchers and keeps each watcher in exactly one of two places: synced
// (in the KeyRangeMap) or unsynced (in its stream's queue). Streams that have unsynced watchers and
// are not congested wait in a list of their own and are fed in turn, so that neither a stream with
// many watchers nor one that reads slowly can starve another.
//
// Not thread-safe, but for the counters.
#pragma once

#include <atomic>
#include <cstdint>
#include <list>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "absl/container/btree_map.h"
#include "src/server/watch/key_range_map.h"
#include "src/server/watch/watcher.h"

namespace stele::server {

// Read by any thread, for metrics.
struct WatchCounters {
  std::atomic<std::int64_t> streams{0};
  std::atomic<std::int64_t> watchers{0};
  std::atomic<std::int64_t> slow_watchers{0};   // unsynced
  std::atomic<std::int64_t> pending_events{0};  // published, not yet looked at by the hub
  std::atomic<std::int64_t> events_sent{0};     // ever
};

class WatcherTable {
 public:
  explicit WatcherTable(WatchCounters* counters) : counters_(counters) {}

  WatchStream* AddStream(WatchStreamId id, std::shared_ptr<Call> call, bool require_leader);
  // Null if there is no such stream (any more).
  WatchStream* FindStream(WatchStreamId id);
  void RemoveStream(WatchStream* stream);
  // In the order in which they were opened.
  std::vector<WatchStream*> Streams() const;

  // Whether a new watch of the stream cannot have this id.
  static bool IsTaken(const WatchStream& stream, WatchId id);
  // The lowest free id from the stream's next_id on, which moves behind it.
  static WatchId ChooseId(WatchStream* stream);

  // Takes over a watcher whose id is free on its stream, into the place that its state names.
  void AddWatcher(std::unique_ptr<Watcher> watcher);
  void RemoveWatcher(Watcher* watcher);
  void MoveToSynced(Watcher* watcher);
  void MoveToUnsynced(Watcher* watcher);

  void SetCongested(WatchStream* stream, bool congested);
  // The next unsynced watcher in turn; it goes to the end of its stream's queue and its stream to
  // the end of the list. Null if there is nobody to feed.
  Watcher* NextToFeed();
  bool HasAnyToFeed() const { return !ready_.empty(); }

  const KeyRangeMap& synced() const { return synced_; }

  // Aborts unless every watcher is where its state says. O(watchers).
  void CheckInvariants() const;

 private:
  void Enqueue(Watcher* watcher);
  void Dequeue(Watcher* watcher);
  void UpdateReady(WatchStream* stream);

  WatchCounters* const counters_;
  absl::btree_map<WatchStreamId, std::unique_ptr<WatchStream>> streams_;
  KeyRangeMap synced_;
  std::list<WatchStream*> ready_;
};

}  // namespace stele::server
