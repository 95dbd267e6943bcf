// The files of a snapshot while they arrive: written to a directory of their own, synced, and given
// the name under which CurrentStore finds them only when all are complete and durable. Dropped
// before that, nothing is left.
//
// One thread at a time; every call may wait for the disk.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "proto/peer.pb.h"
#include "src/storage/file_system.h"

namespace stele::server {

class SnapshotFiles {
 public:
  // `store_dir`: where CurrentStore looks for stores.
  SnapshotFiles(storage::FileSystem* fs, std::string store_dir);
  ~SnapshotFiles();  // removes what is not complete
  SnapshotFiles(const SnapshotFiles&) = delete;
  SnapshotFiles& operator=(const SnapshotFiles&) = delete;

  // After an error only destruction is allowed.
  absl::Status Begin(const stelepb::SnapshotHeader& header);
  // Chunks come in order and without gaps. The last one completes the snapshot.
  absl::Status Add(const stelepb::SnapshotChunk& chunk);

  // The store is durable in SnapshotStoreName(header's index).
  bool complete() const { return complete_; }
  const stelepb::SnapshotHeader& header() const { return header_; }

 private:
  absl::Status OpenNext();
  absl::Status FinishFile();
  absl::Status CompleteIfAllAreThere();

  storage::FileSystem* const fs_;
  const std::string store_dir_;
  stelepb::SnapshotHeader header_;
  std::string dir_;  // empty before Begin
  int file_number_ = 0;
  std::uint64_t offset_ = 0;
  std::uint64_t synced_ = 0;  // of this file
  std::unique_ptr<storage::WritableFile> file_;
  bool complete_ = false;
};

}  // namespace stele::server
