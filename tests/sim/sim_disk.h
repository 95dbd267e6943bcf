// One member's disk with its own pace and its own misfortunes: operations take virtual time, may
// fail, and a crash that is due while one is under way happens there, in the middle of a pass.
#pragma once

#include <cstdint>

#include "tests/sim/event_queue.h"
#include "tests/sim/journal.h"
#include "tests/sim/random_stream.h"
#include "tests/sim/sim_file_system.h"
#include "tests/sim/swarm.h"

namespace stele::sim {

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

  // Every operation fails, until the process has ended one way or the other.
  void TakeDown() { is_down_ = true; }
  void CutPower();
  void KillProcess();

  // No more faults.
  void Calm() { calm_ = true; }

 private:
  DiskFault OnOperation(const FileOperation& operation);
  Micros DrawLatency(FileOperation::Kind kind);

  const Swarm* const swarm_;
  Journal* const journal_;
  RandomStream random_;
  SimFileSystem files_;
  Micros elapsed_ = 0;
  Micros crash_at_ = kNever;
  std::uint64_t operations_to_crash_ = 0;
  bool has_failed_ = false;
  bool is_down_ = false;
  bool calm_ = false;
};

}  // namespace stele::sim
