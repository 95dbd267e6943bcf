#include "src/storage/log_store.h"

#include <utility>
#include <variant>
#include <vector>

#include "src/raft/check.h"
#include "src/storage/wal/log_contents.h"
#include "src/storage/wal/payloads.h"
#include "src/storage/wal/wal.h"

namespace stele::storage {

using raft::Entry;
using raft::HardState;
using raft::Index;
using raft::SnapshotMeta;

struct LogStore::State {
  State(std::unique_ptr<wal::Wal> files, wal::LogContents log, const LogStoreOptions& opts)
      : wal(std::move(files)),
        contents(std::move(log)),
        written(contents.summary()),
        options(opts) {}

  // Remembers the first failure.
  absl::Status Note(absl::Status result) {
    if (!result.ok() && error.ok()) error = result;
    return result;
  }

  // The hard state as it goes to disk.
  HardState HardStateToWrite() const {
    HardState hard_state = contents.summary().hard_state;
    if (options.mutation == raft::Mutation::kVoteForgotten) hard_state.vote = raft::kNoNode;
    return hard_state;
  }

  bool HasPending() const { return !changes.empty() || hard_state_pending; }

  // Losing a mere commit index is harmless: the leader tells it again.
  bool OnlyCommitPending() const {
    const HardState& before = written.hard_state;
    const HardState now = HardStateToWrite();
    return changes.empty() && now.term == before.term && now.vote == before.vote;
  }

  void NoteWritten() {
    changes.clear();
    hard_state_pending = false;
    written = contents.summary();
    written.hard_state = HardStateToWrite();
  }

  absl::Status WritePending() {
    if (!HasPending()) return absl::OkStatus();
    if (hard_state_pending) changes.emplace_back(HardStateToWrite());
    absl::Status result = wal->WriteBatch(changes, written);
    if (result.ok()) NoteWritten();
    return result;
  }

  absl::Status DropReleasedSegments() {
    return wal->DropBefore(contents.oldest_needed_segment(wal->active_segment()));
  }

  std::unique_ptr<wal::Wal> wal;
  wal::LogContents contents;         // with what is pending
  std::vector<wal::Change> changes;  // pending, in order
  bool hard_state_pending = false;
  bool install_pending = false;
  wal::LogSummary written;  // what a replay of the files would give
  LogStoreOptions options;
  absl::Status error;
};

LogStore::LogStore(std::unique_ptr<wal::Wal> wal, wal::LogContents contents,
                   const LogStoreOptions& options)
    : state_(std::make_unique<State>(std::move(wal), std::move(contents), options)) {}

LogStore::~LogStore() { Seal().IgnoreError(); }

absl::StatusOr<std::unique_ptr<LogStore>> LogStore::Create(FileSystem* fs, const std::string& dir,
                                                           const LogIdentity& identity,
                                                           const SnapshotMeta& bootstrap,
                                                           const LogStoreOptions& options) {
  const wal::LogSummary summary{
      .identity = identity,
      .hard_state = {.term = bootstrap.last.term, .vote = {}, .commit = bootstrap.last.index},
      .base = bootstrap.last,
      .base_conf_state = bootstrap.conf_state,
      .snapshot = bootstrap,
      .last = bootstrap.last};
  absl::StatusOr<std::unique_ptr<wal::Wal>> wal = wal::Wal::Create(fs, dir, summary, options);
  if (!wal.ok()) return wal.status();
  return std::unique_ptr<LogStore>(
      new LogStore(*std::move(wal), wal::LogContents(summary), options));
}

absl::StatusOr<std::unique_ptr<LogStore>> LogStore::Open(FileSystem* fs, const std::string& dir,
                                                         const LogStoreOptions& options) {
  absl::StatusOr<wal::Wal::Opened> opened = wal::Wal::Open(fs, dir, options);
  if (!opened.ok()) return opened.status();
  return std::unique_ptr<LogStore>(
      new LogStore(std::move(opened->wal), std::move(opened->contents), options));
}

const LogIdentity& LogStore::identity() const { return state_->contents.summary().identity; }

const HardState& LogStore::hard_state() const { return state_->contents.summary().hard_state; }

absl::Status LogStore::Append(const std::optional<HardState>& hard_state,
                              std::span<const Entry> entries) {
  State& s = *state_;
  if (!s.error.ok()) return s.error;
  for (std::size_t i = 0; i < entries.size(); ++i) {
    STELE_CHECK_IMPLIES(i > 0, entries[i].id.index == entries[i - 1].id.index.Next());
    s.contents.Append(entries[i], s.wal->active_segment());
    s.changes.emplace_back(entries[i]);
  }
  if (hard_state) {
    STELE_CHECK(hard_state->term >= s.contents.summary().hard_state.term);
    STELE_CHECK(hard_state->commit <= s.contents.last_index());
    s.contents.SetHardState(*hard_state);
    s.hard_state_pending = true;
  }
  return absl::OkStatus();
}

absl::Status LogStore::Sync() {
  State& s = *state_;
  if (!s.error.ok()) return s.error;
  if (absl::Status written = s.Note(s.WritePending()); !written.ok()) return written;
  if (!std::exchange(s.install_pending, false)) return absl::OkStatus();
  return s.Note(s.DropReleasedSegments());
}

absl::Status LogStore::Seal() {
  State& s = *state_;
  if (!s.error.ok()) return s.error;
  if (!s.OnlyCommitPending()) {
    if (absl::Status synced = Sync(); !synced.ok()) return synced;
  }
  if (s.wal->sealed() && !s.HasPending()) return absl::OkStatus();
  std::optional<HardState> hard_state;
  if (s.hard_state_pending) hard_state = s.HardStateToWrite();
  absl::Status sealed = s.Note(s.wal->Seal(hard_state, s.written));
  if (sealed.ok()) s.NoteWritten();
  return sealed;
}

absl::Status LogStore::Reserve() {
  State& s = *state_;
  if (!s.error.ok()) return s.error;
  absl::Status reserved = s.wal->MakeSpare();
  return absl::IsResourceExhausted(reserved) ? reserved : s.Note(std::move(reserved));
}

bool LogStore::reserved() const { return state_->wal->has_spare(); }

std::uint64_t LogStore::room() const { return state_->wal->room(); }

absl::Status LogStore::InstallSnapshot(const SnapshotMeta& snapshot) {
  State& s = *state_;
  if (!s.error.ok()) return s.error;
  wal::Install install = s.contents.PlanInstall(snapshot);
  if (s.options.mutation == raft::Mutation::kInstallKeepsSuffix) {
    install.keeps_suffix = snapshot.last.index <= s.contents.last_index();
  }
  STELE_CHECK(s.contents.Apply(install));
  s.changes.emplace_back(install);
  s.install_pending = true;
  return absl::OkStatus();
}

absl::Status LogStore::Release(const SnapshotMeta& snapshot, Index release_to) {
  State& s = *state_;
  if (!s.error.ok()) return s.error;
  STELE_CHECK(release_to <= snapshot.last.index);
  STELE_CHECK(snapshot.last.index <= last_index());
  const wal::Release release = s.contents.PlanRelease(snapshot, release_to);
  const wal::LogSummary& summary = s.contents.summary();
  if (release.base == summary.base && release.snapshot == summary.snapshot) return Sync();
  STELE_CHECK(s.contents.Apply(release));
  s.changes.emplace_back(release);
  if (s.options.mutation == raft::Mutation::kDropBeforeDurable) {
    if (absl::Status dropped = s.Note(s.DropReleasedSegments()); !dropped.ok()) return dropped;
  }
  if (absl::Status synced = Sync(); !synced.ok()) return synced;
  return s.Note(s.DropReleasedSegments());
}

Index LogStore::first_index() const { return state_->contents.first_index(); }

Index LogStore::last_index() const { return state_->contents.last_index(); }

raft::LogReadStatus LogStore::TermAt(Index index, raft::Term* term) const {
  return state_->contents.TermAt(index, term);
}

raft::LogReadStatus LogStore::Entries(Index from, Index to, std::uint64_t bytes_max,
                                      std::vector<Entry>* entries) const {
  return state_->contents.Entries(from, to, bytes_max, entries);
}

SnapshotMeta LogStore::LatestSnapshot() const { return state_->contents.summary().snapshot; }

LogEnd LogStore::end() const { return state_->wal->end(); }

const raft::ConfState& LogStore::base_conf_state() const {
  return state_->contents.summary().base_conf_state;
}

}  // namespace stele::storage
