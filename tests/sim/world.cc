#include "tests/sim/world.h"

#include <memory>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "src/raft/check.h"
#include "src/raft/describe.h"
#include "tests/sim/apply_room.h"
#include "tests/sim/client_load.h"
#include "tests/sim/cluster_history.h"
#include "tests/sim/member.h"
#include "tests/sim/nemesis.h"
#include "tests/sim/sim_network.h"
#include "tests/sim/snapshot_courier.h"
#include "tests/sim/swarm.h"

namespace stele::sim {
namespace {

constexpr Micros kRestWithin = 30 * kSecond;
constexpr Micros kClientsGoOn = 3 * kSecond;
constexpr Micros kLookEvery = 250 * kMillisecond;

class World {
 public:
  explicit World(const RunOptions& options);

  void RunFaulty();
  void RunCalm();
  RunResult Result(std::string violation) const;

 private:
  Member* Find(raft::NodeId id) { return members_[id.value - 1].get(); }
  Member::Surroundings SurroundingsOfMembers();
  void Deliver(raft::Message message);
  void OnUnreachable(raft::NodeId from, raft::NodeId to);
  void RunUntil(Micros time);
  std::string WhyNotAtRest() const;

  const RunOptions options_;
  const Swarm swarm_;
  EventQueue queue_;
  Journal journal_;
  ClusterHistory history_;
  SimNetwork network_;
  SnapshotCourier courier_;
  ClientLoad clients_;
  std::vector<std::unique_ptr<Member>> members_;
  std::unique_ptr<Nemesis> nemesis_;
};

World::World(const RunOptions& options)
    : options_(options),
      swarm_(DrawSwarm(options.seed, options.members)),
      journal_(options.tells),
      history_(options.members, &journal_,
               [this](const raft::Entry& entry) { clients_.OnCommitted(entry); }),
      network_(
          options.seed, options.members, &swarm_, &queue_, &journal_,
          {.deliver = [this](raft::Message message) { Deliver(std::move(message)); },
           .unreachable = [this](raft::NodeId from, raft::NodeId to) { OnUnreachable(from, to); }}),
      courier_(options.seed, &queue_, &network_, &journal_,
               [this](raft::NodeId id) { return Find(id); }),
      clients_(options.seed, options.members, &swarm_, &queue_, &journal_, &history_,
               [this](raft::NodeId id) { return Find(id); }) {
  for (int i = 1; i <= options_.members; ++i) {
    members_.push_back(std::make_unique<Member>(raft::NodeId{static_cast<std::uint64_t>(i)},
                                                SurroundingsOfMembers()));
  }
  nemesis_ =
      std::make_unique<Nemesis>(options_.seed, &swarm_, &queue_, &network_, &journal_, &members_);
}

Member::Surroundings World::SurroundingsOfMembers() {
  Member::Surroundings around;
  around.swarm = &swarm_;
  around.queue = &queue_;
  around.history = &history_;
  around.journal = &journal_;
  around.bug = options_.bug;
  around.seed = options_.seed;
  around.members = options_.members;
  around.send = [this](raft::Message message, Micros at) { network_.Send(std::move(message), at); };
  around.send_snapshot = [this](raft::NodeId from, raft::NodeId to) { courier_.Send(from, to); };
  around.died = [this](raft::NodeId member) {
    courier_.OnDeath(member);
    clients_.OnDeath(member);
  };
  around.leads = [this](raft::NodeId member) { nemesis_->OnLeader(Find(member)); };
  around.make_application = [this](Member* member) {
    return std::make_unique<ApplyRoom>(member->id(), &swarm_, &history_, &journal_);
  };
  return around;
}

void World::Deliver(raft::Message message) {
  journal_.Mix(static_cast<std::uint64_t>(queue_.now()));
  journal_.Mix(message.from.value << 40U ^ message.to.value << 32U ^ message.body.index());
  journal_.Mix(message.term.value);
  Member* target = Find(message.to);
  if (!target->is_up()) return OnUnreachable(message.from, message.to);
  if (journal_.tells()) {
    journal_.Tell(queue_.now(), message.to.value, "take " + raft::Describe(message));
  }
  std::vector<raft::Message> messages;
  messages.push_back(std::move(message));
  target->Post(server::PeerInput{std::move(messages)});
}

void World::OnUnreachable(raft::NodeId from, raft::NodeId to) {
  Member* sender = Find(from);
  if (sender->is_up()) sender->Post(server::UnreachableInput{to});
}

void World::RunUntil(Micros time) {
  while (queue_.RunNext(time)) {
  }
}

void World::RunFaulty() {
  for (const auto& member : members_) member->Boot();
  clients_.Start();
  nemesis_->Start();
  RunUntil(options_.faulty_time);
}

void World::RunCalm() {
  journal_.Tell(queue_.now(), 0, "all faults end");
  nemesis_->Stop();
  network_.Calm();
  courier_.Calm();
  for (const auto& member : members_) member->Calm();
  const std::uint64_t acked_before = clients_.acked();
  const Micros deadline = queue_.now() + kRestWithin;
  RunUntil(queue_.now() + kClientsGoOn);
  while (clients_.acked() == acked_before && queue_.now() < deadline) {
    RunUntil(queue_.now() + kLookEvery);
  }
  if (clients_.acked() == acked_before) throw Violation("no write succeeds after all is well");
  clients_.Stop();
  std::string why = WhyNotAtRest();
  while (!why.empty() && queue_.now() < deadline) {
    RunUntil(queue_.now() + kLookEvery);
    why = WhyNotAtRest();
  }
  if (!why.empty()) throw Violation("not at rest 30 s after all is well: " + why);
  clients_.CheckAtEnd();
}

std::string World::WhyNotAtRest() const {
  if (clients_.pending() > 0) {
    return absl::StrCat(clients_.pending(), " requests are pending");
  }
  const server::RaftFacts& first = members_.front()->facts();
  if (first.leader == 0) return "member 1 knows no leader";
  for (const auto& member : members_) {
    const std::string name = absl::StrCat("member ", member->id().value);
    const server::RaftFacts& facts = member->facts();
    if (facts.leader != first.leader || facts.term != first.term) return name + " disagrees";
    if (facts.is_leader != (facts.leader == member->id().value)) return name + " is in doubt";
    if (member->waiting_proposals() > 0) return name + " owes an answer";
    if (member->applied().index != history_.last_committed()) {
      return absl::StrCat(name, " has applied ", member->applied().index.value, " of ",
                          history_.last_committed().value);
    }
    if (facts.last_index != history_.last_committed().value) {
      return name + " has uncommitted entries";
    }
  }
  return "";
}

RunResult World::Result(std::string violation) const {
  RunResult result;
  result.violation = std::move(violation);
  result.swarm = Describe(swarm_);
  result.counts = journal_.counts();
  result.hash = journal_.hash();
  for (const std::uint64_t count : result.counts) result.hash = MixBits(result.hash ^ count) + 1;
  if (history_.last_committed().value > 0) {
    result.hash ^= history_.StateAt(history_.last_committed()).hash;
  }
  result.events = queue_.executed();
  result.simulated = queue_.now();
  return result;
}

// A broken invariant inside the code under test ends the run, not the simulator.
[[noreturn]] void ThrowFailedCheck(const char* report) { throw Violation(report); }

}  // namespace

RunResult RunSeed(const RunOptions& options) {
  check_failure_observer = ThrowFailedCheck;
  World world(options);
  std::string violation;
  try {
    world.RunFaulty();
    world.RunCalm();
  } catch (const Violation& seen) {
    violation = seen.what();
  }
  return world.Result(std::move(violation));
}

}  // namespace stele::sim
