#include "src/storage/wal/recovery.h"

#include <charconv>
#include <system_error>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "src/storage/wal/payloads.h"
#include "src/storage/wal/segment_reader.h"

namespace stele::storage::wal {
namespace {

class Replay {
 public:
  Replay(const std::string& dir, const std::optional<LogIdentity>& expected_identity)
      : dir_(dir), expected_identity_(expected_identity) {}

  absl::Status ReadSegment(std::uint32_t sequence, std::string_view bytes, bool is_last);
  absl::StatusOr<RecoveredLog> Finish();

 private:
  struct Head {
    SegmentHead value;
    absl::Status complete;  // otherwise what is wrong, if a crash can have done it
  };

  absl::StatusOr<Head> ReadHead(std::uint32_t sequence, std::string_view bytes,
                                SegmentReader* reader);
  absl::Status CheckSeam(const SegmentHead& head, const RecordHeader& header) const;
  absl::Status CheckIdentity(std::uint32_t sequence, const LogIdentity& identity) const;
  absl::Status Apply(std::uint32_t sequence, const Record& record);
  absl::Status ReadBatches(std::uint32_t sequence, SegmentReader* reader);

  bool FollowsPrevious(std::uint32_t sequence) const {
    return contents_.has_value() && sequence == tail_.sequence + 1;
  }
  absl::Status Corrupt(std::uint32_t sequence, std::uint64_t offset,
                       const std::string& what) const {
    return absl::DataLossError(absl::StrCat(dir_, "/", SegmentName(sequence),
                                            " is damaged at offset ", offset, ": ", what));
  }

  const std::string& dir_;
  const std::optional<LogIdentity>& expected_identity_;
  std::optional<LogContents> contents_;
  TailSegment tail_;         // the segment read last
  bool rolled_ = false;      // it ends with a roll record
  std::uint32_t first_ = 0;  // of the unbroken run of segments that ends with it
  std::vector<std::uint32_t> closed_;
  std::optional<std::uint32_t> unborn_;
  std::vector<UnfinishedRoll> unfinished_rolls_;
};

absl::StatusOr<Replay::Head> Replay::ReadHead(std::uint32_t sequence, std::string_view bytes,
                                              SegmentReader* reader) {
  Head head;
  const std::optional<std::uint32_t> version = DecodePreamble(bytes);
  if (version && *version != kFormatVersion) {
    return absl::UnimplementedError(
        absl::StrCat(dir_, "/", SegmentName(sequence), " has format version ", *version,
                     "; this program knows only version ", kFormatVersion));
  }
  std::vector<Record> batch;
  std::optional<SegmentHead> value;
  if (reader->ReadBatch(&batch) && batch.size() == 1) {
    value = DecodeSegmentHead(batch.front().payload);
  }
  if (!value) {
    head.complete = Corrupt(sequence, 0, "no intact segment head");
    return head;
  }
  // Even a segment that is still being made follows what was synced before.
  if (FollowsPrevious(sequence)) {
    if (absl::Status fits = CheckSeam(*value, batch.front().header); !fits.ok()) return fits;
  }
  if (bytes.size() < value->file_bytes) {
    head.complete =
        Corrupt(sequence, bytes.size(),
                absl::StrCat("the file ends here, it had ", value->file_bytes, " bytes"));
  }
  head.value = *std::move(value);
  return head;
}

absl::Status Replay::CheckIdentity(std::uint32_t sequence, const LogIdentity& identity) const {
  if (!expected_identity_ || identity == *expected_identity_) return absl::OkStatus();
  return absl::FailedPreconditionError(
      absl::StrFormat("%s/%s belongs to member %x of cluster %x, not to member %x of cluster %x",
                      dir_, SegmentName(sequence), identity.member_id, identity.cluster_id,
                      expected_identity_->member_id, expected_identity_->cluster_id));
}

// Checks the seam between the segment read last and the one that begins with `head`.
absl::Status Replay::CheckSeam(const SegmentHead& head, const RecordHeader& header) const {
  if (tail_.position.offset != head.previous_end || tail_.position.chain != header.chain) {
    return Corrupt(tail_.sequence, tail_.position.offset,
                   absl::StrCat("the next segment follows offset ", head.previous_end));
  }
  if (contents_->summary() != head.summary) {
    if (contents_->summary().identity != head.summary.identity) {
      return absl::FailedPreconditionError(
          absl::StrCat(dir_, "/", SegmentName(tail_.sequence + 1), " belongs to another member"));
    }
    return Corrupt(tail_.sequence + 1, kPreambleBytes, "its head contradicts the segment before");
  }
  return absl::OkStatus();
}

absl::Status Replay::ReadSegment(std::uint32_t sequence, std::string_view bytes, bool is_last) {
  SegmentReader reader(bytes, sequence);
  const absl::StatusOr<Head> head = ReadHead(sequence, bytes, &reader);
  if (!head.ok()) return head.status();
  if (!head->complete.ok()) {
    // A roll record is written only once the next segment is durable. Without one, a new segment
    // that is incomplete was still being made, and nothing was ever appended to it.
    const bool was_being_made = is_last && FollowsPrevious(sequence) && !rolled_ &&
                                !SegmentReader(bytes, sequence).HasLaterBatch();
    if (!was_being_made) return head->complete;
    unborn_ = sequence;
    return absl::OkStatus();
  }
  if (absl::Status ours = CheckIdentity(sequence, head->value.summary.identity); !ours.ok()) {
    return ours;
  }

  if (FollowsPrevious(sequence)) {
    if (!rolled_) unfinished_rolls_.push_back({tail_.sequence, tail_.position});
  } else {
    // The first segment, or one behind a gap that a half-durable removal left. The head restates
    // everything; whether entries are missing shows at the end.
    contents_.emplace(head->value.summary);
    first_ = sequence;
  }
  if (tail_.sequence != 0) closed_.push_back(tail_.sequence);
  tail_ = TailSegment{};
  tail_.sequence = sequence;
  tail_.file_bytes = head->value.file_bytes;
  rolled_ = false;
  return ReadBatches(sequence, &reader);
}

absl::Status Replay::ReadBatches(std::uint32_t sequence, SegmentReader* reader) {
  tail_.sealed = true;  // a head is: the roll record before it proves that it was synced
  tail_.position = reader->position();
  std::vector<Record> batch;
  while (!rolled_ && reader->ReadBatch(&batch)) {
    rolled_ = batch.front().header.type == RecordType::kRoll;
    tail_.sealed = batch.back().header.type == RecordType::kSeal;
    for (const Record& record : batch) {
      if (absl::Status applied = Apply(sequence, record); !applied.ok()) return applied;
    }
    // The next segment follows what the roll record closes.
    if (!rolled_) tail_.position = reader->position();
  }
  if (!rolled_ && reader->HasLaterBatch()) {
    return Corrupt(sequence, tail_.position.offset, "later batches follow");
  }
  tail_.last_batch = reader->last_batch();
  tail_.last_batch_begin = reader->last_batch_begin();
  tail_.dirty_end = reader->dirty_end();
  return absl::OkStatus();
}

absl::Status Replay::Apply(std::uint32_t sequence, const Record& record) {
  const RecordHeader& header = record.header;
  bool accepted = false;
  switch (header.type) {
    case RecordType::kEntry:
      accepted = contents_->Accepts(header.entry);
      if (accepted) {
        contents_->Append(
            {header.entry, header.entry_type, raft::Payload(std::string(record.payload))},
            sequence);
      }
      break;
    case RecordType::kHardState:
      if (const auto hard_state = DecodeHardState(record.payload)) {
        contents_->SetHardState(*hard_state);
        accepted = true;
      }
      break;
    case RecordType::kInstall:
      if (const auto install = DecodeInstall(record.payload)) accepted = contents_->Apply(*install);
      break;
    case RecordType::kRelease:
      if (const auto release = DecodeRelease(record.payload)) accepted = contents_->Apply(*release);
      break;
    case RecordType::kSeal:
      accepted = true;
      break;
    case RecordType::kRoll:
      accepted = DecodeRoll(record.payload) == sequence + 1;
      break;
    case RecordType::kSegmentHead:
      break;  // only the first record of a segment is one
  }
  if (accepted) return absl::OkStatus();
  return Corrupt(sequence, header.offset, "the record contradicts those before it");
}

absl::StatusOr<RecoveredLog> Replay::Finish() {
  if (!contents_) return absl::DataLossError(absl::StrCat(dir_, " holds no segment of a log"));
  if (rolled_) {
    return absl::DataLossError(absl::StrCat(
        dir_, "/", SegmentName(tail_.sequence + 1), " is missing: ", SegmentName(tail_.sequence),
        " says at offset ", tail_.position.offset, " that it was there"));
  }
  if (const std::optional<raft::Index> missing = contents_->missing_entry()) {
    return absl::DataLossError(absl::StrCat(dir_, "/", SegmentName(first_ - 1),
                                            " is missing: nothing else holds the entry with index ",
                                            missing->value));
  }
  const LogSummary& summary = contents_->summary();
  if (summary.hard_state.commit > summary.last.index) {
    return Corrupt(tail_.sequence, tail_.position.offset,
                   absl::StrCat("the log ends with index ", summary.last.index.value,
                                " before its commit index ", summary.hard_state.commit.value));
  }
  return RecoveredLog{.contents = *std::move(contents_),
                      .tail = std::move(tail_),
                      .closed = std::move(closed_),
                      .unborn = unborn_,
                      .unfinished_rolls = std::move(unfinished_rolls_)};
}

}  // namespace

std::string SegmentName(std::uint32_t sequence) { return absl::StrFormat("%08x.wal", sequence); }

std::optional<std::uint32_t> SequenceFromName(std::string_view name) {
  constexpr std::string_view kSegmentSuffix = ".wal";
  constexpr std::size_t kDigits = 8;
  if (name.size() != kDigits + kSegmentSuffix.size() || !name.ends_with(kSegmentSuffix)) {
    return std::nullopt;
  }
  std::uint32_t sequence = 0;
  const char* end = name.data() + kDigits;
  const auto [parsed, error] = std::from_chars(name.data(), end, sequence, 16);
  if (error != std::errc() || parsed != end || sequence < kFirstSequence) return std::nullopt;
  // Only the one spelling that SegmentName gives, lest two files claim to be the same segment.
  if (name != SegmentName(sequence)) return std::nullopt;
  return sequence;
}

absl::StatusOr<RecoveredLog> RecoverLog(const std::string& dir,
                                        const std::vector<std::uint32_t>& sequences,
                                        const std::optional<LogIdentity>& expected_identity,
                                        SegmentSource source) {
  Replay replay(dir, expected_identity);
  for (const std::uint32_t sequence : sequences) {
    absl::StatusOr<std::string_view> bytes = source(sequence);
    if (!bytes.ok()) return bytes.status();
    absl::Status read = replay.ReadSegment(sequence, *bytes, sequence == sequences.back());
    if (!read.ok()) return read;
  }
  return replay.Finish();
}

}  // namespace stele::storage::wal
