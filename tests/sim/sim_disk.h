// One member's disk with its own pace and its own misfortunes: operations take virtual time, may
// fail, and a crash that is due while one is under way happens there, in the middle of a pass.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <string_view>

#include "tests/sim/event_queue.h"
#include "tests/sim/journal.h"
#include "tests/sim/random_stream.h"
#include "tests/sim/sim_file_system.h"
#include "tests/sim/swarm.h"

namespace stele::sim {

// eio, enospc, short, crash-before or crash-after.
std::optional<DiskFault> DiskFaultNamed(std::string_view name);

class SimDisk {
 public:
  // `swarm` and `journal` outlive the disk.
  SimDisk(std::uint64_t seed, std::uint64_t member, const Swarm* swarm, Journal* journal);

  SimFileSystem* files() { return &files_; }

  // Operations from here on begin at `now`; each moves elapsed() on by what it takes.
  void Begin(Micros now);
  Micros elapsed() const { return elapsed_; }
  // Whether any operation since Begin failed on purpose.
  bool has_failed() const { return has_failed_; }

  void set_crash_at(Micros time) { crash_at_ = time; }
  // The machine goes down at the n-th operation from now; 0 for never.
  void CrashAtOperation(std::uint64_t count) { operations_to_crash_ = count; }

  // The sync that is under way then or comes next takes until `time`.
  void StallUntil(Micros time) { stalled_until_ = time; }
  // Writes find no space.
  void FullUntil(Micros time) { full_until_ = time; }
  // The operation of this number (FileOperation::number) ends like this.
  void FailOperation(std::uint64_t number, DiskFault fault) { planned_[number] = fault; }
  // Why the last operation failed.
  DiskFault last_fault() const { return last_fault_; }
  // Until when it is stalled or full.
  Micros disturbed_until() const { return std::max(stalled_until_, full_until_); }
  bool is_disturbed(Micros now) const { return now < disturbed_until(); }

  // Every operation fails, until the process has ended one way or the other.
  void TakeDown() { is_down_ = true; }
  void CutPower();
  void KillProcess();

  // No more faults.
  void Calm();

 private:
  DiskFault OnOperation(const FileOperation& operation);
  DiskFault DrawFault(const FileOperation& operation);
  DiskFault Fail(DiskFault fault, Mark mark);
  Micros DrawLatency(FileOperation::Kind kind);
  std::optional<DiskFault> TakePlanned(std::uint64_t number);

  const Swarm* const swarm_;
  Journal* const journal_;
  RandomStream random_;
  SimFileSystem files_;
  Micros elapsed_ = 0;
  Micros crash_at_ = kNever;
  std::uint64_t operations_to_crash_ = 0;
  Micros stalled_until_ = 0;
  Micros full_until_ = 0;
  std::map<std::uint64_t, DiskFault> planned_;
  DiskFault last_fault_ = DiskFault::kNone;
  bool has_failed_ = false;
  bool is_down_ = false;
  bool calm_ = false;
};

}  // namespace stele::sim
