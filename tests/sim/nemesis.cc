#include "tests/sim/nemesis.h"

#include <utility>

#include "absl/strings/str_cat.h"

namespace stele::sim {

Nemesis::Nemesis(std::uint64_t seed, const Swarm* swarm, EventQueue* queue, SimNetwork* network,
                 Journal* journal, const std::vector<std::unique_ptr<Member>>* members)
    : swarm_(swarm),
      queue_(queue),
      network_(network),
      journal_(journal),
      members_(members),
      cluster_crashes_(seed, "cluster crashes"),
      partitions_(seed, "partitions"),
      clogs_(seed, "clogs"),
      pauses_(seed, "pauses"),
      transfers_(seed, "transfers"),
      hunts_(seed, "hunts") {
  for (const auto& member : *members_) {
    member_crashes_.emplace_back(seed, "crashes", member->id().value);
  }
}

void Nemesis::Start() {
  if (swarm_->crash_every > 0) {
    for (const auto& member : *members_) PlanCrash(member.get());
  }
  if (swarm_->cluster_crash_every > 0) PlanClusterCrash();
  Repeat(swarm_->partition_every, &partitions_, [this] { Partition(); });
  Repeat(swarm_->clog_every, &clogs_, [this] { Clog(); });
  Repeat(swarm_->pause_every, &pauses_, [this] { Pause(); });
  Repeat(swarm_->transfer_every, &transfers_, [this] { Transfer(); });
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

Member* Nemesis::AnyMember(RandomStream* random) {
  return (*members_)[random->Below(members_->size())].get();
}

// Crashes are planned ahead, so that one can strike while a slow sync is under way.
void Nemesis::PlanCrash(Member* member) {
  if (stopped_) return;
  RandomStream& random = member_crashes_[member->id().value - 1];
  const Micros gap = 1 + random.Exponential(swarm_->crash_every);
  member->CrashAt(queue_->now() + gap);
  queue_->After(gap + 1, [this, member] { PlanCrash(member); });
}

void Nemesis::PlanClusterCrash() {
  if (stopped_) return;
  const Micros gap = 1 + cluster_crashes_.Exponential(swarm_->cluster_crash_every);
  // A power cut in one room does not reach all machines in the same microsecond.
  const auto spread = cluster_crashes_.Pick<Micros>({0, kMillisecond, 100 * kMillisecond});
  for (const auto& member : *members_) {
    member->CrashAt(queue_->now() + gap + cluster_crashes_.Between(0, spread));
  }
  queue_->After(gap + spread + 1, [this] {
    journal_->Reach(Mark::kClusterCrash);
    PlanClusterCrash();
  });
}

void Nemesis::Partition() {
  const raft::NodeId alone = AnyMember(&partitions_)->id();
  const std::uint64_t kind = partitions_.Below(4);  // both ways, out only, in only, one link
  const raft::NodeId other = AnyMember(&partitions_)->id();
  Links links;
  for (const auto& member : *members_) {
    const raft::NodeId peer = member->id();
    if (peer == alone || (kind == 3 && peer != other)) continue;
    if (kind != 2) links.emplace_back(alone, peer);
    if (kind == 0 || kind == 2) links.emplace_back(peer, alone);
  }
  journal_->Reach(kind == 0 ? Mark::kPartition : Mark::kOneWayPartition);
  Tell(absl::StrCat("partition of kind ", kind, " around n", alone.value));
  Block(links, partitions_.Exponential(swarm_->partition_for));
}

void Nemesis::Block(const Links& links, Micros duration) {
  for (const auto& [from, to] : links) network_->SetBlocked(from, to, true);
  queue_->After(duration, [this, links] {
    Tell("partition heals");
    for (const auto& [from, to] : links) network_->SetBlocked(from, to, false);
  });
}

void Nemesis::OnLeader(Member* leader) {
  if (stopped_ || !hunts_.Chance(swarm_->hunt)) return;
  journal_->Reach(Mark::kHunted);
  const Micros delay = hunts_.Exponential(swarm_->hunt_after);
  Tell(absl::StrCat("hunts n", leader->id().value));
  leader->CrashAt(queue_->now() + 1 + delay);
  if (hunts_.Chance(0.5)) return;
  Links links;
  for (const auto& member : *members_) {
    if (member.get() == leader || hunts_.Chance(0.3)) continue;
    links.emplace_back(leader->id(), member->id());
  }
  Block(links, delay + hunts_.Exponential(swarm_->hunt_after));
}

void Nemesis::Clog() {
  const raft::NodeId from = AnyMember(&clogs_)->id();
  const raft::NodeId to = AnyMember(&clogs_)->id();
  if (from == to) return;
  journal_->Reach(Mark::kClog);
  network_->Clog(from, to, queue_->now() + clogs_.Between(0, 5 * kSecond));
}

void Nemesis::Pause() {
  Member* member = AnyMember(&pauses_);
  const Micros pause = pauses_.Between(kMillisecond, swarm_->pause_max);
  journal_->Reach(Mark::kPause);
  Tell(absl::StrCat("pause of n", member->id().value, " for ", pause / kMillisecond, " ms"));
  member->PauseUntil(queue_->now() + pause);
}

void Nemesis::Transfer() {
  const raft::NodeId target = AnyMember(&transfers_)->id();
  for (const auto& member : *members_) {
    if (member->is_up() && member->facts().is_leader) {
      member->Post(server::TransferInput{target});
    }
  }
}

}  // namespace stele::sim
