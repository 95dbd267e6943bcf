// Reads all files of the store and of the log again once in a while and compares them with their
// checksums, so that bytes that went bad on the disk are found while the other members still have
// them, and not by the first reader in a year.
//
// Reads slowly (options.bytes_per_second), past the page cache, and begins a round when the last
// one began an interval ago; the first at a start. A file that is gone when it is its turn was let
// go meanwhile. Of the log the two newest segments are left out: they are being written.
//
// Everything belongs to the pump's owner. The functions of Options may be called by any thread.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "src/server/clock.h"
#include "src/server/pump.h"
#include "src/storage/engine/engine.h"
#include "src/storage/file_system.h"

namespace stele::server {

class Scrub final : public Pump {
 public:
  struct Options {
    absl::Duration interval = absl::Hours(24);
    std::uint64_t bytes_per_second = std::uint64_t{16} << 20U;
    std::string log_dir;
    // The store's files that are in use now.
    std::function<std::vector<storage::StoredFile>()> store_files;
    // kDataLoss: a file is not what was written.
    std::function<void(const absl::Status&)> damaged;
  };

  Scrub(Options options, storage::FileSystem* fs, const Clock* clock);

  bool RunOnce() override;
  absl::Duration IdleTime() override;

  std::uint64_t rounds() const { return rounds_; }  // ended

 private:
  void BeginRound();
  void EndRound();
  void LeaveRound();
  void NextFile();
  void Finish();
  void Damaged(const std::string& what);
  bool IsInUse(const storage::StoredFile& file) const;
  bool FitsItsChecksums(const storage::StoredFile& file) const;
  std::vector<std::string> ClosedSegments() const;

  const Options options_;
  storage::FileSystem* const fs_;
  const Clock* const clock_;
  absl::Duration due_;  // when to read on
  absl::Duration round_began_;
  bool in_round_ = false;
  std::vector<storage::StoredFile> store_;  // what is left to read in this round
  std::vector<std::string> segments_;
  storage::StoredFile file_;  // being read
  bool is_segment_ = false;
  std::uint64_t offset_ = 0;
  std::uint32_t crc32c_ = 0;      // of a store's file up to `offset_`
  std::string bytes_;             // of a segment up to `offset_`
  std::uint64_t files_read_ = 0;  // in this round
  std::uint64_t bytes_read_ = 0;
  std::uint64_t rounds_ = 0;
};

}  // namespace stele::server
