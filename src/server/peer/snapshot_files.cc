#include "src/server/peer/snapshot_files.h"

#include <span>
#include <utility>

#include "fmt/format.h"
#include "src/server/apply_loop.h"
#include "src/storage/wal/crc32c.h"

namespace stele::server {
namespace {

// A sync of a large file at once would hold up the syncs of the log for as long as it takes.
constexpr std::uint64_t kSyncEvery = std::uint64_t{4} << 20U;

absl::Status CheckNames(const stelepb::SnapshotHeader& header) {
  for (const stelepb::SnapshotFile& file : header.files()) {
    if (file.name().empty() || file.name()[0] == '.' ||
        file.name().find('/') != std::string::npos) {
      return absl::InvalidArgumentError("a snapshot file with a senseless name");
    }
  }
  return absl::OkStatus();
}

}  // namespace

SnapshotFiles::SnapshotFiles(storage::FileSystem* fs, std::string store_dir)
    : fs_(fs), store_dir_(std::move(store_dir)) {}

SnapshotFiles::~SnapshotFiles() {
  file_.reset();
  // What cannot be removed now goes at the next start.
  if (!dir_.empty() && !complete_) (void)fs_->RemoveTree(dir_);
}

absl::Status SnapshotFiles::Begin(const stelepb::SnapshotHeader& header) {
  if (!dir_.empty()) return absl::InvalidArgumentError("a second snapshot header");
  if (header.files().empty()) return absl::InvalidArgumentError("a snapshot without files");
  if (absl::Status names = CheckNames(header); !names.ok()) return names;
  header_ = header;
  dir_ = fmt::format("{}/incoming-{}", store_dir_, header.meta().index());
  absl::Status status = fs_->Exists(dir_) ? fs_->RemoveTree(dir_) : absl::OkStatus();
  if (status.ok()) status = fs_->CreateDir(dir_);
  if (status.ok()) status = OpenNext();
  return status.ok() ? CompleteIfAllAreThere() : status;
}

absl::Status SnapshotFiles::Add(const stelepb::SnapshotChunk& chunk) {
  if (file_ == nullptr) return absl::InvalidArgumentError("a chunk that belongs to no file");
  const std::uint64_t size = header_.files(file_number_).size();
  if (static_cast<int>(chunk.file_number()) != file_number_ || chunk.offset() != offset_ ||
      chunk.data().empty() || chunk.data().size() > size - offset_) {
    return absl::InvalidArgumentError("a chunk out of order");
  }
  if (storage::wal::Crc32c(chunk.data()) != chunk.crc32c()) {
    return absl::DataLossError("a chunk was damaged on the way");
  }
  absl::Status status = file_->WriteAt(offset_, std::as_bytes(std::span(chunk.data())));
  offset_ += chunk.data().size();
  if (status.ok() && offset_ == size) {
    status = FinishFile();
  } else if (status.ok() && offset_ - synced_ >= kSyncEvery) {
    status = file_->Sync();
    synced_ = offset_;
  }
  return status.ok() ? CompleteIfAllAreThere() : status;
}

absl::Status SnapshotFiles::FinishFile() {
  if (absl::Status synced = file_->Sync(); !synced.ok()) return synced;
  ++file_number_;
  return OpenNext();
}

// Opens the next file that has content; empty ones are complete as soon as they exist.
absl::Status SnapshotFiles::OpenNext() {
  file_.reset();
  offset_ = 0;
  synced_ = 0;
  for (; file_number_ < header_.files_size(); ++file_number_) {
    const stelepb::SnapshotFile& facts = header_.files(file_number_);
    auto file = fs_->OpenForWrite(fmt::format("{}/{}", dir_, facts.name()));
    if (!file.ok()) return file.status();
    if (facts.size() > 0) {
      file_ = *std::move(file);
      return absl::OkStatus();
    }
    if (absl::Status synced = (*file)->Sync(); !synced.ok()) return synced;
  }
  return absl::OkStatus();
}

absl::Status SnapshotFiles::CompleteIfAllAreThere() {
  if (file_number_ < header_.files_size()) return absl::OkStatus();
  const std::string target =
      fmt::format("{}/{}", store_dir_, SnapshotStoreName(raft::Index{header_.meta().index()}));
  absl::Status status = fs_->SyncDir(dir_);
  // One that is there is complete and holds the same state; it may even be in force already.
  if (status.ok()) {
    status = fs_->Exists(target) ? fs_->RemoveTree(dir_) : fs_->Rename(dir_, target);
  }
  if (status.ok()) status = fs_->SyncDir(store_dir_);
  complete_ = status.ok();
  return status;
}

}  // namespace stele::server
