#include "tests/sim/sim_network.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "src/raft/describe.h"

namespace stele::sim {
namespace {

constexpr Micros kReplayWithin = 20 * kSecond;

// Connections between daemons neither repeat nor invent bytes. The core bears repetition of
// everything but proposals, which are new commands each time.
bool MayRepeat(const raft::Message& message) {
  return !std::holds_alternative<raft::ForwardedProposal>(message.body);
}

}  // namespace

SimNetwork::SimNetwork(std::uint64_t seed, int members, const Swarm* swarm, EventQueue* queue,
                       Journal* journal, Outputs outputs)
    : members_(members),
      swarm_(swarm),
      queue_(queue),
      journal_(journal),
      outputs_(std::move(outputs)) {
  const auto count = static_cast<std::uint64_t>(members);
  for (std::uint64_t i = 0; i < count * count; ++i) {
    links_.push_back({.random = RandomStream(seed, "link", i)});
  }
}

SimNetwork::Link& SimNetwork::LinkOf(raft::NodeId from, raft::NodeId to) {
  return links_[(from.value - 1) * static_cast<std::uint64_t>(members_) + to.value - 1];
}

void SimNetwork::Send(raft::Message message, Micros at) {
  Link& link = LinkOf(message.from, message.to);
  if (link.blocks > 0) return Lose(&link, message);
  if (!calm_) {
    if (link.random.Chance(swarm_->corrupt)) {
      journal_->Reach(Mark::kCorrupted);
      return Lose(&link, message);
    }
    if (link.random.Chance(swarm_->misroute)) return Misroute(&link, std::move(message), at);
    if (link.random.Chance(swarm_->loss)) return Lose(&link, message);
    if (MayRepeat(message) && link.random.Chance(swarm_->duplicate)) {
      journal_->Reach(Mark::kDuplicated);
      Deliver(message, DrawArrival(&link, at) + link.random.Exponential(3 * swarm_->delay_mean));
    }
    if (MayRepeat(message) && link.random.Chance(swarm_->replay)) {
      journal_->Reach(Mark::kReplayed);
      Deliver(message, at + link.random.Between(0, kReplayWithin));
    }
  }
  const Micros arrival = DrawArrival(&link, at);
  Deliver(std::move(message), arrival);
}

Micros SimNetwork::DrawArrival(Link* link, Micros at) {
  if (calm_) return at + link->random.Between(100, 1000);
  const Micros travel = swarm_->delay_min + link->random.Exponential(swarm_->delay_mean);
  Micros arrival = std::max(at, link->clogged_until) + travel;
  if (!swarm_->reorder) arrival = std::max(arrival, link->last_arrival);
  link->last_arrival = std::max(link->last_arrival, arrival);
  return arrival;
}

void SimNetwork::Deliver(raft::Message message, Micros at) {
  queue_->At(
      at, [this, message = std::move(message)]() mutable { outputs_.deliver(std::move(message)); });
}

void SimNetwork::Misroute(Link* link, raft::Message message, Micros at) {
  const raft::NodeId target{1 + link->random.Below(static_cast<std::uint64_t>(members_))};
  if (target == message.to || !outputs_.misdeliver) return Lose(link, message);
  journal_->Reach(Mark::kMisrouted);
  queue_->At(DrawArrival(link, at), [this, target, message = std::move(message)]() mutable {
    outputs_.misdeliver(target, std::move(message));
  });
}

Micros SimNetwork::SteadySince(raft::NodeId from, raft::NodeId to) {
  const Link& link = LinkOf(from, to);
  if (link.blocks > 0 || link.clogged_until > queue_->now()) return kNever;
  return std::max(link.healed_at, link.clogged_until);
}

void SimNetwork::Lose(Link* link, const raft::Message& message) {
  journal_->Reach(Mark::kLost);
  if (journal_->tells()) {
    journal_->Tell(queue_->now(), message.from.value, "lost " + raft::Describe(message));
  }
  if (!link->random.Chance(0.1)) return;
  queue_->After(link->random.Between(1000, 100'000),
                [this, from = message.from, to = message.to] { outputs_.unreachable(from, to); });
}

void SimNetwork::SetBlocked(raft::NodeId from, raft::NodeId to, bool blocked) {
  Link& link = LinkOf(from, to);
  link.blocks = blocked ? link.blocks + 1 : std::max(0, link.blocks - 1);
  link.healed_at = queue_->now();
}

void SimNetwork::Clog(raft::NodeId from, raft::NodeId to, Micros until) {
  Link& link = LinkOf(from, to);
  link.clogged_until = std::max(link.clogged_until, until);
}

void SimNetwork::HealAll() {
  for (Link& link : links_) {
    link.blocks = 0;
    link.clogged_until = 0;
  }
}

void SimNetwork::Calm() {
  HealAll();
  calm_ = true;
}

}  // namespace stele::sim
