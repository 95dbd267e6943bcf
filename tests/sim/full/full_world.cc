#include "tests/sim/full/full_world.h"

#include <algorithm>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "src/raft/check.h"
#include "src/raft/describe.h"
#include "tests/history/history_checks.h"
#include "tests/sim/cluster_history.h"
#include "tests/sim/full/client_port.h"
#include "tests/sim/full/daemon_rooms.h"
#include "tests/sim/full/kv_clients.h"
#include "tests/sim/full/lease_clients.h"
#include "tests/sim/full/watch_clients.h"
#include "tests/sim/full/witness.h"
#include "tests/sim/member.h"
#include "tests/sim/nemesis.h"
#include "tests/sim/sim_network.h"
#include "tests/sim/snapshot_courier.h"

namespace stele::sim {
namespace {

constexpr Micros kRestWithin = 30 * kSecond;
constexpr Micros kClientsGoOn = 2 * kSecond;
constexpr Micros kLookEvery = 250 * kMillisecond;
constexpr Micros kExpirySlack = 12 * kSecond;

class FullWorld {
 public:
  explicit FullWorld(const FullRunOptions& options);

  void RunFaulty();
  void RunCalm();
  void Judge();
  FullRunResult Result(std::string violation);

 private:
  Member* Find(raft::NodeId id) { return members_[id.value - 1].get(); }
  Member::Surroundings SurroundingsOfMembers();
  Nemesis::Victims VictimsOfNemesis();
  DaemonRooms::Surroundings SurroundingsOfRooms();
  void Deliver(raft::Message message);
  void OnUnreachable(raft::NodeId from, raft::NodeId to);
  void AskLease(raft::NodeId from, raft::NodeId to, std::int64_t lease, bool renew,
                server::LeaseClock::Done done);
  void RunUntil(Micros time);
  std::string WhyNotAtRest();
  std::string WhyRoomsNotAtRest();
  void CountOutcomes();

  const FullRunOptions options_;
  const Swarm swarm_;
  const FullSwarm full_swarm_;
  EventQueue queue_;
  Journal journal_;
  FullCounts counts_;
  ClusterHistory history_;
  Witness witness_;
  RandomStream questions_;
  SimNetwork network_;
  SnapshotCourier courier_;
  ClientPort port_;
  KvClients kv_;
  LeaseClients leases_;
  WatchClients watches_;
  std::vector<std::unique_ptr<Member>> members_;
  std::unique_ptr<Nemesis> nemesis_;
  Micros calm_since_ = 0;
};

FullWorld::FullWorld(const FullRunOptions& options)
    : options_(options),
      swarm_(options.swarm ? *options.swarm : DrawQuickSwarm(options.seed, options.members)),
      full_swarm_(options.full_swarm ? *options.full_swarm : DrawFullSwarm(options.seed)),
      journal_(options.tells),
      history_(options.members, &journal_, [](const raft::Entry& /*entry*/) {}),
      witness_(&queue_, &counts_),
      questions_(options.seed, "lease questions"),
      network_(
          options.seed, options.members, &swarm_, &queue_, &journal_,
          {.deliver = [this](raft::Message message) { Deliver(std::move(message)); },
           .unreachable = [this](raft::NodeId from, raft::NodeId to) { OnUnreachable(from, to); }}),
      courier_(options.seed, &queue_, &network_, &journal_,
               [this](raft::NodeId id) { return Find(id); }),
      port_(options.members, &full_swarm_, &queue_, &counts_,
            [this](raft::NodeId id) { return Find(id); }),
      kv_(options.seed, &port_),
      leases_(options.seed, &port_, &kv_),
      watches_(options.seed, &port_) {
  for (int i = 1; i <= options_.members; ++i) {
    members_.push_back(std::make_unique<Member>(raft::NodeId{static_cast<std::uint64_t>(i)},
                                                SurroundingsOfMembers()));
  }
  nemesis_ =
      std::make_unique<Nemesis>(options_.seed, &swarm_, &queue_, &journal_, VictimsOfNemesis());
}

Nemesis::Victims FullWorld::VictimsOfNemesis() {
  return {.network = &network_,
          .history = &history_,
          .members =
              [this] {
                std::vector<Member*> all;
                for (const auto& member : members_) all.push_back(member.get());
                return all;
              },
          .find = [this](raft::NodeId id) { return Find(id); },
          .add = [](raft::NodeId /*id*/) -> Member* { return nullptr; }};
}

Member::Surroundings FullWorld::SurroundingsOfMembers() {
  Member::Surroundings around;
  around.swarm = &swarm_;
  around.queue = &queue_;
  around.history = &history_;
  around.journal = &journal_;
  around.seed = options_.seed;
  around.members = options_.members;
  around.send = [this](raft::Message message, Micros at) { network_.Send(std::move(message), at); };
  around.send_snapshot = [this](raft::NodeId from, raft::NodeId to) { courier_.Send(from, to); };
  around.died = [this](raft::NodeId member) { courier_.OnDeath(member); };
  around.leads = [this](raft::NodeId member) { nemesis_->OnLeader(Find(member)); };
  around.installs = [this](raft::NodeId member, Micros at) { nemesis_->OnInstall(member, at); };
  around.make_application = [this](Member* member) {
    return std::make_unique<DaemonRooms>(member, SurroundingsOfRooms());
  };
  return around;
}

DaemonRooms::Surroundings FullWorld::SurroundingsOfRooms() {
  DaemonRooms::Surroundings around;
  around.swarm = &swarm_;
  around.full_swarm = &full_swarm_;
  around.queue = &queue_;
  around.journal = &journal_;
  around.counts = &counts_;
  around.witness = &witness_;
  around.seed = options_.seed;
  around.ask_lease = [this](raft::NodeId from, raft::NodeId to, std::int64_t lease, bool renew,
                            server::LeaseClock::Done done) {
    AskLease(from, to, lease, renew, std::move(done));
  };
  return around;
}

// A call between members: it or its answer gets lost where messages do.
void FullWorld::AskLease(raft::NodeId from, raft::NodeId to, std::int64_t lease, bool renew,
                         server::LeaseClock::Done done) {
  struct Question {
    server::LeaseClock::Done done;
    bool answered = false;
  };
  auto question = std::make_shared<Question>(Question{std::move(done)});
  Member* asker = Find(from);
  const auto answer = [question](const absl::StatusOr<server::LeaseAnswer>& outcome) {
    if (!std::exchange(question->answered, true)) question->done(outcome);
  };
  asker->InThisLife(queue_.now() + kSecond,
                    [answer] { answer(absl::UnavailableError("no answer from the leader")); });
  if (network_.IsBlocked(from, to)) return;
  const Micros delay = 20 + questions_.Exponential(swarm_.delay_mean);
  // The asker's life is part of the way back: a callback into a dead process must not run.
  auto reply = std::make_shared<std::function<void(absl::StatusOr<server::LeaseAnswer>)>>();
  *reply = [this, from, to, answer, delay, asker,
            life = asker->life()](const absl::StatusOr<server::LeaseAnswer>& outcome) {
    if (network_.IsBlocked(to, from) || asker->life() != life || !asker->is_up()) return;
    asker->InThisLife(queue_.now() + delay, [answer, outcome] { answer(outcome); });
  };
  queue_.After(delay, [this, to, lease, renew, reply] {
    Member* leader = Find(to);
    if (!leader->is_up()) return;
    leader->InThisLife(queue_.now(), [leader, lease, renew, reply] {
      ClientPort::RoomsOf(leader)->leases()->AnswerPeer(
          lease, renew,
          [reply](absl::StatusOr<server::LeaseAnswer> outcome) { (*reply)(std::move(outcome)); });
    });
  });
}

void FullWorld::Deliver(raft::Message message) {
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

void FullWorld::OnUnreachable(raft::NodeId from, raft::NodeId to) {
  Member* sender = Find(from);
  if (sender->is_up()) sender->Post(server::UnreachableInput{to});
}

void FullWorld::RunUntil(Micros time) {
  while (queue_.RunNext(time)) {
  }
}

void FullWorld::RunFaulty() {
  if (options_.faults) nemesis_->Replay(*options_.faults);
  for (const auto& member : members_) member->Boot();
  kv_.Start();
  leases_.Start();
  watches_.Start();
  if (!options_.faults) nemesis_->Start();
  RunUntil(options_.faulty_time);
}

void FullWorld::RunCalm() {
  journal_.Tell(queue_.now(), 0, "all faults end");
  nemesis_->Stop();
  network_.Calm();
  courier_.Calm();
  port_.calm = true;
  for (const auto& member : members_) member->Calm();
  const std::uint64_t acked_before = kv_.acked_writes();
  const Micros deadline = queue_.now() + kRestWithin;
  RunUntil(queue_.now() + kClientsGoOn);
  while (kv_.acked_writes() == acked_before && queue_.now() < deadline) {
    RunUntil(queue_.now() + kLookEvery);
  }
  if (kv_.acked_writes() == acked_before) throw Violation("no write succeeds after all is well");
  kv_.Stop();
  leases_.Stop();
  watches_.Calm();
  calm_since_ = queue_.now();
  std::string why = WhyNotAtRest();
  while (!why.empty() && queue_.now() < deadline) {
    RunUntil(queue_.now() + kLookEvery);
    why = WhyNotAtRest();
  }
  if (!why.empty()) throw Violation("not at rest 30 s after all is well: " + why);
  RunUntil(queue_.now() + kLookEvery);  // for what is on its way to clients
}

std::string FullWorld::WhyNotAtRest() {
  if (const std::size_t pending = kv_.pending() + leases_.pending(); pending > 0) {
    return absl::StrCat(pending, " requests are pending");
  }
  if (!watches_.all_connected()) return "a watcher finds nobody";
  const server::RaftFacts& first = members_.front()->facts();
  if (first.leader == 0) return "member 1 knows no leader";
  for (const auto& member : members_) {
    const std::string name = absl::StrCat("member ", member->id().value);
    const server::RaftFacts& facts = member->facts();
    if (facts.leader != first.leader || facts.term != first.term) return name + " disagrees";
    if (member->waiting_proposals() > 0) return name + " owes an answer";
    if (member->applied().index != history_.last_committed()) {
      return absl::StrCat(name, " has applied ", member->applied().index.value, " of ",
                          history_.last_committed().value);
    }
  }
  return WhyRoomsNotAtRest();
}

std::string FullWorld::WhyRoomsNotAtRest() {
  if (witness_.living_leases() > 0) {
    return absl::StrCat(witness_.living_leases(), " leases live that nobody renews");
  }
  for (const auto& member : members_) {
    DaemonRooms* rooms = ClientPort::RoomsOf(member.get());
    const std::string name = absl::StrCat("member ", member->id().value);
    if (rooms->watch_counters().pending_events != 0) return name + " has events to hand out";
    if (rooms->watch_counters().slow_watchers != 0) return name + " has watchers that lag";
    if (!rooms->CompactionFinished()) return name + " has not finished its compaction";
  }
  return "";
}

void FullWorld::Judge() {
  const std::uint64_t first = ClientPort::RoomsOf(members_.front().get())->StateHash();
  journal_.Mix(first);
  for (const auto& member : members_) {
    if (ClientPort::RoomsOf(member.get())->StateHash() != first) {
      throw Violation(absl::StrCat("members-differ: the stores of member 1 and member ",
                                   member->id().value, " differ at rest"));
    }
  }
  watches_.TakeHistory(witness_.current_revision());
  history::History& history = port_.noted;
  witness_.TakeHistory(&history);
  history.end = queue_.now();
  history.calm_since = calm_since_;
  history.expiry_slack = kExpirySlack;
  for (std::size_t i = 0; i < members_.size(); ++i) {
    const double drift = static_cast<double>(swarm_.drift_ppm[i]) * 1e-6;
    history.clock_drift = std::max(history.clock_drift, drift);
  }
  CountOutcomes();
  const history::Violations violations = history::CheckHistory(history);
  if (!violations.empty()) throw Violation(history::Explain(history, violations));
}

// What only shows afterwards.
void FullWorld::CountOutcomes() {
  absl::flat_hash_set<std::string_view> values;
  for (const history::RevisionRecord& record : port_.noted.revisions) {
    for (const history::Change& change : record.changes) values.insert(change.value);
  }
  for (const history::Operation& operation : port_.noted.operations) {
    if (operation.outcome != history::Outcome::kUnknown) continue;
    const history::Step& first = operation.success.front();
    if (!first.value.empty() && values.contains(first.value)) {
      counts_.Reach(FullMark::kUnknownApplied);
    }
  }
  absl::flat_hash_set<std::int64_t> revoked_by_clients;
  for (const history::LeaseRequest& request : port_.noted.lease_requests) {
    if (request.kind == history::LeaseRequest::Kind::kRevoke) {
      revoked_by_clients.insert(request.id);
    }
  }
  for (const history::LeaseLife& lease : port_.noted.leases) {
    if (lease.revoked != 0 && !revoked_by_clients.contains(lease.id)) {
      counts_.Reach(FullMark::kLeaseExpired);
    }
  }
}

FullRunResult FullWorld::Result(std::string violation) {
  FullRunResult result;
  result.violation = std::move(violation);
  result.swarm = Describe(swarm_) + "\n  " + Describe(full_swarm_);
  result.counts = journal_.counts();
  result.full_counts = counts_.counts();
  result.hash = journal_.hash();
  for (const std::uint64_t count : result.counts) result.hash = MixBits(result.hash ^ count) + 1;
  for (const std::uint64_t count : result.full_counts) {
    result.hash = MixBits(result.hash ^ count) + 1;
  }
  result.events = queue_.executed();
  result.judged = port_.noted.operations.size();
  result.simulated = queue_.now();
  for (const auto& member : members_) {
    result.disk_operations.push_back(member->disk()->files()->operation_count());
  }
  return result;
}

// A broken invariant inside the code under test ends the run, not the simulator.
[[noreturn]] void ThrowFailedCheck(const char* report) { throw Violation(report); }

}  // namespace

FullRunResult RunFullSeed(const FullRunOptions& options) {
  check_failure_observer = ThrowFailedCheck;
  FullWorld world(options);
  std::string violation;
  try {
    world.RunFaulty();
    world.RunCalm();
    world.Judge();
  } catch (const Violation& seen) {
    violation = seen.what();
  }
  return world.Result(std::move(violation));
}

}  // namespace stele::sim
