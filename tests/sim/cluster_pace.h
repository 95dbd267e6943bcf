// Whether the cluster gets on with its work. Looks at it now and then, also while faults strike,
// and throws a Violation when
//
//   nothing is committed although a quorum was undisturbed for more than 10 election timeouts and
//   was given a write
//   leadership keeps moving among undisturbed members
//   far more messages are sent than the entries and heartbeats need
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "src/raft/types.h"
#include "tests/sim/client_load.h"
#include "tests/sim/cluster_history.h"
#include "tests/sim/event_queue.h"
#include "tests/sim/journal.h"
#include "tests/sim/member.h"
#include "tests/sim/sim_network.h"
#include "tests/sim/swarm.h"

namespace stele::sim {

class ClusterPace {
 public:
  struct Cluster {
    EventQueue* queue = nullptr;
    SimNetwork* network = nullptr;
    ClusterHistory* history = nullptr;
    const ClientLoad* clients = nullptr;
    Journal* journal = nullptr;
    std::function<std::vector<Member*>()> members;
  };
  // `swarm` outlives it.
  ClusterPace(const Swarm* swarm, Cluster cluster);

  void Start() { Plan(); }
  void Stop() { stopped_ = true; }

 private:
  void Plan();
  void Look();
  void CountDown(const std::vector<Member*>& members) const;
  void CheckMessages();
  void CheckProgress(const std::vector<Member*>& members);
  void CheckChurn(const std::vector<Member*>& members);
  std::vector<Member*> SteadyMembers(const std::vector<Member*>& members) const;
  bool ReachesLeader(raft::NodeId id, const std::vector<Member*>& steady, Micros since) const;

  const Swarm* const swarm_;
  const Cluster cluster_;
  const Micros timeout_;  // an election timeout
  const bool may_judge_;  // no noise that would excuse anything
  bool stopped_ = false;

  struct Traffic {
    Micros since = 0;
    std::uint64_t messages = 0;
    std::uint64_t entries = 0;
    std::uint64_t committed = 0;
  };
  Traffic traffic_;
  std::uint64_t committed_ = 0;
  Micros committed_at_ = 0;  // when that was seen first
  raft::Index conf_;
  Micros conf_at_ = 0;
  raft::NodeId leader_;        // among undisturbed members
  std::vector<Micros> moves_;  // of leadership between them
};

}  // namespace stele::sim
