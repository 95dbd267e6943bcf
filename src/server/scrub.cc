#include "src/server/scrub.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "spdlog/spdlog.h"
#include "src/storage/wal/crc32c.h"
#include "src/storage/wal/recovery.h"
#include "src/storage/wal/segment_reader.h"

namespace stele::server {
namespace {

constexpr std::uint64_t kPieceBytes = std::uint64_t{256} << 10U;
constexpr std::size_t kOpenSegments = 2;

}  // namespace

Scrub::Scrub(Options options, storage::FileSystem* fs, const Clock* clock)
    : options_(std::move(options)), fs_(fs), clock_(clock), due_(clock->Now()) {}

absl::Duration Scrub::IdleTime() {
  if (options_.interval <= absl::ZeroDuration()) return absl::InfiniteDuration();
  return std::max(absl::ZeroDuration(), due_ - clock_->Now());
}

bool Scrub::RunOnce() {
  const absl::Duration now = clock_->Now();
  if (options_.interval <= absl::ZeroDuration() || now < due_) return false;
  if (!in_round_) BeginRound();
  if (file_.path.empty()) {
    NextFile();
    if (file_.path.empty()) {
      EndRound();
      return true;
    }
  }
  const auto piece = fs_->ReadFromDisk(file_.path, offset_, kPieceBytes);
  if (!piece.ok()) {
    // Somebody let the file go, or the disk cannot read it any more.
    const storage::StoredFile file = std::exchange(file_, {});
    if (IsInUse(file)) Damaged(std::string(piece.status().message()));
    return true;
  }
  due_ = now + absl::Seconds(static_cast<double>(piece->size()) /
                             static_cast<double>(options_.bytes_per_second));
  offset_ += piece->size();
  bytes_read_ += piece->size();
  if (is_segment_) {
    bytes_ += *piece;
  } else {
    crc32c_ = storage::wal::ExtendCrc32c(crc32c_, *piece);
  }
  if (piece->size() < kPieceBytes) Finish();
  return true;
}

void Scrub::BeginRound() {
  in_round_ = true;
  files_read_ = 0;
  bytes_read_ = 0;
  round_began_ = clock_->Now();
  store_ = options_.store_files();
  segments_ = ClosedSegments();
}

void Scrub::EndRound() {
  spdlog::info("scrub: {} files, {} bytes: all are what was written", files_read_, bytes_read_);
  LeaveRound();
}

void Scrub::LeaveRound() {
  in_round_ = false;
  ++rounds_;
  due_ = std::max(clock_->Now(), round_began_ + options_.interval);
}

void Scrub::NextFile() {
  offset_ = 0;
  crc32c_ = 0;
  bytes_.clear();
  is_segment_ = store_.empty();
  if (!store_.empty()) {
    file_ = std::move(store_.back());
    store_.pop_back();
  } else if (!segments_.empty()) {
    file_ = {std::move(segments_.back()), 0};
    segments_.pop_back();
  }
}

// The end of the file was reached.
void Scrub::Finish() {
  const storage::StoredFile file = std::exchange(file_, {});
  ++files_read_;
  if (FitsItsChecksums(file) || !IsInUse(file)) return;
  Damaged(absl::StrCat(file.path, ": is not what was written"));
}

// The round is given up: whoever is told has the files replaced.
void Scrub::Damaged(const std::string& what) {
  store_.clear();
  segments_.clear();
  LeaveRound();
  options_.damaged(absl::DataLossError(what));
}

bool Scrub::FitsItsChecksums(const storage::StoredFile& file) const {
  if (!is_segment_) return crc32c_ == file.crc32c;
  const std::string name = file.path.substr(file.path.rfind('/') + 1);
  storage::wal::SegmentReader reader(bytes_, storage::wal::SequenceFromName(name).value());
  std::vector<storage::wal::Record> batch;
  while (reader.ReadBatch(&batch)) {
    // Behind it may be anything.
    if (batch.front().header.type == storage::wal::RecordType::kRoll) return true;
  }
  return false;
}

bool Scrub::IsInUse(const storage::StoredFile& file) const {
  if (is_segment_) return fs_->Exists(file.path);
  const std::vector<storage::StoredFile> files = options_.store_files();
  return std::any_of(files.begin(), files.end(),
                     [&](const storage::StoredFile& each) { return each.path == file.path; });
}

std::vector<std::string> Scrub::ClosedSegments() const {
  std::vector<std::string> paths;
  const auto names = fs_->List(options_.log_dir);
  if (!names.ok()) return paths;
  for (const std::string& name : *names) {
    if (storage::wal::SequenceFromName(name)) {
      paths.push_back(absl::StrCat(options_.log_dir, "/", name));
    }
  }
  // Names sort by age. One may be written, the one before may just get its last record.
  paths.resize(paths.size() - std::min(paths.size(), kOpenSegments));
  return paths;
}

}  // namespace stele::server
