#include "tests/sim/nemesis.h"

#include <algorithm>
#include <utility>

#include "tests/sim/conf_plan.h"

namespace stele::sim {

using raft::NodeId;

Nemesis::Nemesis(std::uint64_t seed, const Swarm* swarm, EventQueue* queue, Journal* journal,
                 Victims victims)
    : swarm_(swarm),
      queue_(queue),
      journal_(journal),
      victims_(std::move(victims)),
      seed_(seed),
      cluster_crashes_(seed, "cluster crashes"),
      partitions_(seed, "partitions"),
      clogs_(seed, "clogs"),
      pauses_(seed, "pauses"),
      stalls_(seed, "stalls"),
      slowness_(seed, "slowness"),
      fills_(seed, "fills"),
      transfers_(seed, "transfers"),
      hunts_(seed, "hunts"),
      install_hunts_(seed, "install hunts"),
      confs_(seed, "confs") {}

void Nemesis::Start() {
  for (const Member* member : victims_.members()) PlanCrash(member->id());
  if (swarm_->cluster_crash_every > 0) PlanClusterCrash();
  Repeat(swarm_->partition_every, &partitions_, [this] { Partition(); });
  Repeat(swarm_->clog_every, &clogs_, [this] { Clog(); });
  Repeat(swarm_->pause_every, &pauses_, [this] { Pause(); });
  Repeat(swarm_->stall_every, &stalls_, [this] { Stall(); });
  Repeat(swarm_->slow_every, &slowness_, [this] { Slow(); });
  Repeat(swarm_->full_every, &fills_, [this] { Fill(); });
  Repeat(swarm_->transfer_every, &transfers_, [this] { Transfer(); });
  Repeat(swarm_->conf_every, &confs_, [this] { ChangeConf(); });
}

void Nemesis::Replay(const std::vector<Fault>& faults) {
  replays_ = true;
  for (const Fault& fault : faults) {
    // Before anybody starts: a disk operation may be one of the first.
    if (fault.at <= queue_->now()) {
      Do(fault);
      continue;
    }
    queue_->At(fault.at, [this, fault] {
      if (!stopped_) Do(fault);
    });
  }
}

void Nemesis::Repeat(double mean, RandomStream* random, std::function<void()> strike) {
  if (mean <= 0) return;
  queue_->After(random->Exponential(mean),
                [this, mean, random, strike = std::move(strike)]() mutable {
                  if (stopped_) return;
                  strike();
                  Repeat(mean, random, std::move(strike));
                });
}

NodeId Nemesis::AnyMember(RandomStream* random) {
  const std::vector<Member*> members = victims_.members();
  return members.empty() ? NodeId{1} : members[random->Below(members.size())]->id();
}

// Crashes are planned ahead, so that one can strike while a slow sync is under way.
void Nemesis::PlanCrash(NodeId member) {
  if (stopped_ || replays_ || swarm_->crash_every <= 0) return;
  RandomStream& random =
      member_crashes_.try_emplace(member, seed_, "crashes", member.value).first->second;
  const Micros gap = 1 + random.Exponential(swarm_->crash_every);
  Do({.kind = Fault::Kind::kCrash, .member = member, .until = queue_->now() + gap});
  queue_->After(gap + 1, [this, member] { PlanCrash(member); });
}

void Nemesis::PlanClusterCrash() {
  if (stopped_) return;
  const Micros gap = 1 + cluster_crashes_.Exponential(swarm_->cluster_crash_every);
  // A power cut in one room does not reach all machines in the same microsecond.
  const auto spread = cluster_crashes_.Pick<Micros>({0, kMillisecond, 100 * kMillisecond});
  for (const Member* member : victims_.members()) {
    Do({.kind = Fault::Kind::kCrash,
        .member = member->id(),
        .until = queue_->now() + gap + cluster_crashes_.Between(0, spread)});
  }
  queue_->After(gap + spread + 1, [this] {
    journal_->Reach(Mark::kClusterCrash);
    PlanClusterCrash();
  });
}

Fault::Links Nemesis::CutBetween(const std::vector<NodeId>& a, const std::vector<NodeId>& b) const {
  Fault::Links links;
  for (const NodeId one : a) {
    for (const NodeId other : b) {
      if (one == other) continue;
      links.emplace_back(one, other);
      links.emplace_back(other, one);
    }
  }
  return links;
}

Fault::Links Nemesis::DrawShape(Mark* mark) {
  std::vector<NodeId> ids;
  for (const Member* member : victims_.members()) ids.push_back(member->id());
  for (std::size_t i = ids.size(); i > 1; --i) std::swap(ids[i - 1], ids[partitions_.Below(i)]);
  if (ids.size() < 2) return {};
  const NodeId alone = ids.front();
  const std::vector<NodeId> others(ids.begin() + 1, ids.end());
  const auto middle = ids.begin() + static_cast<std::ptrdiff_t>(ids.size() / 2);
  Fault::Links links;
  switch (partitions_.Below(7)) {
    case 0:
      *mark = Mark::kIsolated;
      return CutBetween({alone}, others);
    case 1:  // it is heard, but hears nothing
    case 2:  // or the other way round
      *mark = Mark::kOneWayPartition;
      for (const NodeId other : others) {
        links.emplace_back(partitions_.Chance(0.5) ? std::pair(other, alone)
                                                   : std::pair(alone, other));
      }
      if (partitions_.Chance(0.7)) {
        const bool deaf = links.front().second == alone;
        links.clear();
        for (const NodeId other : others) {
          links.emplace_back(deaf ? std::pair(other, alone) : std::pair(alone, other));
        }
      }
      return links;
    case 3:
      *mark = Mark::kSingleLinkCut;
      return CutBetween({alone}, {others.front()});
    case 4:
      *mark = Mark::kHalved;
      return CutBetween({ids.begin(), middle}, {middle, ids.end()});
    case 5:  // each has its two neighbours only
      *mark = Mark::kRing;
      for (std::size_t i = 0; i < ids.size(); ++i) {
        for (std::size_t j = i + 2; j < ids.size(); ++j) {
          if (i == 0 && j + 1 == ids.size()) continue;
          links.emplace_back(ids[i], ids[j]);
          links.emplace_back(ids[j], ids[i]);
        }
      }
      return links;
    default: {  // two halves that only `alone` sees
      *mark = Mark::kBridge;
      const auto half = others.begin() + static_cast<std::ptrdiff_t>(others.size() / 2);
      return CutBetween({others.begin(), half}, {half, others.end()});
    }
  }
}

void Nemesis::Partition() {
  Mark mark = Mark::kIsolated;
  Fault fault{.kind = Fault::Kind::kBlock};
  fault.links = DrawShape(&mark);
  fault.until = queue_->now() + partitions_.Exponential(swarm_->partition_for);
  if (fault.links.empty()) return;
  journal_->Reach(mark);
  Do(std::move(fault));
}

void Nemesis::OnLeader(Member* leader) {
  if (stopped_ || replays_) return;
  // An impatient operator asks before the leader has committed anything.
  if (swarm_->conf_every > 0 && confs_.Chance(0.3)) {
    queue_->After(1, [this] {
      if (!stopped_) ChangeConf();
    });
  }
  if (!hunts_.Chance(swarm_->hunt)) return;
  // Not at once: the leader is in the middle of a pass.
  queue_->After(1, [this, leader] {
    if (!stopped_) Hunt(leader);
  });
}

void Nemesis::Hunt(Member* leader) {
  journal_->Reach(Mark::kHunted);
  const Micros delay = hunts_.Exponential(swarm_->hunt_after);
  Do({.kind = Fault::Kind::kCrash, .member = leader->id(), .until = queue_->now() + 1 + delay});
  if (hunts_.Chance(0.5)) return;
  Fault block{.kind = Fault::Kind::kBlock};
  for (const Member* member : victims_.members()) {
    if (member == leader || hunts_.Chance(0.3)) continue;
    block.links.emplace_back(leader->id(), member->id());
  }
  block.until = queue_->now() + delay + hunts_.Exponential(swarm_->hunt_after);
  if (!block.links.empty()) Do(std::move(block));
}

// About as soon as the store would take over the snapshot: the crash falls before, within or after.
void Nemesis::OnInstall(NodeId member, Micros at) {
  if (stopped_ || replays_ || !install_hunts_.Chance(swarm_->hunt)) return;
  const Micros delay = install_hunts_.Exponential(swarm_->apply_mean);
  Do({.kind = Fault::Kind::kCrash, .member = member, .until = at + 1 + delay});
}

void Nemesis::Clog() {
  const NodeId from = AnyMember(&clogs_);
  const NodeId to = AnyMember(&clogs_);
  if (from == to) return;
  journal_->Reach(Mark::kClog);
  Fault fault{.kind = Fault::Kind::kClog};
  fault.links.emplace_back(from, to);
  fault.until = queue_->now() + clogs_.Between(0, 5 * kSecond);
  Do(std::move(fault));
}

void Nemesis::Pause() {
  const NodeId member = AnyMember(&pauses_);
  const Micros pause = pauses_.Between(kMillisecond, swarm_->pause_max);
  journal_->Reach(pause > 20 * kSecond ? Mark::kLongPause : Mark::kPause);
  Do({.kind = Fault::Kind::kPause, .member = member, .until = queue_->now() + pause});
}

void Nemesis::Stall() {
  const Micros until = queue_->now() + stalls_.Between(5 * kSecond, 60 * kSecond);
  Do({.kind = Fault::Kind::kStall, .member = AnyMember(&stalls_), .until = until});
}

void Nemesis::Slow() {
  journal_->Reach(Mark::kSlowProcessor);
  const Micros until = queue_->now() + slowness_.Between(kSecond, 10 * kSecond);
  const auto cost = static_cast<std::uint64_t>(slowness_.Between(kMillisecond, 50 * kMillisecond));
  Do({.kind = Fault::Kind::kSlow, .member = AnyMember(&slowness_), .until = until, .amount = cost});
}

void Nemesis::Fill() {
  journal_->Reach(Mark::kDiskFull);
  const Micros until = queue_->now() + fills_.Between(kSecond, 10 * kSecond);
  Do({.kind = Fault::Kind::kFull, .member = AnyMember(&fills_), .until = until});
}

void Nemesis::Transfer() { Do({.kind = Fault::Kind::kTransfer, .member = AnyMember(&transfers_)}); }

void Nemesis::ChangeConf() {
  std::uint64_t machines = 0;
  while (victims_.find(NodeId{machines + 1}) != nullptr) ++machines;
  std::optional<ConfPlan> plan =
      DrawConfPlan(victims_.history->confs().committed(), machines, &confs_);
  if (!plan) return;
  Fault fault{.kind = Fault::Kind::kConf};
  fault.voters = std::move(plan->voters);
  fault.learners = std::move(plan->learners);
  fault.mode = std::move(plan->mode);
  Do(std::move(fault));
}

}  // namespace stele::sim
