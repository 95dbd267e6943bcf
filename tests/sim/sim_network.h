// Messages between the members: delayed, lost, repeated, overtaken, held up and cut off, each way
// on its own.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "src/raft/message.h"
#include "tests/sim/event_queue.h"
#include "tests/sim/journal.h"
#include "tests/sim/random_stream.h"
#include "tests/sim/swarm.h"

namespace stele::sim {

class SimNetwork {
 public:
  struct Outputs {
    std::function<void(raft::Message)> deliver;
    // Sometimes the sender learns that nobody takes its messages.
    std::function<void(raft::NodeId from, raft::NodeId to)> unreachable;
    // A message arrives at somebody it was not sent to. Null: it is lost.
    std::function<void(raft::NodeId at, raft::Message)> misdeliver = nullptr;
  };

  // All pointers outlive the network. Members are numbered from 1.
  SimNetwork(std::uint64_t seed, int members, const Swarm* swarm, EventQueue* queue,
             Journal* journal, Outputs outputs);

  // Leaves the sender at `at`, which may lie in the future.
  void Send(raft::Message message, Micros at);

  void SetBlocked(raft::NodeId from, raft::NodeId to, bool blocked);
  // Since when the link is neither blocked nor clogged; kNever while it is.
  Micros SteadySince(raft::NodeId from, raft::NodeId to);
  bool IsBlocked(raft::NodeId from, raft::NodeId to) { return LinkOf(from, to).blocks > 0; }
  // Holds back everything until then.
  void Clog(raft::NodeId from, raft::NodeId to, Micros until);
  void HealAll();
  // No more faults of its own: only short delays remain.
  void Calm();

 private:
  struct Link {
    RandomStream random;
    int blocks = 0;  // partitions may overlap
    Micros healed_at = 0;
    Micros clogged_until = 0;
    Micros last_arrival = 0;
  };

  Link& LinkOf(raft::NodeId from, raft::NodeId to);
  Micros DrawArrival(Link* link, Micros at);
  void Deliver(raft::Message message, Micros at);
  void Misroute(Link* link, raft::Message message, Micros at);
  void Lose(Link* link, const raft::Message& message);

  const int members_;
  const Swarm* const swarm_;
  EventQueue* const queue_;
  Journal* const journal_;
  const Outputs outputs_;
  bool calm_ = false;
  std::vector<Link> links_;
};

}  // namespace stele::sim
