#include "src/storage/wal/wal.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "absl/strings/str_cat.h"
#include "src/raft/check.h"
#include "src/storage/wal/crc32c.h"
#include "src/storage/wal/fixed_codec.h"

namespace stele::storage::wal {
namespace {

constexpr char kSpareSuffix[] = ".spare";

std::string ParentOf(const std::string& dir) {
  const std::size_t slash = dir.find_last_of('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : dir.substr(0, slash);
}

std::uint64_t UsualBytes(const LogStoreOptions& options) {
  return AlignUp(options.segment_bytes, kSealAlignment);
}

// Unforeseeable for clients if the caller's number is, and different for each segment.
std::uint32_t SaltFor(std::uint64_t number, std::uint32_t sequence, std::uint32_t chain) {
  std::string seed;
  AppendFixed(&seed, number);
  AppendFixed(&seed, sequence);
  AppendFixed(&seed, chain);
  return Crc32c(seed);
}

std::uint64_t SizeOf(const std::vector<Change>& changes) {
  struct Sizer {
    std::uint64_t operator()(const raft::Entry& entry) const {
      return RecordBytes(entry.data.size());
    }
    std::uint64_t operator()(const raft::HardState& state) const {
      return RecordBytes(EncodeHardState(state).size());
    }
    std::uint64_t operator()(const Install& install) const {
      return RecordBytes(EncodeInstall(install).size());
    }
    std::uint64_t operator()(const Release& release) const {
      return RecordBytes(EncodeRelease(release).size());
    }
  };
  std::uint64_t size = 0;
  for (const Change& change : changes) size += std::visit(Sizer{}, change);
  return size;
}

void Encode(const std::vector<Change>& changes, BatchEncoder* encoder) {
  struct Adder {
    BatchEncoder* encoder;
    void operator()(const raft::Entry& entry) const { encoder->AddEntry(entry); }
    void operator()(const raft::HardState& state) const {
      encoder->Add(RecordType::kHardState, EncodeHardState(state));
    }
    void operator()(const Install& install) const {
      encoder->Add(RecordType::kInstall, EncodeInstall(install));
    }
    void operator()(const Release& release) const {
      encoder->Add(RecordType::kRelease, EncodeRelease(release));
    }
  };
  for (const Change& change : changes) std::visit(Adder{encoder}, change);
}

}  // namespace

Wal::Wal(FileSystem* fs, std::string dir, const LogStoreOptions& options)
    : fs_(fs), dir_(std::move(dir)), options_(options) {}

std::string Wal::PathOf(std::uint32_t sequence) const {
  return absl::StrCat(dir_, "/", SegmentName(sequence));
}

absl::Status Wal::SyncFile(SegmentWriter* segment) {
  if (options_.mutation == raft::Mutation::kSyncSkipped) return absl::OkStatus();
  absl::Status synced = segment->Sync();
  if (options_.mutation == raft::Mutation::kSyncErrorIgnored) return absl::OkStatus();
  return synced;
}

absl::StatusOr<std::unique_ptr<Wal>> Wal::Create(FileSystem* fs, const std::string& dir,
                                                 const LogSummary& summary,
                                                 const LogStoreOptions& options) {
  if (fs->Exists(dir)) return absl::AlreadyExistsError(absl::StrCat(dir, " exists"));
  // Built under another name, so that a log is either not there or complete.
  const std::string new_dir = dir + ".new";
  if (fs->Exists(new_dir)) {
    if (absl::Status removed = fs->RemoveTree(new_dir); !removed.ok()) return removed;
  }
  if (absl::Status made = fs->CreateDir(new_dir); !made.ok()) return made;

  std::unique_ptr<Wal> wal(new Wal(fs, dir, options));
  absl::StatusOr<std::unique_ptr<SegmentWriter>> first =
      wal->StartSegment(absl::StrCat(new_dir, "/", SegmentName(kFirstSequence)), kFirstSequence,
                        /*spare=*/std::nullopt, SegmentPosition{}, /*room=*/0, summary);
  if (!first.ok()) return first.status();
  wal->active_ = *std::move(first);
  if (absl::Status synced = fs->SyncDir(new_dir); !synced.ok()) return synced;
  if (absl::Status renamed = fs->Rename(new_dir, dir); !renamed.ok()) return renamed;
  if (absl::Status synced = fs->SyncDir(ParentOf(dir)); !synced.ok()) return synced;
  return wal;
}

// Makes the file of a segment with its head and syncs it, but not its name. `spare`: what the file
// was before.
absl::StatusOr<std::unique_ptr<SegmentWriter>> Wal::StartSegment(
    const std::string& path, std::uint32_t sequence, const std::optional<Spare>& spare,
    const SegmentPosition& previous, std::uint64_t room, const LogSummary& summary) {
  SegmentHead head{.summary = summary, .previous_end = previous.offset};
  const std::uint64_t head_end = kPreambleBytes + RecordBytes(EncodeSegmentHead(head).size());
  const std::uint64_t roll_bytes = RecordBytes(EncodeRoll(sequence).size());
  head.file_bytes =
      AlignUp(std::max(options_.segment_bytes, head_end + room + roll_bytes), kSealAlignment);

  absl::StatusOr<std::unique_ptr<WritableFile>> file = fs_->OpenForWrite(path);
  if (!file.ok()) return file.status();
  // The blocks of a spare are there already, unless the first batch wants more: a full disk is not
  // asked for them again.
  if (!spare || head.file_bytes > UsualBytes(options_)) {
    if (absl::Status allocated = (*file)->Allocate(head.file_bytes); !allocated.ok()) {
      return allocated;
    }
  }
  const SegmentPosition start{
      .segment_id = MakeSegmentId(sequence, SaltFor(options_.salt, sequence, previous.chain)),
      .offset = kPreambleBytes,
      .chain = previous.chain,
      .batch = 0};
  auto segment = std::make_unique<SegmentWriter>(
      *std::move(file), start, head.file_bytes,
      spare && spare->written ? options_.segment_bytes : 0, options_.zero_ahead_bytes);
  encoder_.Begin(start);
  encoder_.AddPreamble();
  encoder_.Add(RecordType::kSegmentHead, EncodeSegmentHead(head));
  if (absl::Status written = segment->Write(&encoder_); !written.ok()) return written;
  if (absl::Status synced = SyncFile(segment.get()); !synced.ok()) return synced;
  return segment;
}

absl::Status Wal::Roll(std::uint64_t room, const LogSummary& summary) {
  const std::uint32_t sequence = active_->sequence() + 1;
  STELE_CHECK(sequence > active_->sequence());
  const std::optional<Spare> spare = std::exchange(spare_, std::nullopt);
  if (spare) {
    // Its bytes, if any, name an older segment: until the head is written it counts as empty.
    if (absl::Status renamed = fs_->Rename(spare->path, PathOf(sequence)); !renamed.ok()) {
      return renamed;
    }
  }
  absl::StatusOr<std::unique_ptr<SegmentWriter>> next =
      StartSegment(PathOf(sequence), sequence, spare, active_->position(), room, summary);
  if (!next.ok()) return next.status();
  if (options_.mutation != raft::Mutation::kDirSyncSkipped) {
    if (absl::Status synced = fs_->SyncDir(dir_); !synced.ok()) return synced;
  }
  // Only now may the old segment claim that there is another one.
  if (absl::Status rolled = WriteRoll(active_.get()); !rolled.ok()) return rolled;
  closed_.push_back(active_->sequence());
  active_ = *std::move(next);
  sealed_ = true;
  return absl::OkStatus();
}

absl::Status Wal::WriteRoll(SegmentWriter* segment) {
  encoder_.Begin(segment->position());
  encoder_.Add(RecordType::kRoll, EncodeRoll(segment->sequence() + 1));
  if (absl::Status written = segment->Write(&encoder_); !written.ok()) return written;
  return SyncFile(segment);
}

absl::Status Wal::WriteBatch(const std::vector<Change>& changes, const LogSummary& before) {
  STELE_CHECK(!changes.empty());
  const std::uint64_t size = SizeOf(changes);
  if (!active_->Fits(size)) {
    if (absl::Status rolled = Roll(size, before); !rolled.ok()) return rolled;
  }
  encoder_.Begin(active_->position());
  Encode(changes, &encoder_);
  STELE_CHECK(encoder_.next().offset == active_->position().offset + size);
  sealed_ = false;
  if (absl::Status written = active_->Write(&encoder_); !written.ok()) return written;
  return SyncFile(active_.get());
}

absl::Status Wal::Seal(const std::optional<raft::HardState>& hard_state, const LogSummary& before) {
  const auto lay_out = [&] {
    encoder_.Begin(active_->position());
    if (hard_state) encoder_.Add(RecordType::kHardState, EncodeHardState(*hard_state));
    encoder_.AddSeal();
    return encoder_.next().offset - active_->position().offset;
  };
  if (const std::uint64_t size = lay_out(); !active_->Fits(size)) {
    // Elsewhere the seal fills up another part of its block.
    if (absl::Status rolled = Roll(size + kSealAlignment, before); !rolled.ok()) return rolled;
    lay_out();
  }
  if (absl::Status written = active_->Write(&encoder_); !written.ok()) return written;
  if (absl::Status synced = SyncFile(active_.get()); !synced.ok()) return synced;
  sealed_ = true;
  return absl::OkStatus();
}

absl::Status Wal::DropBefore(std::uint32_t sequence) {
  bool changed = false;
  while (!closed_.empty() && closed_.front() < sequence) {
    const std::string path = PathOf(closed_.front());
    absl::StatusOr<std::uint64_t> size = fs_->FileSize(path);
    if (!size.ok()) return size.status();
    const bool recyclable = !(spare_ && spare_->written) && *size == UsualBytes(options_);
    absl::Status gone = recyclable ? KeepAsSpare(path) : fs_->Remove(path);
    if (!gone.ok()) return gone;
    closed_.erase(closed_.begin());
    changed = true;
  }
  return changed ? fs_->SyncDir(dir_) : absl::OkStatus();
}

// In place of one whose blocks were only reserved: those of a released segment are faster to write.
absl::Status Wal::KeepAsSpare(const std::string& path) {
  if (spare_) {
    if (absl::Status removed = fs_->Remove(spare_->path); !removed.ok()) return removed;
    spare_.reset();
  }
  const std::string spare = path + kSpareSuffix;
  if (absl::Status renamed = fs_->Rename(path, spare); !renamed.ok()) return renamed;
  spare_ = Spare{.path = spare, .written = true};
  return absl::OkStatus();
}

absl::Status Wal::MakeSpare() {
  if (spare_) return absl::OkStatus();
  const std::string path = PathOf(active_->sequence() + 1) + kSpareSuffix;
  absl::StatusOr<std::unique_ptr<WritableFile>> file = fs_->OpenForWrite(path);
  if (!file.ok()) return file.status();
  absl::Status allocated = (*file)->Allocate(UsualBytes(options_));
  file->reset();
  if (allocated.ok()) {
    spare_ = Spare{.path = path, .written = false};
    return absl::OkStatus();
  }
  // What it got is of more use to others. A start would remove the file, too.
  absl::Status removed = fs_->Remove(path);
  return removed.ok() ? allocated : removed;
}

std::uint64_t Wal::room() const {
  // A batch brings a seal with it, which fills up another block; a segment begins with its head.
  const std::uint64_t margin = std::uint64_t{2} * kSealAlignment;
  const std::uint64_t active = active_->file_bytes() - active_->position().offset;
  const std::uint64_t largest = spare_ ? std::max(active, UsualBytes(options_)) : active;
  return largest > margin ? largest - margin : 0;
}

absl::StatusOr<Wal::Opened> Wal::Open(FileSystem* fs, const std::string& dir,
                                      const LogStoreOptions& options) {
  if (!fs->Exists(dir)) return absl::NotFoundError(absl::StrCat("there is no log in ", dir));
  absl::StatusOr<std::vector<std::string>> names = fs->List(dir);
  if (!names.ok()) return names.status();
  std::vector<std::uint32_t> sequences;
  std::vector<std::string> spares;
  for (const std::string& name : *names) {
    if (const std::optional<std::uint32_t> sequence = SequenceFromName(name)) {
      sequences.push_back(*sequence);
    } else if (name.ends_with(kSpareSuffix)) {
      spares.push_back(absl::StrCat(dir, "/", name));
    }
  }
  std::sort(sequences.begin(), sequences.end());

  std::string bytes;
  absl::StatusOr<RecoveredLog> recovered =
      RecoverLog(dir, sequences, options.expected_identity,
                 [&](std::uint32_t sequence) -> absl::StatusOr<std::string_view> {
                   absl::StatusOr<std::string> read =
                       fs->ReadAll(absl::StrCat(dir, "/", SegmentName(sequence)));
                   const bool hides = options.mutation == raft::Mutation::kReadErrorIsEmpty;
                   if (!read.ok() && !hides) return read.status();
                   if (!read.ok()) read = std::string();
                   bytes = *std::move(read);
                   return bytes;
                 });
  if (!recovered.ok()) return recovered.status();

  std::unique_ptr<Wal> wal(new Wal(fs, dir, options));
  if (absl::Status right = wal->PutRight(*recovered, spares); !right.ok()) return right;
  return Opened{.wal = std::move(wal), .contents = std::move(recovered->contents)};
}

// Every step may be cut short by a crash and is repeated by the next recovery to the same end.
absl::Status Wal::PutRight(const RecoveredLog& recovered, const std::vector<std::string>& spares) {
  if (recovered.unborn) {
    if (absl::Status removed = fs_->Remove(PathOf(*recovered.unborn)); !removed.ok()) {
      return removed;
    }
  }
  const TailSegment& tail = recovered.tail;
  absl::StatusOr<std::unique_ptr<WritableFile>> file = fs_->OpenForWrite(PathOf(tail.sequence));
  if (!file.ok()) return file.status();
  active_ = std::make_unique<SegmentWriter>(*std::move(file), tail.position, tail.file_bytes,
                                            tail.position.offset, options_.zero_ahead_bytes);
  absl::Status repaired = active_->Repair(tail.last_batch_begin, tail.last_batch, tail.dirty_end);
  if (!repaired.ok()) return repaired;
  if (absl::Status synced = SyncFile(active_.get()); !synced.ok()) return synced;
  sealed_ = tail.sealed;
  closed_ = recovered.closed;

  // A spare may carry the head of a roll that did not come to its end; reusing it for the same
  // sequence could bring that head back to life.
  for (const std::string& spare : spares) {
    if (absl::Status removed = fs_->Remove(spare); !removed.ok()) return removed;
  }
  if (absl::Status synced = fs_->SyncDir(dir_); !synced.ok()) return synced;
  if (absl::Status synced = fs_->SyncDir(ParentOf(dir_)); !synced.ok()) return synced;

  for (const UnfinishedRoll& roll : recovered.unfinished_rolls) {
    absl::StatusOr<std::unique_ptr<WritableFile>> old = fs_->OpenForWrite(PathOf(roll.sequence));
    if (!old.ok()) return old.status();
    SegmentWriter segment(*std::move(old), roll.position, /*file_bytes=*/UINT64_MAX,
                          /*written_bytes=*/UINT64_MAX, options_.zero_ahead_bytes);
    if (absl::Status rolled = WriteRoll(&segment); !rolled.ok()) return rolled;
  }
  return DropBefore(recovered.contents.oldest_needed_segment(tail.sequence));
}

}  // namespace stele::storage::wal
