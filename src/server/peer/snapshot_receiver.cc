#include "src/server/peer/snapshot_receiver.h"

#include <span>
#include <utility>

#include "fmt/format.h"
#include "spdlog/spdlog.h"
#include "src/server/apply_loop.h"
#include "src/server/peer/codec.h"
#include "src/storage/wal/crc32c.h"

namespace stele::server {

// One transfer.
class IncomingSnapshot final : public CallHandler {
 public:
  IncomingSnapshot(SnapshotReceiver* receiver, std::shared_ptr<Call> call)
      : receiver_(receiver), call_(std::move(call)) {}

  ~IncomingSnapshot() override {
    if (!owns_directory_) return;
    receiver_->receiving_ = false;
    if (!complete_) (void)receiver_->fs_->RemoveTree(dir_);  // what is left goes at the next start
  }

  void OnMessage(std::string_view bytes) override {
    stelepb::SnapshotChunk chunk;
    if (failed_) return;
    if (!chunk.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
      return Fail(absl::InvalidArgumentError("malformed snapshot chunk"));
    }
    absl::Status status = chunk.has_header() ? Begin(chunk.header()) : Add(chunk);
    if (status.ok() && AllFilesComplete()) status = Complete();
    if (!status.ok()) return Fail(status);
    stelepb::SnapshotReceipt receipt;
    receipt.set_complete(complete_);
    call_->Write(receipt.SerializeAsString());
    if (complete_) call_->Finish(absl::OkStatus());
  }

  void OnHalfClose() override {
    if (!complete_) Fail(absl::InvalidArgumentError("the snapshot ended early"));
  }

 private:
  absl::Status Begin(const stelepb::SnapshotHeader& header) {
    if (header_.files_size() > 0) return absl::InvalidArgumentError("a second snapshot header");
    if (header.cluster_id() != receiver_->identity_.cluster_id ||
        header.to() != receiver_->identity_.self.value || header.files().empty()) {
      return absl::InvalidArgumentError("a snapshot that is not for this member");
    }
    if (receiver_->receiving_) return absl::UnavailableError("another snapshot is on its way");
    for (const stelepb::SnapshotFile& file : header.files()) {
      if (file.name().empty() || file.name()[0] == '.' ||
          file.name().find('/') != std::string::npos) {
        return absl::InvalidArgumentError("a snapshot file with a senseless name");
      }
    }
    header_ = header;
    dir_ = fmt::format("{}/incoming-{}", receiver_->store_dir_, header.meta().index());
    receiver_->receiving_ = true;
    owns_directory_ = true;
    spdlog::info("receiving a snapshot at index {} from member {:x}", header.meta().index(),
                 header.from());
    absl::Status status = absl::OkStatus();
    if (receiver_->fs_->Exists(dir_)) status = receiver_->fs_->RemoveTree(dir_);
    if (status.ok()) status = receiver_->fs_->CreateDir(dir_);
    if (status.ok()) status = OpenNext();
    return status;
  }

  absl::Status Add(const stelepb::SnapshotChunk& chunk) {
    if (file_ == nullptr) return absl::InvalidArgumentError("a chunk without a header");
    const auto number = static_cast<int>(chunk.file_number());
    if (number != file_number_ || chunk.offset() != offset_ || chunk.data().empty() ||
        offset_ + chunk.data().size() > header_.files(file_number_).size()) {
      return absl::InvalidArgumentError("a chunk out of order");
    }
    if (storage::wal::Crc32c(chunk.data()) != chunk.crc32c()) {
      return absl::DataLossError("a chunk was damaged on the way");
    }
    absl::Status status = file_->WriteAt(offset_, std::as_bytes(std::span(chunk.data())));
    if (!status.ok()) return status;
    offset_ += chunk.data().size();
    return offset_ == header_.files(file_number_).size() ? FinishFile() : absl::OkStatus();
  }

  absl::Status FinishFile() {
    absl::Status status = file_->Sync();
    if (!status.ok()) return status;
    ++file_number_;
    return OpenNext();
  }

  // Opens the next file that has content; empty ones are complete as soon as they exist.
  absl::Status OpenNext() {
    file_.reset();
    offset_ = 0;
    for (; file_number_ < header_.files_size(); ++file_number_) {
      const stelepb::SnapshotFile& facts = header_.files(file_number_);
      auto file = receiver_->fs_->OpenForWrite(fmt::format("{}/{}", dir_, facts.name()));
      if (!file.ok()) return file.status();
      if (facts.size() > 0) {
        file_ = *std::move(file);
        return absl::OkStatus();
      }
      if (absl::Status status = (*file)->Sync(); !status.ok()) return status;
    }
    return absl::OkStatus();
  }

  bool AllFilesComplete() const {
    return header_.files_size() > 0 && file_number_ == header_.files_size();
  }

  absl::Status Complete() {
    const raft::SnapshotMeta meta = DecodeSnapshotMeta(header_.meta());
    const std::string target =
        fmt::format("{}/{}", receiver_->store_dir_, SnapshotStoreName(meta.last.index));
    storage::FileSystem* fs = receiver_->fs_;
    absl::Status status = fs->SyncDir(dir_);
    if (status.ok() && fs->Exists(target)) status = fs->RemoveTree(target);
    if (status.ok()) status = fs->Rename(dir_, target);
    if (status.ok()) status = fs->SyncDir(receiver_->store_dir_);
    if (!status.ok()) return status;
    complete_ = true;
    receiver_->received_({raft::NodeId{header_.from()}, raft::NodeId{header_.to()},
                          raft::Term{header_.term()}, raft::InstallSnapshot{meta}});
    return absl::OkStatus();
  }

  void Fail(const absl::Status& status) {
    failed_ = true;
    spdlog::warn("dropping a snapshot from {}: {}", call_->peer(), std::string(status.message()));
    call_->Finish(status);
  }

  SnapshotReceiver* const receiver_;
  const std::shared_ptr<Call> call_;
  stelepb::SnapshotHeader header_;
  std::string dir_;
  std::unique_ptr<storage::WritableFile> file_;
  int file_number_ = 0;
  std::uint64_t offset_ = 0;
  bool owns_directory_ = false;
  bool failed_ = false;
  bool complete_ = false;
};

SnapshotReceiver::SnapshotReceiver(storage::FileSystem* fs, std::string store_dir,
                                   const PeerIdentity& identity,
                                   std::function<void(raft::Message)> received)
    : fs_(fs),
      store_dir_(std::move(store_dir)),
      identity_(identity),
      received_(std::move(received)) {}

std::unique_ptr<CallHandler> SnapshotReceiver::Receive(std::shared_ptr<Call> call) {
  return std::make_unique<IncomingSnapshot>(this, std::move(call));
}

}  // namespace stele::server
