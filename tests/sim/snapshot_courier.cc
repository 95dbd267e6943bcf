#include "tests/sim/snapshot_courier.h"

#include <optional>
#include <utility>

namespace stele::sim {

SnapshotCourier::SnapshotCourier(std::uint64_t seed, EventQueue* queue, SimNetwork* network,
                                 Journal* journal, FindMember member)
    : queue_(queue),
      network_(network),
      journal_(journal),
      member_(std::move(member)),
      random_(seed, "snapshots") {}

bool SnapshotCourier::IsUnderWay(const Route& route, std::uint64_t number) const {
  const auto transfer = under_way_.find(route);
  return transfer != under_way_.end() && transfer->second == number;
}

void SnapshotCourier::Send(raft::NodeId from, raft::NodeId to) {
  const Route route{from, to};
  const std::uint64_t number = next_number_;
  if (!under_way_.emplace(route, number).second) return;
  ++next_number_;
  journal_->Reach(Mark::kSnapshotSent);
  queue_->After(random_.Between(100, 20 * kMillisecond), [this, route, number] {
    if (IsUnderWay(route, number)) Make(route, number);
  });
}

void SnapshotCourier::Make(const Route& route, std::uint64_t number) {
  Member* sender = member_(route.first);
  sender->application()->MakeSnapshot([this, sender, route, number](SnapshotCargo cargo) {
    if (IsUnderWay(route, number)) Name(sender, route, number, std::move(cargo));
  });
}

void SnapshotCourier::Name(Member* sender, const Route& route, std::uint64_t number,
                           SnapshotCargo cargo) {
  sender->Post(server::NodeInput{[this, route, number,
                                  cargo = std::move(cargo)](const raft::RawNode& raft) mutable {
    const std::optional<raft::SnapshotMeta> meta = server::SnapshotMetaAt(raft, cargo.last);
    if (!meta) {
      return queue_->After(0, [this, route, number] {
        if (IsUnderWay(route, number)) End(route, false);
      });
    }
    raft::Message message{route.first, route.second, raft.term(), raft::InstallSnapshot{*meta}};
    queue_->After(
        0, [this, route, number, cargo = std::move(cargo), message = std::move(message)]() mutable {
          if (IsUnderWay(route, number)) {
            Travel(route, number, std::move(cargo), std::move(message));
          }
        });
  }});
}

void SnapshotCourier::Travel(const Route& route, std::uint64_t number, SnapshotCargo cargo,
                             raft::Message message) {
  const Member* receiver = member_(route.second);
  const bool reachable = receiver->is_up() && !network_->IsBlocked(route.first, route.second);
  if (!reachable) return End(route, false);
  const Micros duration =
      calm_ ? kMillisecond : random_.Exponential(static_cast<double>(200 * kMillisecond));
  queue_->After(duration, [this, route, number, cargo = std::move(cargo), life = receiver->life(),
                           message = std::move(message)]() mutable {
    if (!IsUnderWay(route, number)) return;
    const Member* target = member_(route.second);
    const bool arrives = target->is_up() && target->life() == life &&
                         !network_->IsBlocked(route.first, route.second);
    if (!arrives) return End(route, false);
    Arrive(route, std::move(cargo), std::move(message));
  });
}

void SnapshotCourier::Arrive(const Route& route, SnapshotCargo cargo, raft::Message message) {
  const bool kept = member_(route.second)->Receive(std::move(cargo), std::move(message));
  // The receipt may be lost on its way back.
  End(route, kept && !network_->IsBlocked(route.second, route.first));
}

void SnapshotCourier::End(const Route& route, bool installed) {
  under_way_.erase(route);
  if (!installed) journal_->Reach(Mark::kSnapshotFailed);
  Member* sender = member_(route.first);
  queue_->After(random_.Between(100, 5 * kMillisecond),
                [sender, life = sender->life(), to = route.second, installed] {
                  if (!sender->is_up() || sender->life() != life) return;
                  sender->Post(server::SnapshotReportInput{to, installed});
                });
}

void SnapshotCourier::OnDeath(raft::NodeId member) {
  std::erase_if(under_way_, [&](const auto& transfer) { return transfer.first.first == member; });
}

}  // namespace stele::sim
