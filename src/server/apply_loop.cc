#include "src/server/apply_loop.h"

#include <algorithm>
#include <iterator>
#include <mutex>
#include <utility>

#include "absl/strings/str_cat.h"
#include "src/raft/check.h"

namespace stele::server {
namespace {

constexpr std::uint64_t kCheckEntries = 1000;
// A snapshot waits so long for a flush in the background; then it flushes the rest itself.
constexpr absl::Duration kFlushPatience = absl::Seconds(5);
constexpr absl::Duration kFlushCheckInterval = absl::Milliseconds(10);
constexpr absl::Duration kStatsInterval = absl::Seconds(1);

}  // namespace

ApplyLoop::ApplyLoop(const Options& options, CurrentStore* store, const Clock* clock,
                     Outputs outputs)
    : options_(options),
      store_(store),
      clock_(clock),
      outputs_(std::move(outputs)),
      applied_index_(store->state_machine().applied_index().value),
      flush_checked_at_(applied_index_) {
  stats_ = store->engine().Stats();
  store_bytes_ = stats_.bytes_on_disk + stats_.memtable_bytes;
}

void ApplyLoop::WhenCompacted(std::int64_t revision, absl::AnyInvocable<void()> done) {
  inputs_.Post(Input(CompactionWait{revision, std::move(done)}));
}

void ApplyLoop::MakeSnapshot(std::string dir, SnapshotDone done) {
  inputs_.Post(Input(SnapshotWish{std::move(dir), std::move(done)}));
}

bool ApplyLoop::RunOnce() {
  inputs_.TakeAll(&batch_);
  bool worked = !batch_.empty();
  for (Input& input : batch_) {
    std::visit([this](auto& each) { Handle(std::move(each)); }, input);
  }
  batch_.clear();
  ApplyPending();
  MakeDueSnapshots();
  if (worked) ReleaseLogIfDue();
  if (compacting_) worked |= Compact();
  stats_are_old_ |= worked;
  RefreshStatsIfDue();
  return worked;
}

void ApplyLoop::Handle(ApplyWork work) {
  if (work.install) {
    ApplyPending();
    Install(*work.install);
  }
  if (pending_.empty()) {
    pending_ = std::move(work.entries);
  } else {
    pending_.insert(pending_.end(), std::make_move_iterator(work.entries.begin()),
                    std::make_move_iterator(work.entries.end()));
  }
  if (pending_.size() >= options_.entries_per_pass) ApplyPending();
}

void ApplyLoop::Handle(CompactionWait wait) {
  ApplyPending();
  if (store_->state_machine().CompactionFinished(wait.revision)) return wait.done();
  compaction_waits_.push_back(std::move(wait));
  compacting_ = true;
}

void ApplyLoop::Handle(SnapshotWish wish) {
  ApplyPending();
  wish.flush_to = applied_index_.load(std::memory_order_relaxed);
  wish.flush_until = clock_->Now() + kFlushPatience;
  if (absl::Status status = store_->engine().StartFlush(); !status.ok()) return wish.done(status);
  snapshot_wishes_.push_back(std::move(wish));
}

void ApplyLoop::MakeDueSnapshots() {
  if (snapshot_wishes_.empty()) return;
  const absl::StatusOr<raft::EntryId> durable = store_->state_machine().DurableApplied();
  if (!durable.ok()) return outputs_.fail_stop(durable.status());
  std::vector<SnapshotWish> wishes = std::exchange(snapshot_wishes_, {});
  for (SnapshotWish& wish : wishes) {
    if (durable->index.value >= wish.flush_to || clock_->Now() >= wish.flush_until) {
      MakeNow(std::move(wish));
    } else {
      snapshot_wishes_.push_back(std::move(wish));
    }
  }
}

absl::Duration ApplyLoop::IdleTime() {
  if (!snapshot_wishes_.empty()) return kFlushCheckInterval;
  if (!stats_are_old_) return absl::InfiniteDuration();
  return std::max(absl::ZeroDuration(), stats_taken_at_ + kStatsInterval - clock_->Now());
}

void ApplyLoop::MakeNow(SnapshotWish wish) {
  absl::Status status = store_->engine().Checkpoint(wish.dir);
  if (!status.ok()) return wish.done(status);
  wish.done(raft::EntryId{store_->state_machine().applied_index(),
                          store_->state_machine().applied_term()});
}

void ApplyLoop::ApplyPending() {
  if (pending_.empty()) return;
  storage::ApplyOutput output;
  absl::Status status = store_->state_machine().Apply(pending_, &output);
  if (!status.ok()) return outputs_.fail_stop(status);
  std::uint64_t bytes = 0;
  for (const raft::Entry& entry : pending_) bytes += entry.data.size();
  bytes_since_check_ += bytes;
  store_bytes_ += bytes;
  pending_.clear();
  applied_index_.store(output.applied_index.value, std::memory_order_relaxed);
  for (const storage::CommandResult& result : output.results) {
    if (std::holds_alternative<etcdserverpb::CompactionResponse>(result.response)) {
      compacting_ = true;
    }
  }
  std::vector<storage::CommandResult> results = std::move(output.results);
  outputs_.publish(&output);
  outputs_.applied(output.applied_index);
  outputs_.resolve(std::move(results));
}

void ApplyLoop::Install(const raft::SnapshotMeta& meta) {
  // A restart between the log's marker and the switch has done this already.
  if (store_->state_machine().applied_index() >= meta.last.index) return;
  absl::Status status = store_->SwitchTo(SnapshotStoreName(meta.last.index));
  if (!status.ok()) return outputs_.fail_stop(status);
  STELE_CHECK(store_->state_machine().applied_index() == meta.last.index);
  STELE_CHECK(store_->state_machine().applied_term() == meta.last.term);
  applied_index_.store(meta.last.index.value, std::memory_order_relaxed);
  compacting_ = true;
  outputs_.store_replaced();
  outputs_.applied(meta.last.index);
}

bool ApplyLoop::Compact() {
  absl::StatusOr<bool> more = store_->state_machine().CompactStep();
  if (!more.ok()) {
    outputs_.fail_stop(more.status());
    return false;
  }
  compacting_ = *more;
  for (auto wait = compaction_waits_.begin(); wait != compaction_waits_.end();) {
    if (!store_->state_machine().CompactionFinished(wait->revision)) {
      ++wait;
      continue;
    }
    wait->done();
    wait = compaction_waits_.erase(wait);
  }
  return *more;
}

void ApplyLoop::ReleaseLogIfDue() {
  const std::uint64_t applied = applied_index_.load(std::memory_order_relaxed);
  // Asking the engine costs more than an apply, so it is asked once in a while.
  const bool due =
      applied - flush_checked_at_ >= std::min(options_.snapshot_count, kCheckEntries) ||
      bytes_since_check_ >= options_.release_bytes / 4;
  if (!due) return;
  flush_checked_at_ = applied;
  bytes_since_release_ += std::exchange(bytes_since_check_, 0);
  absl::StatusOr<raft::EntryId> durable = store_->state_machine().DurableApplied();
  if (!durable.ok()) return outputs_.fail_stop(durable.status());
  const std::uint64_t flushed = durable->index.value;
  if (applied - flushed > options_.unflushed_max) {
    if (absl::Status status = store_->engine().StartFlush(); !status.ok()) {
      return outputs_.fail_stop(status);
    }
  } else if (flushed >= released_index_ + options_.snapshot_count ||
             (flushed > released_index_ && bytes_since_release_ >= options_.release_bytes)) {
    released_index_ = flushed;
    bytes_since_release_ = 0;
    outputs_.release_log(*durable);
  }
}

void ApplyLoop::RefreshStatsIfDue() {
  if (!stats_are_old_) return;
  const absl::Duration now = clock_->Now();
  if (now - stats_taken_at_ < kStatsInterval) return;
  stats_taken_at_ = now;
  stats_are_old_ = false;
  const storage::EngineStats stats = store_->engine().Stats();
  store_bytes_ = stats.bytes_on_disk + stats.memtable_bytes;
  const std::lock_guard lock(stats_mutex_);
  stats_ = stats;
}

storage::EngineStats ApplyLoop::engine_stats() const {
  const std::lock_guard lock(stats_mutex_);
  return stats_;
}

absl::Status ApplyLoop::Flush() { return store_->engine().Flush(); }

}  // namespace stele::server
