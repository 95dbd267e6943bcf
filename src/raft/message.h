// What one node's core tells another's. A variant of small structs: a kind that a handler forgets
// does not compile.
#pragma once

#include <variant>
#include <vector>

#include "src/raft/types.h"

namespace stele::raft {

// Raft paper section 5.2; pre-vote: thesis section 9.6.
struct RequestVote {
  EntryId last_entry;
  bool pre_vote = false;
  bool leader_transfer = false;  // voters then ignore that they hear from a leader (thesis 4.2.3)
};

struct VoteResponse {
  bool granted = false;
  bool pre_vote = false;
};

// Raft paper section 5.3. An empty `entries` probes.
struct AppendEntries {
  EntryId prev_entry;
  Index leader_commit;
  std::vector<Entry> entries;
};

// Accepted: everything up to `match_index` is durable on the sender and equals the leader's log.
// Rejected: the log did not match at `rejected_index`; the sender's last entry that might match is
// `hint`.
struct AppendResponse {
  bool rejected = false;
  Index match_index;
  Index rejected_index;
  EntryId hint;
};

// `round` is new for every round that a leader starts, never reused within a term: an answer to an
// older round confirms no newer read.
struct Heartbeat {
  Index leader_commit;  // <= what the receiver is known to have
  std::uint64_t round = 0;
};

struct HeartbeatResponse {
  std::uint64_t round = 0;
};

// The receiver is too far behind for entries. Its bytes travel beside the core; the receiving
// server steps this message into its core when they are complete and verified.
struct InstallSnapshot {
  SnapshotMeta meta;
};

// A follower asks its leader on behalf of a read.
struct ReadIndexRequest {
  std::uint64_t request_id = 0;
};

struct ReadIndexResponse {
  std::uint64_t request_id = 0;
  Index read_index;
  bool rejected = false;  // not leader (any more); ask again later
};

// Leader transfer: start an election at once (thesis section 3.10).
struct TimeoutNow {};

// A follower passes proposals on to its leader.
struct ForwardedProposal {
  std::vector<Payload> data;
};

using MessageBody = std::variant<RequestVote, VoteResponse, AppendEntries, AppendResponse,
                                 Heartbeat, HeartbeatResponse, InstallSnapshot, ReadIndexRequest,
                                 ReadIndexResponse, TimeoutNow, ForwardedProposal>;

struct Message {
  NodeId from;
  NodeId to;
  Term term;  // the sender's term; of a pre-vote, the term it would campaign in
  MessageBody body;
};

}  // namespace stele::raft
