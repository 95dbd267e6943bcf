// Plans the faults that strike members and links from outside, at the pace of the seed's swarm.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include "tests/sim/event_queue.h"
#include "tests/sim/journal.h"
#include "tests/sim/member.h"
#include "tests/sim/random_stream.h"
#include "tests/sim/sim_network.h"
#include "tests/sim/swarm.h"

namespace stele::sim {

class Nemesis {
 public:
  // All pointers outlive the nemesis.
  Nemesis(std::uint64_t seed, const Swarm* swarm, EventQueue* queue, SimNetwork* network,
          Journal* journal, const std::vector<std::unique_ptr<Member>>* members);

  void Start();
  void Stop() { stopped_ = true; }

  // Whoever has just become leader makes the best victim: terms that end before their entries have
  // spread are where logs part.
  void OnLeader(Member* leader);

 private:
  // Calls `strike` again and again; 0 for never.
  void Repeat(double mean, RandomStream* random, std::function<void()> strike);

  void PlanCrash(Member* member);
  void PlanClusterCrash();
  void Partition();
  void Clog();
  void Pause();
  void Transfer();
  Member* AnyMember(RandomStream* random);
  using Links = std::vector<std::pair<raft::NodeId, raft::NodeId>>;
  void Block(const Links& links, Micros duration);
  void Tell(std::string_view line) const { journal_->Tell(queue_->now(), 0, line); }

  const Swarm* const swarm_;
  EventQueue* const queue_;
  SimNetwork* const network_;
  Journal* const journal_;
  const std::vector<std::unique_ptr<Member>>* const members_;
  bool stopped_ = false;
  std::vector<RandomStream> member_crashes_;  // by member
  RandomStream cluster_crashes_;
  RandomStream partitions_;
  RandomStream clogs_;
  RandomStream pauses_;
  RandomStream transfers_;
  RandomStream hunts_;
};

}  // namespace stele::sim
