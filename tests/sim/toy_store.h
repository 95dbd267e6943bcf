// The simulated members' replicated state: the list of everything applied, kept as its length and
// a hash of its content, so that two members can be compared at any index.
#pragma once

#include <cstdint>
#include <map>

#include "src/raft/types.h"
#include "src/storage/state_machine/state_machine.h"

namespace stele::sim {

struct StoreState {
  raft::EntryId last;
  std::uint64_t hash = 0;

  friend bool operator==(const StoreState&, const StoreState&) = default;
};

std::uint64_t HashOf(const raft::Entry& entry);

// The state after `entry`.
StoreState Applied(const StoreState& before, const raft::Entry& entry);

// What of the store survives a crash. Each assignment is atomic and durable, as the daemon's
// engine promises for its flushes and for the switch to a received snapshot.
struct StoreDisk {
  StoreState flushed;
  std::map<raft::Index, StoreState> received;  // snapshots not switched to
};

// A read's view of the store: knows how much is applied, and nothing else.
class ToyView final : public storage::ReadView {
 public:
  explicit ToyView(const StoreState& state) : state_(state) {}

  const StoreState& state() const { return state_; }
  raft::Index applied_index() const override { return state_.last.index; }
  std::int64_t current_revision() const override {
    return static_cast<std::int64_t>(state_.last.index.value);
  }
  std::int64_t compact_revision() const override { return -1; }
  absl::Status Range(const etcdserverpb::RangeRequest& request,
                     etcdserverpb::RangeResponse* response) const override;
  absl::Status ReadOnlyTxn(const etcdserverpb::TxnRequest& request,
                           etcdserverpb::TxnResponse* response) const override;
  absl::Status ReadEvents(std::string_view key, std::string_view range_end, std::int64_t from,
                          bool with_prev_kv, std::size_t bytes_max, std::size_t revisions_max,
                          std::vector<storage::EventBatch>* batches,
                          std::int64_t* next) const override;
  std::optional<storage::LeaseChange> Lease(std::int64_t id) const override;
  std::vector<storage::LeaseChange> Leases() const override { return {}; }
  std::vector<std::string> LeaseKeys(std::int64_t id) const override;
  std::vector<stelepb::MemberRecord> Members() const override { return {}; }

 private:
  const StoreState state_;
};

}  // namespace stele::sim
