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

constexpr std::uint64_t kChunkBytes = std::uint64_t{256} << 10U;
constexpr int kChunksUnderWay = 8;  // being read, or sent and not acknowledged

using FileList = google::protobuf::RepeatedPtrField<stelepb::SnapshotFile>;

absl::StatusOr<FileList> ListFiles(storage::FileSystem* fs, const std::string& dir) {
  auto names = fs->List(dir);
  if (!names.ok()) return names.status();
  FileList files;
  for (const std::string& name : *names) {
    auto size = fs->FileSize(absl::StrCat(dir, "/", name));
    if (!size.ok()) return size.status();
    stelepb::SnapshotFile* file = files.Add();
    file->set_name(name);
    file->set_size(*size);
  }
  return files;
}

// One encoded chunk.
absl::StatusOr<std::string> ReadChunk(storage::FileSystem* fs, const std::string& path, int number,
                                      std::uint64_t offset, std::uint64_t size) {
  auto bytes = fs->ReadAt(path, offset, size);
  if (!bytes.ok()) return bytes.status();
  if (bytes->size() != size) return absl::DataLossError("a checkpoint file changed");
  stelepb::SnapshotChunk chunk;
  chunk.set_file_number(static_cast<std::uint32_t>(number));
  chunk.set_offset(offset);
  chunk.set_crc32c(storage::wal::Crc32c(*bytes));
  chunk.set_data(*std::move(bytes));
  return chunk.SerializeAsString();
}

}  // namespace

// One transfer, from the making of the checkpoint to the last receipt.
class SnapshotSender::Transfer final : public GrpcClientStream::Events {
 public:
  Transfer(SnapshotSender* sender, raft::NodeId peer, std::uint64_t number)
      : sender_(sender),
        peer_(peer),
        number_(number),
        dir_(fmt::format("{}/outgoing-{}", sender->options_.store_dir, number)) {}

  ~Transfer() override {
    if (stream_ != nullptr) stream_->Cancel();
    sender_->loop_->CancelTimer(&timer_);
    sender_->work_->Post([fs = sender_->fs_, dir = dir_] { (void)fs->RemoveTree(dir); });
  }

  raft::NodeId peer() const { return peer_; }
  std::uint64_t number() const { return number_; }
  const std::string& dir() const { return dir_; }

  void Begin(const Made& made) {
    sender_->surroundings_.sending(peer_, made.meta.last);
    sender_->Work<absl::StatusOr<FileList>>(
        *this, [fs = sender_->fs_, dir = dir_] { return ListFiles(fs, dir); },
        [made](Transfer* self, absl::StatusOr<FileList> files) {
          self->EndIfFailed(files.ok() ? self->SendHeader(made, *std::move(files))
                                       : files.status());
        });
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
    ReadMore();
  }

  void OnEnd(const absl::Status& status) override {
    stream_.reset();
    if (!complete_) {
      EndLater(status.ok() ? absl::UnavailableError("the member ended the transfer") : status);
    }
  }

 private:
  absl::Status SendHeader(const Made& made, FileList files) {
    PeerLink* link = sender_->surroundings_.link(peer_);
    if (link != nullptr) stream_ = link->Open("/stelepb.Peer/InstallSnapshot", this);
    if (stream_ == nullptr) return absl::UnavailableError("the member cannot be reached");
    stelepb::SnapshotChunk first;
    stelepb::SnapshotHeader* header = first.mutable_header();
    header->set_cluster_id(sender_->identity_.cluster_id);
    header->set_from(sender_->identity_.self.value);
    header->set_to(peer_.value);
    header->set_term(made.term.value);
    EncodeSnapshotMeta(made.meta, header->mutable_meta());
    *header->mutable_files() = files;
    files_ = std::move(files);
    std::uint64_t bytes = 0;
    for (const stelepb::SnapshotFile& file : files_) bytes += file.size();
    spdlog::info("sending a snapshot at index {} to member {:x}: {} files, {} bytes",
                 made.meta.last.index.value, peer_.value, files_.size(), bytes);
    due_at_ns_ = sender_->loop_->now_ns();
    ++under_way_;
    return Write(first.SerializeAsString());
  }

  // Asks for chunks as long as the bounds allow; a timer goes on when it was the pace that did not.
  void ReadMore() {
    while (!ended_ && under_way_ < kChunksUnderWay && file_number_ < files_.size()) {
      const std::uint64_t size = files_[file_number_].size();
      if (offset_ == size) {
        ++file_number_;
        offset_ = 0;
        continue;
      }
      if (MustWait()) return;
      const std::uint64_t chunk = std::min(kChunkBytes, size - offset_);
      ++under_way_;
      sender_->Work<absl::StatusOr<std::string>>(
          *this,
          [fs = sender_->fs_, path = dir_ + "/" + files_[file_number_].name(),
           number = file_number_, offset = offset_,
           chunk] { return ReadChunk(fs, path, number, offset, chunk); },
          [](Transfer* self, absl::StatusOr<std::string> bytes) {
            self->EndIfFailed(bytes.ok() ? self->Write(*std::move(bytes)) : bytes.status());
          });
      offset_ += chunk;
      if (sender_->options_.bytes_per_second > 0) {
        due_at_ns_ += static_cast<std::int64_t>(chunk * std::uint64_t{1'000'000'000} /
                                                sender_->options_.bytes_per_second);
      }
    }
  }

  bool MustWait() {
    if (waiting_) return true;
    const std::int64_t now = sender_->loop_->now_ns();
    // Time that was lost elsewhere is not made up for by a burst.
    due_at_ns_ = std::max(due_at_ns_, now - absl::ToInt64Nanoseconds(kBurst));
    if (due_at_ns_ <= now) return false;
    waiting_ = true;
    timer_ = sender_->loop_->SetTimer(absl::Nanoseconds(due_at_ns_ - now), [this] {
      waiting_ = false;
      ReadMore();
    });
    return true;
  }

  absl::Status Write(std::string chunk) {
    if (stream_ != nullptr && stream_->Write(std::move(chunk))) return absl::OkStatus();
    return absl::UnavailableError("the connection broke");
  }

  void EndIfFailed(const absl::Status& status) {
    if (!status.ok()) EndLater(status);
  }

  // Not from within the connection's callback: ending destroys the stream's events.
  void EndLater(const absl::Status& status) {
    if (ended_) return;
    ended_ = true;
    sender_->loop_->Post([sender = sender_, peer = peer_, number = number_, status] {
      sender->End(peer, number, status);
    });
  }

  static constexpr absl::Duration kBurst = absl::Milliseconds(20);

  SnapshotSender* const sender_;
  const raft::NodeId peer_;
  const std::uint64_t number_;
  const std::string dir_;
  std::shared_ptr<GrpcClientStream> stream_;
  FileList files_;
  int file_number_ = 0;       // of the next chunk to be read
  std::uint64_t offset_ = 0;  // and its place
  int under_way_ = 0;
  std::int64_t due_at_ns_ = 0;  // when the next chunk may be read
  EventLoop::TimerId timer_;
  bool waiting_ = false;
  bool complete_ = false;
  bool ended_ = false;
};

SnapshotSender::SnapshotSender(Options options, EventLoop* loop, TaskPump* work,
                               storage::FileSystem* fs, const PeerIdentity& identity,
                               Surroundings surroundings)
    : options_(std::move(options)),
      loop_(loop),
      work_(work),
      fs_(fs),
      identity_(identity),
      surroundings_(std::move(surroundings)) {}

SnapshotSender::~SnapshotSender() = default;

SnapshotSender::Transfer* SnapshotSender::Find(raft::NodeId peer, std::uint64_t number) {
  const auto found = transfers_.find(peer);
  return found != transfers_.end() && found->second->number() == number ? found->second.get()
                                                                        : nullptr;
}

template <class Result>
void SnapshotSender::Work(const Transfer& transfer, std::function<Result()> job,
                          std::function<void(Transfer*, Result)> done) {
  work_->Post([this, peer = transfer.peer(), number = transfer.number(), job = std::move(job),
               done = std::move(done)]() mutable {
    auto result = std::make_shared<Result>(job());
    loop_->Post([this, peer, number, result, done = std::move(done)] {
      if (Transfer* found = Find(peer, number)) done(found, std::move(*result));
    });
  });
}

void SnapshotSender::Send(raft::NodeId peer) {
  if (transfers_.contains(peer)) return;
  const std::uint64_t number = next_number_++;
  auto transfer = std::make_unique<Transfer>(this, peer, number);
  const std::string dir = transfer->dir();
  transfers_[peer] = std::move(transfer);
  surroundings_.make(dir, [this, peer, number](const absl::StatusOr<Made>& made) {
    loop_->Post([this, peer, number, made] { OnMade(peer, number, made); });
  });
}

void SnapshotSender::OnMade(raft::NodeId peer, std::uint64_t number,
                            const absl::StatusOr<Made>& made) {
  Transfer* transfer = Find(peer, number);
  if (transfer == nullptr) return;
  if (!made.ok()) return End(peer, number, made.status());
  transfer->Begin(*made);
}

void SnapshotSender::End(raft::NodeId peer, std::uint64_t number, const absl::Status& status) {
  if (Find(peer, number) == nullptr) return;
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
