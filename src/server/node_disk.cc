// The node and its disk: what it does as space runs out and returns.
#include <sys/random.h>

#include <algorithm>
#include <optional>

#include "absl/time/clock.h"
#include "spdlog/spdlog.h"
#include "src/raft/check.h"
#include "src/server/node.h"
#include "src/server/node_parts.h"

namespace stele::server {
namespace {

// When all members are short of space, leadership must not go round and round.
constexpr absl::Duration kHandOverAgainAfter = absl::Seconds(30);
constexpr std::uint64_t kSegmentBytesMin = std::uint64_t{4} << 20U;
constexpr std::uint64_t kSegmentsOfDisk = 32;

}  // namespace

// Before anything else is opened: if the disk is full, the start needs the reserve, and if that is
// used up, it needs space.
absl::Status Node::WatchDisk(const std::function<bool()>& give_up) {
  disk_space_ = std::make_unique<DiskSpace>(
      DiskSpace::Options{data_dir_->reserve(), options_.disk_reserve_bytes}, &file_system_,
      [dir = data_dir_->member()] { return MeasureDisk(dir); });
  disk_space_->RunOnce();
  while (disk_space_->level() == DiskSpace::Level::kExhausted) {
    if (give_up()) return absl::CancelledError("told to stop while waiting for disk space");
    absl::SleepFor(disk_space_->IdleTime());
    disk_space_->RunOnce();
  }
  disk_space_->set_changed([this](DiskSpace::Level level) { OnDiskLevel(level); });
  return absl::OkStatus();
}

// A leader that can take no more writes lets another one lead, who perhaps can.
void Node::OnDiskLevel(DiskSpace::Level level) {
  if (level == DiskSpace::Level::kEnough || !raft_loop_->facts().is_leader) return;
  const std::int64_t now = absl::ToInt64Nanoseconds(clock_.Now());
  std::int64_t last = handed_over_at_ns_;
  if (now - last < absl::ToInt64Nanoseconds(kHandOverAgainAfter)) return;
  if (!handed_over_at_ns_.compare_exchange_strong(last, now)) return;
  raft_loop_->Post(NodeInput{[this](const raft::RawNode& raft) {
    const raft::NodeId successor = BestSuccessor(raft.GetStatus());
    if (successor == raft::kNoNode) return;
    spdlog::warn("short of disk space: handing leadership to {:x}", successor.value);
    raft_loop_->Post(TransferInput{successor});
  }});
}

storage::LogStoreOptions Node::LogOptions() const {
  storage::LogStoreOptions options;
  STELE_CHECK(getrandom(&options.salt, sizeof(options.salt), 0) == sizeof(options.salt));
  // Two segments are always there; on a small disk they must not be half of it.
  const absl::StatusOr<DiskSize> disk = MeasureDisk(data_dir_->member());
  if (disk.ok()) {
    options.segment_bytes =
        std::clamp(disk->total / kSegmentsOfDisk, kSegmentBytesMin, options.segment_bytes);
  }
  return options;
}

}  // namespace stele::server
