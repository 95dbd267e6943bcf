// The door to the disk. Two implementations: posix_file_system.h, and tests/sim's, which keeps only
// what the weakest POSIX promises.
//
// Durability: bytes are durable after WritableFile::Sync; a name (created, renamed or removed) is
// durable after SyncDir of its directory. Any thread may use a FileSystem; a file has one user at a
// time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace stele::storage {

class WritableFile {
 public:
  virtual ~WritableFile() = default;

  // Writes all of `bytes` at `offset` or fails; a failed write leaves the range undefined.
  // ENOSPC is kResourceExhausted, other I/O errors are kDataLoss or kInternal.
  virtual absl::Status WriteAt(std::uint64_t offset, std::span<const std::byte> bytes) = 0;

  // Makes data and size durable (fdatasync), not the file's name. After an error the state of
  // everything since the last good Sync is unknown: never retry.
  virtual absl::Status Sync() = 0;

  // Sets the size; a longer file is filled with zeros.
  virtual absl::Status Truncate(std::uint64_t size) = 0;

  // Reserves space so that later writes below `size` do not allocate. Extends the file with zeros.
  virtual absl::Status Allocate(std::uint64_t size) = 0;
};

// Held while it lives; a second process (or a second Lock in this one) is refused.
class FileLock {
 public:
  virtual ~FileLock() = default;
};

class FileSystem {
 public:
  virtual ~FileSystem() = default;

  // Opens for writing, creating an empty file if there is none (mode 0600).
  virtual absl::StatusOr<std::unique_ptr<WritableFile>> OpenForWrite(const std::string& path) = 0;
  // The whole content. kNotFound when there is no such file.
  virtual absl::StatusOr<std::string> ReadAll(const std::string& path) = 0;
  // At most `size` bytes from `offset` on, fewer at the end of the file. This one is for small
  // files.
  virtual absl::StatusOr<std::string> ReadAt(const std::string& path, std::uint64_t offset,
                                             std::uint64_t size) {
    absl::StatusOr<std::string> all = ReadAll(path);
    if (!all.ok() || offset >= all->size()) return all.ok() ? std::string() : all;
    return all->substr(offset, size);
  }
  // The same, and what the machine remembers of the file is read from its disk again where that is
  // possible.
  virtual absl::StatusOr<std::string> ReadFromDisk(const std::string& path, std::uint64_t offset,
                                                   std::uint64_t size) {
    return ReadAt(path, offset, size);
  }
  virtual absl::StatusOr<std::uint64_t> FileSize(const std::string& path) = 0;
  virtual bool Exists(const std::string& path) = 0;

  // Names (not paths) of the entries, sorted.
  virtual absl::StatusOr<std::vector<std::string>> List(const std::string& dir) = 0;
  virtual absl::Status CreateDir(const std::string& dir) = 0;  // mode 0700; fine if it exists
  virtual absl::Status Rename(const std::string& from, const std::string& to) = 0;
  virtual absl::Status Remove(const std::string& path) = 0;
  virtual absl::Status RemoveTree(const std::string& dir) = 0;
  virtual absl::Status SyncDir(const std::string& dir) = 0;

  // kFailedPrecondition when somebody else holds it; the message names their process if known.
  virtual absl::StatusOr<std::unique_ptr<FileLock>> Lock(const std::string& path) = 0;
};

}  // namespace stele::storage
