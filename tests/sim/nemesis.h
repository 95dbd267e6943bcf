// Plans the faults that strike members and links from outside: at the pace of the seed's swarm, or
// as a schedule says. Every decision is a Fault, which is written down when it is carried out.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "tests/sim/cluster_history.h"
#include "tests/sim/event_queue.h"
#include "tests/sim/fault.h"
#include "tests/sim/journal.h"
#include "tests/sim/member.h"
#include "tests/sim/random_stream.h"
#include "tests/sim/sim_network.h"
#include "tests/sim/swarm.h"

namespace stele::sim {

class Nemesis {
 public:
  // All pointers outlive the nemesis.
  struct Victims {
    SimNetwork* network = nullptr;
    const ClusterHistory* history = nullptr;
    // Those that have a machine and were not removed.
    std::function<std::vector<Member*>()> members;
    // Null while there is no machine of this id.
    std::function<Member*(raft::NodeId)> find;
    // Makes the machine; it is started a moment later.
    std::function<Member*(raft::NodeId)> add;
  };
  Nemesis(std::uint64_t seed, const Swarm* swarm, EventQueue* queue, Journal* journal,
          Victims victims);

  // Strikes by chance.
  void Start();
  // Strikes as `faults` say and not otherwise.
  void Replay(const std::vector<Fault>& faults);
  void Stop() { stopped_ = true; }

  // Whoever has just become leader makes the best victim: terms that end before their entries have
  // spread are where logs part.
  void OnLeader(Member* leader);
  // Another good victim: a member whose log has a snapshot since `at` that its store has not.
  void OnInstall(raft::NodeId member, Micros at);
  // Ends a joint config that was left open.
  void LeaveJoint();

  // What was done so far.
  const std::vector<Fault>& done() const { return done_; }

 private:
  // Calls `strike` again and again; 0 for never.
  void Repeat(double mean, RandomStream* random, std::function<void()> strike);

  // Draw.
  void PlanCrash(raft::NodeId member);
  void PlanClusterCrash();
  void Partition();
  void Hunt(Member* leader);
  void Clog();
  void Pause();
  void Stall();
  void Slow();
  void Fill();
  void Transfer();
  void ChangeConf();
  raft::NodeId AnyMember(RandomStream* random);
  Fault::Links CutBetween(const std::vector<raft::NodeId>& a,
                          const std::vector<raft::NodeId>& b) const;
  Fault::Links DrawShape(Mark* mark);

  // Carry out.
  void Do(Fault fault);
  void Strike(const Fault& fault);
  void Crash(const Fault& fault);
  void Block(const Fault& fault);
  void PostConf(const Fault& fault);
  void PostTransfer(raft::NodeId target);

  const Swarm* const swarm_;
  EventQueue* const queue_;
  Journal* const journal_;
  const Victims victims_;
  const std::uint64_t seed_;
  bool stopped_ = false;
  bool replays_ = false;
  std::vector<Fault> done_;
  std::map<raft::NodeId, RandomStream> member_crashes_;
  RandomStream cluster_crashes_;
  RandomStream partitions_;
  RandomStream clogs_;
  RandomStream pauses_;
  RandomStream stalls_;
  RandomStream slowness_;
  RandomStream fills_;
  RandomStream transfers_;
  RandomStream hunts_;
  RandomStream install_hunts_;
  RandomStream confs_;
};

}  // namespace stele::sim
