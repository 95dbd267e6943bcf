#include "src/server/peer/snapshot_sender.h"

#include <algorithm>
#include <utility>

#include "fmt/format.h"
#include "proto/peer.pb.h"
#include "spdlog/spdlog.h"
#include "src/server/peer/codec.h"
#include "src/storage/wal/crc32c.h"

namespace stele::server {
namespace {

constexpr std::size_t kChunkBytes = std::size_t{256} << 10U;
constexpr int kChunksUnderWay = 8;  // sent and not acknowledged

}  // namespace

// One transfer, from the making of the checkpoint to the last receipt.
class SnapshotSender::Transfer final : public GrpcClientStream::Events {
 public:
  Transfer(SnapshotSender* sender, raft::NodeId peer, std::string dir)
      : sender_(sender), peer_(peer), dir_(std::move(dir)) {}

  ~Transfer() override {
    if (stream_ != nullptr) stream_->Cancel();
    (void)sender_->fs_->RemoveTree(dir_);
  }

  const std::string& dir() const { return dir_; }

  absl::Status Begin(const Made& made) {
    PeerLink* link = sender_->surroundings_.link(peer_);
    if (link != nullptr) stream_ = link->Open("/stelepb.Peer/InstallSnapshot", this);
    if (stream_ == nullptr) return absl::UnavailableError("the member cannot be reached");
    auto names = sender_->fs_->List(dir_);
    if (!names.ok()) return names.status();
    stelepb::SnapshotChunk first;
    stelepb::SnapshotHeader* header = first.mutable_header();
    header->set_cluster_id(sender_->identity_.cluster_id);
    header->set_from(sender_->identity_.self.value);
    header->set_to(peer_.value);
    header->set_term(made.term.value);
    EncodeSnapshotMeta(made.meta, header->mutable_meta());
    for (const std::string& name : *names) {
      auto size = sender_->fs_->FileSize(dir_ + "/" + name);
      if (!size.ok()) return size.status();
      stelepb::SnapshotFile* file = header->add_files();
      file->set_name(name);
      file->set_size(*size);
    }
    files_ = header->files();
    spdlog::info("sending a snapshot at index {} to member {:x}: {} files",
                 made.meta.last.index.value, peer_.value, files_.size());
    return Write(first);
  }

  void OnMessage(std::string_view bytes) override {
    stelepb::SnapshotReceipt receipt;
    if (!receipt.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
      return EndLater(absl::InternalError("malformed receipt"));
    }
    --under_way_;
    if (receipt.complete()) {
      complete_ = true;
      return EndLater(absl::OkStatus());
    }
    if (absl::Status status = SendMore(); !status.ok()) EndLater(status);
  }

  void OnEnd(const absl::Status& status) override {
    stream_.reset();
    if (!complete_) {
      EndLater(status.ok() ? absl::UnavailableError("the member ended the transfer") : status);
    }
  }

 private:
  absl::Status SendMore() {
    while (under_way_ < kChunksUnderWay && file_number_ < files_.size()) {
      const std::uint64_t size = files_[file_number_].size();
      if (offset_ == 0) {
        auto content = sender_->fs_->ReadAll(dir_ + "/" + files_[file_number_].name());
        if (!content.ok()) return content.status();
        if (content->size() != size) return absl::DataLossError("a checkpoint file changed");
        content_ = *std::move(content);
      }
      if (offset_ < size) {
        stelepb::SnapshotChunk chunk;
        chunk.set_file_number(static_cast<std::uint32_t>(file_number_));
        chunk.set_offset(offset_);
        chunk.set_data(content_.substr(offset_, kChunkBytes));
        chunk.set_crc32c(storage::wal::Crc32c(chunk.data()));
        offset_ += chunk.data().size();
        if (absl::Status status = Write(chunk); !status.ok()) return status;
      }
      if (offset_ == size) {
        ++file_number_;
        offset_ = 0;
        content_.clear();
      }
    }
    return absl::OkStatus();
  }

  absl::Status Write(const stelepb::SnapshotChunk& chunk) {
    if (stream_ == nullptr || !stream_->Write(chunk.SerializeAsString())) {
      return absl::UnavailableError("the connection broke");
    }
    ++under_way_;
    return absl::OkStatus();
  }

  // Not from within the connection's callback: ending destroys the stream's events.
  void EndLater(const absl::Status& status) {
    if (ended_) return;
    ended_ = true;
    sender_->loop_->Post([sender = sender_, peer = peer_, status] { sender->End(peer, status); });
  }

  SnapshotSender* const sender_;
  const raft::NodeId peer_;
  const std::string dir_;
  std::shared_ptr<GrpcClientStream> stream_;
  google::protobuf::RepeatedPtrField<stelepb::SnapshotFile> files_;
  int file_number_ = 0;
  std::uint64_t offset_ = 0;
  std::string content_;  // of the file being sent
  int under_way_ = 0;
  bool complete_ = false;
  bool ended_ = false;
};

SnapshotSender::SnapshotSender(EventLoop* loop, storage::FileSystem* fs, std::string store_dir,
                               const PeerIdentity& identity, Surroundings surroundings)
    : loop_(loop),
      fs_(fs),
      store_dir_(std::move(store_dir)),
      identity_(identity),
      surroundings_(std::move(surroundings)) {}

SnapshotSender::~SnapshotSender() = default;

void SnapshotSender::Send(raft::NodeId peer) {
  if (transfers_.contains(peer)) return;
  const std::string dir = fmt::format("{}/outgoing-{}", store_dir_, next_number_++);
  transfers_[peer] = std::make_unique<Transfer>(this, peer, dir);
  surroundings_.make(dir, [this, peer](const absl::StatusOr<Made>& made) {
    loop_->Post([this, peer, made] { OnMade(peer, made); });
  });
}

void SnapshotSender::OnMade(raft::NodeId peer, absl::StatusOr<Made> made) {
  auto transfer = transfers_.find(peer);
  if (transfer == transfers_.end()) return;
  absl::Status status = made.ok() ? transfer->second->Begin(*made) : made.status();
  if (!status.ok()) End(peer, status);
}

void SnapshotSender::End(raft::NodeId peer, const absl::Status& status) {
  transfers_.erase(peer);
  if (status.ok()) {
    spdlog::info("member {:x} has the snapshot", peer.value);
  } else {
    spdlog::warn("the snapshot for member {:x} did not arrive: {}", peer.value,
                 std::string(status.message()));
  }
  surroundings_.report(peer, status.ok());
}

}  // namespace stele::server
