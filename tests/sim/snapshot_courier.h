// Carries snapshots between members beside the messages, by the daemon's rules: the sender takes
// its newest applied state, one transfer to a member at a time, and always reports the outcome.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <utility>

#include "src/raft/types.h"
#include "tests/sim/event_queue.h"
#include "tests/sim/journal.h"
#include "tests/sim/member.h"
#include "tests/sim/random_stream.h"
#include "tests/sim/sim_network.h"

namespace stele::sim {

class SnapshotCourier {
 public:
  using FindMember = std::function<Member*(raft::NodeId)>;
  // All pointers outlive the courier.
  SnapshotCourier(std::uint64_t seed, EventQueue* queue, SimNetwork* network, Journal* journal,
                  FindMember member);

  void Send(raft::NodeId from, raft::NodeId to);
  void OnDeath(raft::NodeId member);
  void Calm() { calm_ = true; }

 private:
  using Route = std::pair<raft::NodeId, raft::NodeId>;

  bool IsUnderWay(const Route& route, std::uint64_t number) const;
  void Make(const Route& route, std::uint64_t number);
  void Name(Member* sender, const Route& route, std::uint64_t number, SnapshotCargo cargo);
  void Travel(const Route& route, std::uint64_t number, SnapshotCargo cargo, raft::Message message);
  void Arrive(const Route& route, SnapshotCargo cargo, raft::Message message);
  void End(const Route& route, bool installed);

  EventQueue* const queue_;
  SimNetwork* const network_;
  Journal* const journal_;
  const FindMember member_;
  RandomStream random_;
  bool calm_ = false;
  std::uint64_t next_number_ = 1;
  std::map<Route, std::uint64_t> under_way_;  // number of the transfer
};

}  // namespace stele::sim
