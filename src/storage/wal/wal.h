// The write-ahead log's files: batches go into the active segment, full segments are followed by
// new ones, segments nobody needs are recycled or removed.
//
// Knows records, not what they mean; the log store has the meaning. Not thread-safe. After a
// failure only destruction is allowed.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "src/raft/types.h"
#include "src/storage/file_system.h"
#include "src/storage/log_store.h"
#include "src/storage/wal/batch_encoder.h"
#include "src/storage/wal/log_contents.h"
#include "src/storage/wal/payloads.h"
#include "src/storage/wal/recovery.h"
#include "src/storage/wal/segment_writer.h"

namespace stele::storage::wal {

// One record to be written.
using Change = std::variant<raft::Entry, raft::HardState, Install, Release>;

class Wal {
 public:
  // Makes the directory with a first segment; both are durable when this returns.
  static absl::StatusOr<std::unique_ptr<Wal>> Create(FileSystem* fs, const std::string& dir,
                                                     const LogSummary& summary,
                                                     const LogStoreOptions& options);

  struct Opened;
  // Recovers, puts right what a crash left, and makes durable what it read: after a mere process
  // crash some of that may have been in the page cache only.
  static absl::StatusOr<Opened> Open(FileSystem* fs, const std::string& dir,
                                     const LogStoreOptions& options);

  // Writes and syncs one batch. Rolls first if it does not fit; the new segment then begins with
  // `before`, the log without these changes.
  absl::Status WriteBatch(const std::vector<Change>& changes, const LogSummary& before);

  // Proves that everything so far was synced. `hard_state` differs only in its commit index from
  // the one written before and goes along.
  absl::Status Seal(const std::optional<raft::HardState>& hard_state, const LogSummary& before);
  bool sealed() const { return sealed_; }

  // Makes the file of the next segment ahead of time, so that the next roll asks the disk for no
  // space. kResourceExhausted: the disk has none, and nothing has changed.
  absl::Status MakeSpare();
  bool has_spare() const { return spare_.has_value(); }
  // A batch of this many bytes surely finds its place in files that are there.
  std::uint64_t room() const;

  // Lets go of the segments before `sequence`. Durable when this returns.
  absl::Status DropBefore(std::uint32_t sequence);

  std::uint32_t active_segment() const { return active_->sequence(); }
  LogEnd end() const { return {active_->sequence(), active_->position().offset}; }

 private:
  Wal(FileSystem* fs, std::string dir, const LogStoreOptions& options);

  // A file of the usual size that will be the next segment.
  struct Spare {
    std::string path;
    bool written = false;  // a released segment: all of its blocks were written before
  };

  std::string PathOf(std::uint32_t sequence) const;
  absl::StatusOr<std::unique_ptr<SegmentWriter>> StartSegment(const std::string& path,
                                                              std::uint32_t sequence, bool recycled,
                                                              const SegmentPosition& previous,
                                                              std::uint64_t room,
                                                              const LogSummary& summary);
  absl::Status Roll(std::uint64_t room, const LogSummary& summary);
  absl::Status KeepAsSpare(const std::string& path);
  absl::Status WriteRoll(SegmentWriter* segment);
  absl::Status SyncFile(SegmentWriter* segment);
  absl::Status PutRight(const RecoveredLog& recovered, const std::vector<std::string>& spares);

  FileSystem* const fs_;
  const std::string dir_;
  const LogStoreOptions options_;
  BatchEncoder encoder_;
  std::unique_ptr<SegmentWriter> active_;
  bool sealed_ = true;
  std::vector<std::uint32_t> closed_;  // ascending
  std::optional<Spare> spare_;
};

struct Wal::Opened {
  std::unique_ptr<Wal> wal;
  LogContents contents;
};

}  // namespace stele::storage::wal
