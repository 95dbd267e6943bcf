// One subscription (Watcher) and the stream it belongs to (WatchStream). Plain records: the rules
// for their states are WatcherTable's, the rules for their cursors WatchHub's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>
#include <vector>

#include "absl/container/btree_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/time/time.h"
#include "src/server/api/call.h"
#include "src/server/watch/key_range_map.h"

namespace stele::server {

// The client's name for a watch on its stream.
using WatchId = std::int64_t;
// A stream's name inside this process; never used twice.
using WatchStreamId = std::uint64_t;

struct WatchStream;

struct Watcher {
  enum class State : std::uint8_t {
    kSynced,    // in the KeyRangeMap: sees events as they are published
    kUnsynced,  // in its stream's `unsynced`: reads history from next_revision on
  };

  WatchId id = 0;
  WatchStream* stream = nullptr;
  KeyRange range;
  bool no_put = false;
  bool no_delete = false;
  bool prev_kv = false;
  bool fragment = false;
  bool progress_notify = false;
  // As asked for; 0 = from now. No progress is told before this revision exists.
  std::int64_t start_revision = 0;

  State state = State::kUnsynced;
  // The cursor: no event below it is ever sent again, every matching event from it on still will
  // be. Never falls. While synced the true cursor is max(next_revision, published + 1), so that a
  // publication does not have to touch watchers it does not concern.
  std::int64_t next_revision = 0;
  // Nothing was sent since the last progress notification was due.
  bool idle = true;

  // The serialised watch_id field, the same in every response; null for id 0.
  Call::Bytes id_field;
  std::size_t group_position = 0;                // KeyRangeMap's
  std::list<Watcher*>::iterator queue_position;  // valid while unsynced

  // What the publication in hand holds for this watcher and was not written yet: the parts of one
  // response. Empty between publications.
  std::vector<Call::Bytes> pending;
  std::size_t pending_bytes = 0;
  std::size_t pending_events = 0;
  std::int64_t pending_first_revision = 0;
  std::int64_t pending_last_revision = 0;
  // The publication in hand could not be written: unsynced from its end on.
  bool lagging = false;
};

struct WatchStream {
  WatchStreamId id = 0;
  std::shared_ptr<Call> call;
  bool require_leader = false;
  absl::btree_map<WatchId, std::unique_ptr<Watcher>> watchers;
  // Watches that ended because their start is compacted: as in etcd, their ids stay taken until the
  // client cancels them.
  absl::flat_hash_set<WatchId> compacted_ids;
  WatchId next_id = 0;  // where the search for a free id goes on

  std::list<Watcher*> unsynced;  // in turn order
  // More than the budget is queued: nothing is fed until the transport reports that it drained.
  bool congested = false;
  bool ready = false;                                // in WatcherTable's list of streams to feed
  std::list<WatchStream*>::iterator ready_position;  // valid while ready

  // queued_bytes() as of pass `measured_pass`, plus what was written since.
  std::size_t queued_bytes = 0;
  std::uint64_t measured_pass = 0;
  // Answers to requests written while congested.
  std::size_t control_bytes = 0;

  // When progress is due next; infinite while no watcher wants it.
  absl::Time progress_at = absl::InfiniteFuture();
};

}  // namespace stele::server
