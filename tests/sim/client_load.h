// Clients: write unique values and read, on random members, and check what they are told against
// what the cluster committed.
//
//   an acknowledged write is committed at the index it was told
//   a refused write is never committed; no write is committed twice
//   a read sees every write acknowledged, and all that any read saw, before it began
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <vector>

#include "absl/status/statusor.h"
#include "src/raft/types.h"
#include "src/server/api/ports.h"
#include "tests/sim/cluster_history.h"
#include "tests/sim/event_queue.h"
#include "tests/sim/journal.h"
#include "tests/sim/member.h"
#include "tests/sim/random_stream.h"
#include "tests/sim/swarm.h"

namespace stele::sim {

class ClientLoad {
 public:
  // All pointers outlive the clients.
  // `pick` chooses whom to ask, maybe nobody.
  using PickMember = std::function<Member*(RandomStream*)>;
  ClientLoad(std::uint64_t seed, const Swarm* swarm, EventQueue* queue, Journal* journal,
             const ClusterHistory* history, PickMember pick);

  void Start() { ScheduleNext(); }
  void Stop() { stopped_ = true; }

  void OnCommitted(const raft::Entry& entry);
  // One write now, on any member.
  void WriteOnce();
  // Whoever waited for this member learns nothing.
  void OnDeath(raft::NodeId member);

  std::size_t pending() const { return pending_.size(); }
  std::uint64_t acked() const { return acked_; }
  // How many writes were given to these members in that time (of the last 64 of each).
  int WritesTo(const std::function<bool(raft::NodeId)>& member, Micros from, Micros to) const;
  // When no more is pending.
  void CheckAtEnd() const;

 private:
  enum class Outcome : std::uint8_t { kPending, kAcked, kRefused, kUnknown };
  struct Write {
    Outcome outcome = Outcome::kPending;
    raft::Index acked_at;
    raft::Index committed_at;
  };

  void ScheduleNext();
  void StartWrite(Member* member);
  void StartRead(Member* member);
  void OnWritten(std::uint64_t write, const storage::CommandResult& result);
  void OnRead(std::uint64_t operation, raft::Index floor,
              const absl::StatusOr<server::Reader::View>& view);
  void NoteUnknown(std::uint64_t write);

  const Swarm* const swarm_;
  EventQueue* const queue_;
  Journal* const journal_;
  const ClusterHistory* const history_;
  const PickMember pick_;
  RandomStream random_;
  bool stopped_ = false;
  std::uint64_t acked_ = 0;
  std::uint64_t next_operation_ = 1;
  std::vector<Write> writes_;  // by number - 1
  struct Pending {
    raft::NodeId member;
    std::uint64_t write = 0;  // 0: a read
  };
  std::map<std::uint64_t, Pending> pending_;  // by operation
  std::map<raft::NodeId, std::deque<Micros>> recent_writes_;
  raft::Index seen_;  // by anybody: the next read must see it
};

}  // namespace stele::sim
