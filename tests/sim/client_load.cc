#include "tests/sim/client_load.h"

#include <algorithm>
#include <cstring>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "proto/command.pb.h"

namespace stele::sim {
namespace {

constexpr std::size_t kRecentWrites = 64;

std::string ValueOf(std::uint64_t write, std::int64_t padding) {
  std::string value(sizeof(write) + static_cast<std::size_t>(padding), 'v');
  std::memcpy(value.data(), &write, sizeof(write));
  return value;
}

std::uint64_t WriteOf(const std::string& value) {
  std::uint64_t write = 0;
  std::memcpy(&write, value.data(), std::min(value.size(), sizeof(write)));
  return write;
}

}  // namespace

ClientLoad::ClientLoad(std::uint64_t seed, const Swarm* swarm, EventQueue* queue, Journal* journal,
                       const ClusterHistory* history, PickMember pick)
    : swarm_(swarm),
      queue_(queue),
      journal_(journal),
      history_(history),
      pick_(std::move(pick)),
      random_(seed, "clients") {}

void ClientLoad::ScheduleNext() {
  queue_->After(random_.Exponential(swarm_->operation_every), [this] {
    if (stopped_) return;
    Member* member = pick_(&random_);
    const bool reads = random_.Chance(swarm_->read_share);
    // Some operations come in bursts, which share appends and read rounds.
    const std::uint64_t count = random_.Chance(0.1) ? 1 + random_.Below(20) : 1;
    for (std::uint64_t i = 0; i < count && member != nullptr && member->is_up(); ++i) {
      reads ? StartRead(member) : StartWrite(member);
    }
    ScheduleNext();
  });
}

void ClientLoad::WriteOnce() {
  Member* member = pick_(&random_);
  if (member != nullptr && member->is_up()) StartWrite(member);
}

void ClientLoad::StartWrite(Member* member) {
  writes_.emplace_back();
  const std::uint64_t write = writes_.size();
  const std::uint64_t operation = next_operation_++;
  pending_[operation] = {member->id(), write};
  std::deque<Micros>& recent = recent_writes_[member->id()];
  recent.push_back(queue_->now());
  if (recent.size() > kRecentWrites) recent.pop_front();
  stelepb::Command command;
  command.mutable_put()->set_key("k");
  command.mutable_put()->set_value(ValueOf(write, random_.Between(0, swarm_->value_bytes_max)));
  member->Propose(&command, [this, operation, write](const storage::CommandResult& result) {
    pending_.erase(operation);
    OnWritten(write, result);
  });
}

int ClientLoad::WritesTo(const std::function<bool(raft::NodeId)>& member, Micros from,
                         Micros to) const {
  std::ptrdiff_t count = 0;
  for (const auto& [id, times] : recent_writes_) {
    if (!member(id)) continue;
    count += std::ranges::count_if(times, [&](Micros time) { return time >= from && time < to; });
  }
  return static_cast<int>(count);
}

void ClientLoad::OnWritten(std::uint64_t write, const storage::CommandResult& result) {
  Write& record = writes_[write - 1];
  if (result.status.ok()) {
    record.outcome = Outcome::kAcked;
    record.acked_at = raft::Index{static_cast<std::uint64_t>(result.revision)};
    ++acked_;
    journal_->Reach(Mark::kWriteAcked);
    if (record.committed_at != record.acked_at) {
      throw Violation(absl::StrCat("write ", write, " is acknowledged at ", record.acked_at.value,
                                   " but committed at ", record.committed_at.value));
    }
    seen_ = std::max(seen_, record.acked_at);
  } else if (absl::IsResourceExhausted(result.status)) {
    record.outcome = Outcome::kRefused;
    journal_->Reach(Mark::kWriteRefused);
  } else {
    NoteUnknown(write);
  }
}

void ClientLoad::NoteUnknown(std::uint64_t write) {
  Write& record = writes_[write - 1];
  record.outcome = Outcome::kUnknown;
  journal_->Reach(Mark::kWriteUnknown);
  if (record.committed_at.value > 0) journal_->Reach(Mark::kUnknownWriteApplied);
}

void ClientLoad::OnCommitted(const raft::Entry& entry) {
  if (entry.data.empty() || entry.type != raft::EntryType::kNormal) return;
  stelepb::Command command;
  const std::string_view bytes = entry.data.view();
  if (!command.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    throw Violation("a committed command cannot be decoded");
  }
  const std::uint64_t write = WriteOf(command.put().value());
  if (write == 0 || write > writes_.size()) throw Violation("a write nobody asked for");
  Write& record = writes_[write - 1];
  if (record.committed_at.value > 0) {
    throw Violation(absl::StrCat("write ", write, " is committed twice: at ",
                                 record.committed_at.value, " and ", entry.id.index.value));
  }
  if (record.outcome == Outcome::kRefused) {
    throw Violation(absl::StrCat("write ", write, " was refused and is committed"));
  }
  if (record.outcome == Outcome::kUnknown) journal_->Reach(Mark::kUnknownWriteApplied);
  record.committed_at = entry.id.index;
}

void ClientLoad::StartRead(Member* member) {
  const std::uint64_t operation = next_operation_++;
  pending_[operation] = {member->id(), 0};
  member->Read([this, operation, floor = seen_](const absl::StatusOr<server::Reader::View>& view) {
    OnRead(operation, floor, view);
  });
}

void ClientLoad::OnRead(std::uint64_t operation, raft::Index floor,
                        const absl::StatusOr<server::Reader::View>& view) {
  const auto pending = pending_.find(operation);
  const raft::NodeId member = pending->second.member;
  pending_.erase(pending);
  if (!view.ok()) return journal_->Reach(Mark::kReadFailed);
  journal_->Reach(Mark::kReadServed);
  const StoreState& state = dynamic_cast<const ToyView&>(**view).state();
  if (state.last.index < floor) {
    throw Violation(absl::StrCat("member ", member.value, ": a read sees the state at ",
                                 state.last.index.value, ", but ", floor.value,
                                 " was seen before it began"));
  }
  if (state.last.index > raft::Index{0}) history_->OnApplied(member, state);
  seen_ = std::max(seen_, state.last.index);
}

void ClientLoad::OnDeath(raft::NodeId member) {
  for (auto each = pending_.begin(); each != pending_.end();) {
    if (each->second.member != member) {
      ++each;
      continue;
    }
    if (each->second.write != 0) NoteUnknown(each->second.write);
    each = pending_.erase(each);
  }
}

void ClientLoad::CheckAtEnd() const {
  for (const Write& write : writes_) {
    if (write.outcome == Outcome::kPending) throw Violation("a write was never answered");
    if (write.outcome == Outcome::kAcked && write.committed_at != write.acked_at) {
      throw Violation("an acknowledged write is not committed");
    }
  }
}

}  // namespace stele::sim
