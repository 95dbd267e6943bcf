// The node's Raft log: entries since the last log release in memory, everything also in the
// write-ahead log (wal/). This is what RaftLoop owns; the core reads it through LogReader.
//
// Everything between two Syncs is one batch: one write and one sync, and after a crash all of it is
// there or nothing. An I/O error is final: every later call returns it, because nobody knows what
// the disk holds; the process must stop and recover. That goes for a full disk, too: who wants to
// live through one reserves space ahead (Reserve) and appends no more than there is room() for.
//
// Not thread-safe; one owner thread. Entries handed out share their payloads.
#pragma once

#include <compare>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "src/raft/log_reader.h"
#include "src/raft/mutation.h"
#include "src/raft/types.h"
#include "src/storage/file_system.h"

namespace stele::storage {

namespace wal {
class LogContents;
class Wal;
}  // namespace wal

// Written into every segment; a log of another member or cluster is refused.
struct LogIdentity {
  std::uint64_t cluster_id = 0;
  std::uint64_t member_id = 0;

  friend bool operator==(const LogIdentity&, const LogIdentity&) = default;
};

// Where the log ends on disk: a segment's number and a byte in it. Only grows.
struct LogEnd {
  std::uint32_t segment = 0;
  std::uint64_t offset = 0;

  // NOLINTNEXTLINE(modernize-use-nullptr): version 14 stumbles over a defaulted <=>
  friend auto operator<=>(const LogEnd&, const LogEnd&) = default;
};

struct LogStoreOptions {
  // Size of a segment file; one that begins with a larger batch is larger.
  std::uint64_t segment_bytes = 64ull << 20;

  // A fresh segment is filled with zeros this far ahead of its end, because syncing blocks that
  // were written before is about twice as fast.
  std::uint64_t zero_ahead_bytes = 1ull << 20;

  // A random number, so that no client can foresee what a record of this log looks like and store
  // a look-alike as a value. Need not be the same at each start. The simulator may leave it 0.
  std::uint64_t salt = 0;

  // Open refuses a log of anybody else.
  std::optional<LogIdentity> expected_identity;

  // A bug for the simulator to find. For tests only: each breaks what this class promises.
  raft::Mutation mutation = raft::Mutation::kNone;
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
  // file and offset; a foreign identity is kFailedPrecondition; a newer format is kUnimplemented;
  // no directory is kNotFound. A log that is refused is left untouched.
  static absl::StatusOr<std::unique_ptr<LogStore>> Open(FileSystem* fs, const std::string& dir,
                                                        const LogStoreOptions& options);

  ~LogStore() override;  // seals, unless there was an error

  const LogIdentity& identity() const;
  const raft::HardState& hard_state() const;

  // Buffers; durable after Sync. `entries` are contiguous; the first one replaces everything at and
  // after its index. A hard state that only moves the commit index need not be synced: it goes with
  // the next batch. A failure (also of Sync) means that the process must stop.
  absl::Status Append(const std::optional<raft::HardState>& hard_state,
                      std::span<const raft::Entry> entries);
  absl::Status Sync();

  // Syncs what is pending and writes a record behind it that proves that it was synced, so that
  // damage to the last batch is no longer taken for a torn write. To be called when there is
  // nothing else to do; a no-op when there is nothing to prove.
  absl::Status Seal();

  // Reserves the file of the next segment, unless that was done before; to be called when there is
  // time. kResourceExhausted: the disk is full. That is the one error that is not final: nothing
  // was changed, and the log takes what it has room for.
  absl::Status Reserve();
  bool reserved() const;
  // A batch with so many bytes of data and not too many records surely needs no space of the disk.
  std::uint64_t room() const;

  // Installs a snapshot from the leader: the log restarts behind `snapshot.last`; entries that
  // agree with it and follow it are kept. Durable after Sync.
  absl::Status InstallSnapshot(const raft::SnapshotMeta& snapshot);

  // Records that the store holds everything up to `snapshot.last` durably, and lets go of entries
  // with an index <= `release_to` (<= snapshot.last.index), whole segments at a time on disk.
  // Durable when this returns. When the config changes on both sides of `release_to`, the entries
  // from the first change on stay until a later release.
  absl::Status Release(const raft::SnapshotMeta& snapshot, raft::Index release_to);

  // raft::LogReader
  raft::Index first_index() const override;
  raft::Index last_index() const override;
  raft::LogReadStatus TermAt(raft::Index index, raft::Term* term) const override;
  raft::LogReadStatus Entries(raft::Index from, raft::Index to, std::uint64_t bytes_max,
                              std::vector<raft::Entry>* entries) const override;
  raft::SnapshotMeta LatestSnapshot() const override;

  // The end of what was written so far.
  LogEnd end() const;

  // The config in force just before first_index(), for RawNode.
  const raft::ConfState& base_conf_state() const;

 private:
  LogStore(std::unique_ptr<wal::Wal> wal, wal::LogContents contents,
           const LogStoreOptions& options);
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace stele::storage
