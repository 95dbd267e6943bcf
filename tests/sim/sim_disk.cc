#include "tests/sim/sim_disk.h"

#include <algorithm>

namespace stele::sim {

std::optional<DiskFault> DiskFaultNamed(std::string_view name) {
  if (name == "eio") return DiskFault::kIoError;
  if (name == "enospc") return DiskFault::kNoSpace;
  if (name == "short") return DiskFault::kShortWrite;
  if (name == "crash-before") return DiskFault::kCrashBefore;
  if (name == "crash-after") return DiskFault::kCrashAfter;
  return std::nullopt;
}

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
    if (random_.Chance(0.02)) return random_.Between(5 * kSecond, 60 * kSecond);
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
  const bool is_sync = operation.kind == FileOperation::Kind::kSync;
  if (is_sync && elapsed_ < stalled_until_) {
    journal_->Reach(Mark::kStalledSync);
    elapsed_ = stalled_until_;
  }
  const bool counted_down = operations_to_crash_ > 0 && --operations_to_crash_ == 0;
  if (counted_down || elapsed_ >= crash_at_) {
    has_failed_ = true;
    elapsed_ = std::min(elapsed_, crash_at_);
    return random_.Chance(0.5) ? DiskFault::kCrashBefore : DiskFault::kCrashAfter;
  }
  if (const std::optional<DiskFault> planned = TakePlanned(operation.number)) {
    return Fail(*planned, Mark::kIoError);
  }
  return DrawFault(operation);
}

std::optional<DiskFault> SimDisk::TakePlanned(std::uint64_t number) {
  if (planned_.empty()) return std::nullopt;
  const auto found = planned_.find(number);
  if (found == planned_.end()) return std::nullopt;
  const DiskFault fault = found->second;
  planned_.erase(found);
  return fault;
}

DiskFault SimDisk::Fail(DiskFault fault, Mark mark) {
  has_failed_ = true;
  last_fault_ = fault;
  journal_->Reach(mark);
  return fault;
}

DiskFault SimDisk::DrawFault(const FileOperation& operation) {
  using Kind = FileOperation::Kind;
  if (operation.kind == Kind::kRename && operation.path.ends_with(".spare")) {
    journal_->Reach(Mark::kSegmentRecycled);
  }
  const bool takes_space = operation.kind == Kind::kWrite || operation.kind == Kind::kResize;
  if (takes_space && elapsed_ < full_until_) return Fail(DiskFault::kNoSpace, Mark::kNoSpace);
  if (calm_ || swarm_->io_error == 0) return DiskFault::kNone;
  const bool is_sync = operation.kind == Kind::kSync || operation.kind == Kind::kSyncDir;
  const bool may_fail = is_sync || operation.kind == Kind::kWrite || operation.kind == Kind::kRead;
  // Reads are few: only a start reads.
  const bool is_read = operation.kind == Kind::kRead;
  const double chance = is_read ? 20 * swarm_->io_error : swarm_->io_error;
  if (!may_fail || !random_.Chance(chance)) return DiskFault::kNone;
  journal_->Reach(Mark::kIoError);
  if (is_read) return Fail(DiskFault::kIoError, Mark::kReadError);
  if (is_sync) return Fail(DiskFault::kIoError, Mark::kSyncError);
  const DiskFault fault =
      random_.Pick({DiskFault::kIoError, DiskFault::kNoSpace, DiskFault::kShortWrite});
  return Fail(fault, fault == DiskFault::kIoError   ? Mark::kWriteError
                     : fault == DiskFault::kNoSpace ? Mark::kNoSpace
                                                    : Mark::kShortWrite);
}

void SimDisk::Calm() {
  calm_ = true;
  stalled_until_ = 0;
  full_until_ = 0;
}

void SimDisk::CutPower() {
  is_down_ = false;
  crash_at_ = kNever;
  operations_to_crash_ = 0;
  struct Cut {
    PowerCut kind;
    Mark mark;
  };
  const Cut cut = random_.Pick<Cut>({{PowerCut::kLoseAll, Mark::kCutLosesAll},
                                     {PowerCut::kKeepAll, Mark::kCutKeepsAll},
                                     {PowerCut::kLoseSome, Mark::kCutLosesSome},
                                     {PowerCut::kTearSectors, Mark::kCutTearsSectors},
                                     {PowerCut::kTearWords, Mark::kCutTearsWords}});
  journal_->Reach(cut.mark);
  files_.CutPower(cut.kind);
}

void SimDisk::KillProcess() {
  is_down_ = false;
  crash_at_ = kNever;
  operations_to_crash_ = 0;
  files_.KillProcess();
}

}  // namespace stele::sim
