// The data directory: made with the right modes, locked, and checked to be ours.
//
//   <dir>/LOCK           held while the daemon runs
//   <dir>/member/wal/    the write-ahead log (docs/wal_format.md)
//   <dir>/member/reserve space for the day the disk is full (disk_space.h)
//   <dir>/member/store/  the store in force and its successor (current_store.h)
//   <dir>/member/boot    what the member remembers of itself (boot_record.h)
//   <dir>/member/damaged/  the log and the store before a repair that is not over
#pragma once

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "src/storage/file_system.h"

namespace stele::server {

class DataDir {
 public:
  // The error is one line that names the path and the cause.
  static absl::StatusOr<std::unique_ptr<DataDir>> Open(storage::FileSystem* fs,
                                                       const std::string& path);

  std::string wal() const { return path_ + "/member/wal"; }
  std::string member() const { return path_ + "/member"; }
  std::string reserve() const { return path_ + "/member/reserve"; }
  std::string store() const { return path_ + "/member/store"; }
  std::string damaged() const { return path_ + "/member/damaged"; }
  // Whether a log exists, that is, whether this member has been started before.
  bool HasLog() const;

 private:
  DataDir(storage::FileSystem* fs, std::string path) : fs_(fs), path_(std::move(path)) {}

  storage::FileSystem* const fs_;
  const std::string path_;
  std::unique_ptr<storage::FileLock> lock_;
};

}  // namespace stele::server
