#include "tests/sim/world.h"

#include <memory>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "src/raft/check.h"
#include "src/raft/conf_change.h"
#include "src/raft/describe.h"
#include "tests/sim/apply_room.h"
#include "tests/sim/client_load.h"
#include "tests/sim/cluster_history.h"
#include "tests/sim/cluster_pace.h"
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
  // Null while there is no machine of this id.
  Member* Find(raft::NodeId id) {
    return id.value > members_.size() ? nullptr : members_[id.value - 1].get();
  }
  std::vector<Member*> LiveMembers() const;
  Member* AnyOfConf(RandomStream* random);
  Member* AddMachine(raft::NodeId id);
  Member::Surroundings SurroundingsOfMembers();
  Nemesis::Victims VictimsOfNemesis();
  void Deliver(raft::Message message) {
    const raft::NodeId to = message.to;
    DeliverAt(to, std::move(message));
  }
  void DeliverAt(raft::NodeId at, raft::Message message);
  void OnUnreachable(raft::NodeId from, raft::NodeId to);
  void RunUntil(Micros time);
  std::string WhyNotAtRest() const;
  std::string WhyNotAtRest(const Member& member, const server::RaftFacts& first) const;

  const RunOptions options_;
  const Swarm swarm_;
  EventQueue queue_;
  Journal journal_;
  ClusterHistory history_;
  SimNetwork network_;
  SnapshotCourier courier_;
  ClientLoad clients_;
  std::vector<std::unique_ptr<Member>> members_;  // by id - 1; null: no machine yet
  Nemesis nemesis_;
  ClusterPace pace_;
};

World::World(const RunOptions& options)
    : options_(options),
      swarm_(options.swarm ? *options.swarm : DrawSwarm(options.seed, options.members)),
      journal_(options.tells),
      history_(swarm_.members, &journal_,
               [this](const raft::Entry& entry) { clients_.OnCommitted(entry); }),
      network_(
          options.seed, static_cast<int>(kMachinesMax), &swarm_, &queue_, &journal_,
          {.deliver = [this](raft::Message message) { Deliver(std::move(message)); },
           .unreachable = [this](raft::NodeId from, raft::NodeId to) { OnUnreachable(from, to); },
           .misdeliver = [this](raft::NodeId at,
                                raft::Message message) { DeliverAt(at, std::move(message)); }}),
      courier_(options.seed, &queue_, &network_, &journal_,
               [this](raft::NodeId id) { return Find(id); }),
      clients_(options.seed, &swarm_, &queue_, &journal_, &history_,
               [this](RandomStream* random) { return AnyOfConf(random); }),
      nemesis_(options.seed, &swarm_, &queue_, &journal_, VictimsOfNemesis()),
      pace_(&swarm_, {&queue_, &network_, &history_, &clients_, &journal_,
                      [this] { return LiveMembers(); }}) {
  members_.resize(kMachinesMax);
  for (int i = 1; i <= swarm_.members; ++i) {
    const raft::NodeId id{static_cast<std::uint64_t>(i)};
    members_[id.value - 1] = std::make_unique<Member>(id, SurroundingsOfMembers());
  }
}

std::vector<Member*> World::LiveMembers() const {
  std::vector<Member*> live;
  for (const auto& member : members_) {
    if (member != nullptr && !member->is_retired()) live.push_back(member.get());
  }
  return live;
}

// Clients know the members of the newest config.
Member* World::AnyOfConf(RandomStream* random) {
  const raft::ConfState& conf = history_.confs().committed();
  const std::uint64_t count = conf.voters.size() + conf.learners.size();
  const std::uint64_t chosen = random->Below(count);
  return Find(chosen < conf.voters.size() ? conf.voters[chosen]
                                          : conf.learners[chosen - conf.voters.size()]);
}

Member* World::AddMachine(raft::NodeId id) {
  if (id.value > kMachinesMax) return nullptr;
  std::unique_ptr<Member>& member = members_[id.value - 1];
  STELE_CHECK(member == nullptr);
  member = std::make_unique<Member>(id, SurroundingsOfMembers());
  RandomStream random(options_.seed, "joiner", id.value);
  queue_.After(random.Between(kMillisecond, 2 * kSecond), [started = member.get()] {
    if (!started->is_up() && started->life() == 0) started->Boot();
  });
  return member.get();
}

Nemesis::Victims World::VictimsOfNemesis() {
  return {.network = &network_,
          .history = &history_,
          .members = [this] { return LiveMembers(); },
          .find = [this](raft::NodeId id) { return Find(id); },
          .add = [this](raft::NodeId id) { return AddMachine(id); }};
}

Member::Surroundings World::SurroundingsOfMembers() {
  Member::Surroundings around;
  around.swarm = &swarm_;
  around.queue = &queue_;
  around.history = &history_;
  around.journal = &journal_;
  around.bug = options_.bug;
  around.seed = options_.seed;
  around.members = swarm_.members;
  around.send = [this](raft::Message message, Micros at) { network_.Send(std::move(message), at); };
  around.send_snapshot = [this](raft::NodeId from, raft::NodeId to) { courier_.Send(from, to); };
  around.died = [this](raft::NodeId member) {
    courier_.OnDeath(member);
    clients_.OnDeath(member);
  };
  around.leads = [this](raft::NodeId member) {
    for (Member* other : LiveMembers()) {
      const bool leads = other->id() != member && other->is_up() && other->facts().is_leader;
      if (leads && other->disk()->is_disturbed(queue_.now())) {
        journal_.Reach(Mark::kStalledLeaderReplaced);
      }
    }
    nemesis_.OnLeader(Find(member));
  };
  around.installs = [this](raft::NodeId member, Micros at) { nemesis_.OnInstall(member, at); };
  around.make_application = [this](Member* member) {
    return std::make_unique<ApplyRoom>(member->id(), &swarm_, &history_, &journal_,
                                       options_.bug.model);
  };
  return around;
}

void World::DeliverAt(raft::NodeId at, raft::Message message) {
  journal_.Mix(static_cast<std::uint64_t>(queue_.now()));
  journal_.Mix(message.from.value << 40U ^ message.to.value << 32U ^ message.body.index());
  journal_.Mix(message.term.value);
  Member* target = Find(at);
  if (target == nullptr || !target->is_up()) return OnUnreachable(message.from, message.to);
  if (journal_.tells()) {
    journal_.Tell(queue_.now(), at.value, "take " + raft::Describe(message));
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
  if (options_.faults) nemesis_.Replay(*options_.faults);
  for (Member* member : LiveMembers()) member->Boot();
  clients_.Start();
  pace_.Start();
  if (!options_.faults) nemesis_.Start();
  RunUntil(options_.faulty_time);
}

void World::RunCalm() {
  journal_.Tell(queue_.now(), 0, "all faults end");
  nemesis_.Stop();
  pace_.Stop();
  network_.Calm();
  courier_.Calm();
  for (Member* member : LiveMembers()) member->Calm();
  const std::uint64_t acked_before = clients_.acked();
  const Micros deadline = queue_.now() + kRestWithin;
  RunUntil(queue_.now() + kClientsGoOn);
  while (clients_.acked() == acked_before && queue_.now() < deadline) {
    // By themselves the clients of some seeds may let the whole time pass without a write.
    clients_.WriteOnce();
    RunUntil(queue_.now() + kLookEvery);
  }
  if (clients_.acked() == acked_before) throw Violation("no write succeeds after all is well");
  clients_.Stop();
  std::string why = WhyNotAtRest();
  while (!why.empty() && queue_.now() < deadline) {
    if (!history_.confs().committed().auto_leave) nemesis_.LeaveJoint();
    RunUntil(queue_.now() + kLookEvery);
    why = WhyNotAtRest();
  }
  if (!why.empty()) throw Violation("not at rest 30 s after all is well: " + why);
  clients_.CheckAtEnd();
}

// Only those of the newest config are asked; a member that was removed may not have heard of it.
std::string World::WhyNotAtRest() const {
  if (clients_.pending() > 0) {
    return absl::StrCat(clients_.pending(), " requests are pending");
  }
  const raft::ConfState& conf = history_.confs().committed();
  if (raft::IsJoint(conf)) return "the config is still joint";
  const server::RaftFacts* first = nullptr;
  for (const auto& member : members_) {
    if (member == nullptr || !raft::IsMember(conf, member->id())) continue;
    if (!member->is_up()) return absl::StrCat("member ", member->id().value, " is down");
    if (first == nullptr) first = &member->facts();
    std::string why = WhyNotAtRest(*member, *first);
    if (!why.empty()) return why;
  }
  if (!raft::IsVoter(conf, raft::NodeId{first->leader})) return "the leader is no voter";
  return "";
}

std::string World::WhyNotAtRest(const Member& member, const server::RaftFacts& first) const {
  const std::string name = absl::StrCat("member ", member.id().value);
  const server::RaftFacts& facts = member.facts();
  if (facts.leader == 0) return name + " knows no leader";
  if (facts.leader != first.leader || facts.term != first.term) return name + " disagrees";
  if (facts.is_leader != (facts.leader == member.id().value)) return name + " is in doubt";
  if (member.waiting_proposals() > 0) return name + " owes an answer";
  if (member.applied().index != history_.last_committed()) {
    return absl::StrCat(name, " has applied ", member.applied().index.value, " of ",
                        history_.last_committed().value);
  }
  if (facts.last_index != history_.last_committed().value) return name + " has uncommitted entries";
  return "";
}

RunResult World::Result(std::string violation) const {
  RunResult result;
  result.violation = std::move(violation);
  result.swarm = swarm_;
  result.faults = nemesis_.done();
  for (const auto& member : members_) {
    result.disk_operations.push_back(
        member == nullptr ? 0 : member->disk()->files()->operation_count());
  }
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
