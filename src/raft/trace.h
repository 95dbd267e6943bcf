// What the core tells about itself while it runs, as values: logging, metrics and the simulator's
// checks hang on this one sink. The core holds no prose.
#pragma once

#include <cstdint>
#include <variant>

#include "src/raft/types.h"

namespace stele::raft {

struct BecameFollower {
  Term term;
  NodeId leader;  // kNoNode while unknown
};
struct BecamePreCandidate {
  Term term;  // its present one; it asks about the next
};
struct BecameCandidate {
  Term term;
  bool leader_transfer = false;
};
struct BecameLeader {
  Term term;
  Index last_index;  // before its first entry
};
struct VoteGranted {
  Term term;
  NodeId candidate;
  bool pre_vote = false;
};
struct VoteRefused {
  Term term;
  NodeId candidate;
  bool pre_vote = false;
};
struct QuorumLost {  // check-quorum: the leader steps down
  Term term;
};
struct Committed {
  Index index;
};
struct Truncated {  // a conflicting suffix of the log was replaced
  Index from;
};
struct ConfigChanged {  // appended, undone or restored
  Index index;
  bool joint = false;
};
struct SteppedDown {  // a committed config has no place for this leader
  Index index;
};
struct SnapshotSent {
  NodeId peer;
  EntryId last;
};
struct SnapshotRestored {
  EntryId last;
};
struct TransferStarted {
  NodeId target;
};
struct TransferAborted {
  NodeId target;
};
struct ReadRoundStarted {
  std::uint64_t round = 0;
};
struct ReadsRejected {
  std::uint64_t reads = 0;
};
struct ProposalsDropped {  // accepted here, lost before they were in the leader's log
  std::uint64_t proposals = 0;
};

enum class DropReason : std::uint8_t {
  kMisaddressed,    // for another node, or from nobody
  kStaleTerm,       // of an older term, and nobody needs an answer
  kLeaderIsAlive,   // a vote request while there is a leader (check-quorum, thesis 6.2)
  kUnexpectedRole,  // this role has no use for it
  kUnknownMember,   // the sender is no member of the config
  kSenseless,       // contradicts what its sender must know
};
struct MessageDropped {
  NodeId from;
  Term term;
  DropReason reason;
};

using TraceEvent =
    std::variant<BecameFollower, BecamePreCandidate, BecameCandidate, BecameLeader, VoteGranted,
                 VoteRefused, QuorumLost, Committed, Truncated, ConfigChanged, SteppedDown,
                 SnapshotSent, SnapshotRestored, TransferStarted, TransferAborted, ReadRoundStarted,
                 ReadsRejected, ProposalsDropped, MessageDropped>;

class TraceSink {
 public:
  virtual ~TraceSink() = default;
  // Called in the middle of a transition: must not call back into the node.
  virtual void On(NodeId node, const TraceEvent& event) = 0;
};

}  // namespace stele::raft
