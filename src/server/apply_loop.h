// The room that owns the store: applies committed entries in one engine batch a pass, then
// publishes what happened, in this order: events to the watch hub, lease facts to the lease keeper,
// results to those who wait. So whoever sees a result also finds its events published.
//
// Inputs come from any thread through Post and the WhenCompacted/MakeSnapshot calls; all else
// belongs to the pump's thread.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <variant>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "src/raft/types.h"
#include "src/server/api/ports.h"
#include "src/server/clock.h"
#include "src/server/current_store.h"
#include "src/server/mailbox.h"
#include "src/server/pump.h"
#include "src/server/raft_loop.h"

namespace stele::server {

class ApplyLoop final : public Pump, public CompactionWatch {
 public:
  struct Options {
    std::uint64_t snapshot_count = 10'000;                   // entries applied between log releases
    std::uint64_t release_bytes = std::uint64_t{32} << 20U;  // or this many bytes of them
    // Entries behind the flushed state that start a flush: about what a crash makes us replay.
    std::uint64_t unflushed_max = 50'000;
    std::size_t entries_per_pass = 2'000;  // bounds the latency of what waits behind
  };
  struct Outputs {
    std::function<void(storage::ApplyOutput*)> publish;  // events and lease facts may be moved out
    std::function<void(std::vector<storage::CommandResult>)> resolve;
    std::function<void(raft::Index)> applied;
    std::function<void(raft::EntryId durable)> release_log;
    // The store was replaced by a snapshot: everybody who follows it starts over from View().
    std::function<void()> store_replaced;
    std::function<void(const absl::Status&)> fail_stop;
  };

  ApplyLoop(const Options& options, CurrentStore* store, const Clock* clock, Outputs outputs);

  void set_wake(Wake wake) { inputs_.set_wake(std::move(wake)); }
  void Post(ApplyWork work) { inputs_.Post(Input(std::move(work))); }
  void WhenCompacted(std::int64_t revision, absl::AnyInvocable<void()> done) override;

  // Calls `done` with the snapshot's last entry once a copy of the store is complete in the new
  // directory `dir`, or with what went wrong. Most of what is not yet flushed is flushed in the
  // background first, so that applying stands still only for what came meanwhile.
  using SnapshotDone = absl::AnyInvocable<void(absl::StatusOr<raft::EntryId>)>;
  void MakeSnapshot(std::string dir, SnapshotDone done);

  std::uint64_t applied_index() const { return applied_index_.load(std::memory_order_relaxed); }
  // As of a moment ago.
  storage::EngineStats engine_stats() const;
  // How large the store is on disk and in memory: as of a moment ago, and what came since.
  std::uint64_t store_bytes() const { return store_bytes_.load(std::memory_order_relaxed); }
  // Measures the store soon, although nothing is applied. Any thread.
  void RefreshStats() { inputs_.Post(Input(StatsWish{})); }

  bool RunOnce() override;
  absl::Duration IdleTime() override;

  // After the last RunOnce: makes the store durable, so that the next start replays nothing.
  absl::Status Flush();

 private:
  struct CompactionWait {
    std::int64_t revision;
    absl::AnyInvocable<void()> done;
  };
  struct SnapshotWish {
    std::string dir;
    SnapshotDone done;
    std::uint64_t flush_to = 0;  // this index shall be durable before the copy is made
    absl::Duration flush_until = {};
  };
  struct StatsWish {};
  using Input = std::variant<ApplyWork, CompactionWait, SnapshotWish, StatsWish>;

  void Handle(ApplyWork work);
  void Handle(CompactionWait wait);
  void Handle(SnapshotWish wish);
  void Handle(StatsWish /*wish*/) {}  // any input makes the stats due
  void RefreshStatsIfDue();
  void MakeDueSnapshots();
  void MakeNow(SnapshotWish wish);
  void ApplyPending();
  void Install(const raft::SnapshotMeta& meta);
  bool Compact();
  void ReleaseLogIfDue();

  const Options options_;
  CurrentStore* const store_;
  const Clock* const clock_;
  const Outputs outputs_;

  Mailbox<Input> inputs_;
  std::vector<Input> batch_;
  std::vector<raft::Entry> pending_;  // committed, not yet applied
  std::vector<CompactionWait> compaction_waits_;
  std::vector<SnapshotWish> snapshot_wishes_;
  bool compacting_ = true;  // finish what an earlier life began
  std::atomic<std::uint64_t> applied_index_;
  std::uint64_t released_index_ = 0;
  std::uint64_t flush_checked_at_ = 0;
  std::uint64_t bytes_since_check_ = 0;
  std::uint64_t bytes_since_release_ = 0;

  mutable std::mutex stats_mutex_;
  storage::EngineStats stats_;
  absl::Duration stats_taken_at_ = -absl::InfiniteDuration();
  bool stats_are_old_ = false;  // something may have changed since
  std::atomic<std::uint64_t> store_bytes_{0};
};

}  // namespace stele::server
