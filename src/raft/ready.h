// What the core wants done.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "src/raft/message.h"
#include "src/raft/types.h"

namespace stele::raft {

// A read that may be served once `read_index` is applied on this node.
struct ReadState {
  std::uint64_t request_id = 0;
  Index read_index;
  bool rejected = false;  // leadership changed under the read: ask again
};

// Duties in order: send `messages`; persist `snapshot`, `entries` and `hard_state`, then sync if
// `must_sync`; tell OnPersisted(number); send `messages_after_persist`; apply. One Ready at a time.
struct Ready {
  std::uint64_t number = 0;
  std::optional<SoftState> soft_state;          // leader or role changed; not persisted
  std::optional<HardState> hard_state;          // persist
  std::vector<Entry> entries;                   // persist; an entry at index i replaces all >= i
  std::optional<SnapshotMeta> snapshot;         // persist and install before applying further
  std::vector<Message> messages;                // may go out before persisting (leader's appends)
  std::vector<Message> messages_after_persist;  // votes and acks: only once the above is durable
  std::vector<Entry> committed_entries;         // apply; always already durable on this node
  std::vector<ReadState> read_states;
  bool must_sync = false;  // false: only the commit index moved
};

}  // namespace stele::raft
