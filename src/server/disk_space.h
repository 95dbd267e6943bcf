// How much space the member's disk has left, and the reserve file that the member keeps for the day
// when there is none: giving it up lets the store finish what is under way, and lets clients delete
// and compact. Looks ten times a second.
//
//   kEnough     everything works
//   kShort      commands that make the data larger are refused, all else works
//   kExhausted  the reserve was given up and half of it is used: nothing new is taken
//
// The way back to kEnough leads through a full-sized reserve, so a disk that hovers around full
// does not make the level flicker.
//
// level() may be called by any thread, all else belongs to the pump's owner.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "src/server/pump.h"
#include "src/storage/file_system.h"

namespace stele::server {

struct DiskSize {
  std::uint64_t total = 0;
  std::uint64_t available = 0;  // to this process
};

// Of the disk that holds `path`.
absl::StatusOr<DiskSize> MeasureDisk(const std::string& path);

class DiskSpace final : public Pump {
 public:
  enum class Level : std::uint8_t { kEnough, kShort, kExhausted };
  struct Options {
    std::string reserve_path;
    // At most an eighth of the disk is taken; 0 for no reserve.
    std::uint64_t reserve_bytes = std::uint64_t{64} << 20U;
  };
  using Measure = std::function<absl::StatusOr<DiskSize>()>;

  DiskSpace(Options options, storage::FileSystem* fs, Measure measure);

  Level level() const { return level_.load(std::memory_order_relaxed); }
  // `changed` hears every new level, on the pump's thread. REQUIRES: before the pump runs.
  void set_changed(std::function<void(Level)> changed) { changed_ = std::move(changed); }

  // Also to be called before the pump runs: a start on a full disk needs the reserve, too.
  bool RunOnce() override;
  absl::Duration IdleTime() override;

 private:
  void Look(const DiskSize& size);
  bool MakeReserve();
  void GiveUpReserve();
  void Publish(Level level, std::uint64_t available);

  const Options options_;
  storage::FileSystem* const fs_;
  const Measure measure_;
  std::function<void(Level)> changed_;
  std::uint64_t reserve_bytes_ = 0;  // what a whole reserve has on this disk
  bool held_ = false;                // the reserve is there, whole
  std::atomic<Level> level_{Level::kEnough};
};

}  // namespace stele::server
