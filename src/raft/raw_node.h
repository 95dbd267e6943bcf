// The door to the Raft core: inputs are method calls, the output is a Ready. Time is ticks, chance
// is a parameter, the disk is a LogReader, so a run is a function of its inputs.
//
// Not thread-safe. The caller owns `log`, keeps it alive, and changes it only as a Ready asks.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "src/raft/log_reader.h"
#include "src/raft/message.h"
#include "src/raft/mutation.h"
#include "src/raft/progress.h"
#include "src/raft/ready.h"
#include "src/raft/types.h"

namespace stele::raft {

class Core;
class TraceSink;

struct Config {
  NodeId id;
  int heartbeat_interval_ticks = 1;
  int election_timeout_ticks = 10;                 // randomised in [T, 2T) per attempt; less when
                                                   // the leader's connection broke
  std::uint64_t append_bytes_max = 1 << 20;        // per AppendEntries
  int inflight_appends_max = 256;                  // per follower
  std::uint64_t inflight_bytes_max = 16 << 20;     // per follower
  std::uint64_t uncommitted_bytes_max = 64 << 20;  // then proposals are refused
  std::uint64_t applying_bytes_max = 16 << 20;     // handed out and not yet OnApplied
  std::uint64_t pending_reads_max = 100'000;
  bool check_invariants = false;        // also those whose cost grows with the log
  Mutation mutation = Mutation::kNone;  // a planted bug, for tests
};

enum class [[nodiscard]] ProposeResult : std::uint8_t{
    kAccepted,      // appended here, or forwarded to the leader: it may still be lost
    kNoLeader,      // definitely not proposed
    kTransferring,  // definitely not proposed: leadership is being handed over
    kOverloaded,    // definitely not proposed: too much is uncommitted
    kRefused,       // definitely not proposed: this config may not follow now (ProposeConfState)
};

// What an operator may see of the core.
struct Status {
  NodeId id;
  NodeId leader;
  Role role = Role::kFollower;
  HardState hard_state;
  Index first_index;
  Index last_index;
  Index applied_index;
  ConfState conf_state;
  struct Peer {
    NodeId id;
    Index match_index;
    Index next_index;
    ProgressState progress = ProgressState::kProbe;
    bool recently_active = false;
    bool is_learner = false;
  };
  std::vector<Peer> peers;  // leader only
};

class RawNode {
 public:
  // Returns a number in [0, bound).
  using Random = std::function<std::uint64_t(std::uint64_t bound)>;

  // `conf_state` is the config at `log`'s snapshot (first_index() - 1); configs in later entries
  // are read from the log. `applied_index`: everything up to here is in the store already.
  // `trace` may be null and must outlive the node.
  RawNode(const Config& config, const LogReader& log, const HardState& hard_state,
          const ConfState& conf_state, Index applied_index, Random random,
          TraceSink* trace = nullptr);
  ~RawNode();

  void Tick();
  // A message of another member. Stale or senseless ones are dropped and traced.
  void Step(Message message);

  ProposeResult Propose(Payload data);
  // At most one config change is in flight; the leader must have committed in its term; `next` must
  // be a valid successor of the newest config (conf_change.h). Not forwarded: leader only. The
  // entry carries `context` to whoever applies it.
  ProposeResult ProposeConfState(const ConfState& next, std::string_view context = {});

  // Asks for a linearizable read. Answered by a ReadState with this id, maybe rejected; or, when
  // there is no leader, immediately by kNoLeader.
  ProposeResult ReadIndex(std::uint64_t request_id);

  void Campaign();  // as if the election timeout had passed
  void TransferLeader(NodeId target);
  // The connection to this peer broke or came back: liveness hints only, safety never rests on
  // them.
  void ReportUnreachable(NodeId peer);
  void ReportSnapshot(NodeId peer, bool installed);

  // False while a Ready is taken and not yet persisted.
  bool HasReady() const;
  // REQUIRES: the Ready before this one was given to OnPersisted.
  Ready TakeReady();
  // The duties of that Ready up to and including the sync are done.
  void OnPersisted(std::uint64_t ready_number);
  // Everything up to here is in the store. Not called for snapshots: OnPersisted implies those.
  void OnApplied(Index applied_index);

  Status GetStatus() const;
  // The config in force at `index`. REQUIRES: index is not below the log's first index - 1.
  const ConfState& ConfStateAt(Index index) const;
  bool IsLeader() const;
  NodeId leader() const;
  Term term() const;
  Index commit_index() const;

 private:
  std::unique_ptr<Core> core_;
};

}  // namespace stele::raft
