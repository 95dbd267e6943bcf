#include "tests/sim/sim_disk.h"

#include <algorithm>

namespace stele::sim {

SimDisk::SimDisk(std::uint64_t seed, std::uint64_t member, const Swarm* swarm, Journal* journal)
    : swarm_(swarm),
      journal_(journal),
      random_(seed, "disk", member),
      files_(RandomStream(seed, "power cut", member).Next()) {
  files_.SetFaultHook([this](const FileOperation& operation) { return OnOperation(operation); });
}

void SimDisk::Begin(Micros now) {
  elapsed_ = now;
  has_failed_ = false;
}

Micros SimDisk::DrawLatency(FileOperation::Kind kind) {
  const bool is_sync = kind == FileOperation::Kind::kSync || kind == FileOperation::Kind::kSyncDir;
  if (!is_sync) return 5;
  if (calm_) return 200;
  if (random_.Chance(swarm_->very_slow_sync)) {
    journal_->Reach(Mark::kSlowSync);
    return random_.Between(kSecond, 5 * kSecond);
  }
  if (random_.Chance(swarm_->slow_sync)) {
    journal_->Reach(Mark::kSlowSync);
    return random_.Between(2 * kMillisecond, 400 * kMillisecond);
  }
  return 20 + random_.Exponential(swarm_->sync_mean);
}

DiskFault SimDisk::OnOperation(const FileOperation& operation) {
  if (is_down_) return DiskFault::kCrashBefore;
  elapsed_ += DrawLatency(operation.kind);
  const bool counted_down = operations_to_crash_ > 0 && --operations_to_crash_ == 0;
  if (counted_down || elapsed_ >= crash_at_) {
    has_failed_ = true;
    elapsed_ = std::min(elapsed_, crash_at_);
    return random_.Chance(0.5) ? DiskFault::kCrashBefore : DiskFault::kCrashAfter;
  }
  const bool may_fail = operation.kind == FileOperation::Kind::kWrite ||
                        operation.kind == FileOperation::Kind::kSync ||
                        operation.kind == FileOperation::Kind::kSyncDir;
  if (calm_ || !may_fail || !random_.Chance(swarm_->io_error)) return DiskFault::kNone;
  has_failed_ = true;
  journal_->Reach(Mark::kIoError);
  if (operation.kind != FileOperation::Kind::kWrite) return DiskFault::kIoError;
  return random_.Pick({DiskFault::kIoError, DiskFault::kNoSpace, DiskFault::kShortWrite});
}

void SimDisk::CutPower() {
  is_down_ = false;
  crash_at_ = kNever;
  operations_to_crash_ = 0;
  files_.CutPower(random_.Pick({PowerCut::kLoseAll, PowerCut::kKeepAll, PowerCut::kLoseSome,
                                PowerCut::kTearSectors, PowerCut::kTearWords}));
}

void SimDisk::KillProcess() {
  is_down_ = false;
  crash_at_ = kNever;
  operations_to_crash_ = 0;
  files_.KillProcess();
}

}  // namespace stele::sim
