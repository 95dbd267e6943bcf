// The node's Raft log: entries since the last log release in memory, everything also in the
// write-ahead log (wal/). This is what RaftLoop owns; the core reads it through LogReader.
//
// Not thread-safe; one owner thread. Entries handed out share their payloads.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "src/raft/log_reader.h"
#include "src/raft/types.h"
#include "src/storage/file_system.h"

namespace stele::storage {

class Wal;

// Written into every segment; a log of another member or cluster is refused.
struct LogIdentity {
  std::uint64_t cluster_id = 0;
  std::uint64_t member_id = 0;

  friend bool operator==(const LogIdentity&, const LogIdentity&) = default;
};

struct LogStoreOptions {
  std::uint64_t segment_bytes = 64ull << 20;
};

class LogStore final : public raft::LogReader {
 public:
  // Makes a new log in `dir`, durable when this returns. `bootstrap.last` is {0, 0} for a new
  // cluster. kAlreadyExists when there is one.
  static absl::StatusOr<std::unique_ptr<LogStore>> Create(FileSystem* fs, const std::string& dir,
                                                          const LogIdentity& identity,
                                                          const raft::SnapshotMeta& bootstrap,
                                                          const LogStoreOptions& options);

  // Recovers. A torn tail is cut; anything else that is damaged is kDataLoss whose message names
  // file and offset; a foreign identity is kFailedPrecondition; a newer format is kUnimplemented.
  static absl::StatusOr<std::unique_ptr<LogStore>> Open(FileSystem* fs, const std::string& dir,
                                                        const LogStoreOptions& options);

  ~LogStore() override;

  const LogIdentity& identity() const;
  const raft::HardState& hard_state() const;

  // Buffers; durable after Sync. `entries` are contiguous; the first one replaces everything at and
  // after its index. A failure (also of Sync) means that the process must stop.
  absl::Status Append(const std::optional<raft::HardState>& hard_state,
                      std::span<const raft::Entry> entries);
  absl::Status Sync();

  // Installs a snapshot from the leader: the log restarts behind `snapshot.last`; entries that
  // agree with it and follow it are kept. Durable after Sync.
  absl::Status InstallSnapshot(const raft::SnapshotMeta& snapshot);

  // Records that the store holds everything up to `snapshot.last` durably, and lets go of entries
  // with an index <= `release_to` (<= snapshot.last.index), whole segments at a time on disk.
  // Durable when this returns.
  absl::Status Release(const raft::SnapshotMeta& snapshot, raft::Index release_to);

  // raft::LogReader
  raft::Index first_index() const override;
  raft::Index last_index() const override;
  raft::LogReadStatus TermAt(raft::Index index, raft::Term* term) const override;
  raft::LogReadStatus Entries(raft::Index from, raft::Index to, std::uint64_t bytes_max,
                              std::vector<raft::Entry>* entries) const override;
  raft::SnapshotMeta LatestSnapshot() const override;

  // The config in force just before first_index(), for RawNode.
  const raft::ConfState& base_conf_state() const;

 private:
  LogStore(FileSystem* fs, std::unique_ptr<Wal> wal);
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace stele::storage
