#include "src/server/peer/snapshot_receiver.h"

#include <utility>

#include "proto/peer.pb.h"
#include "spdlog/spdlog.h"
#include "src/server/peer/codec.h"
#include "src/server/peer/snapshot_files.h"

namespace stele::server {
namespace {

// The sender waits for receipts after far fewer; this bounds what a strange one can make us keep.
constexpr int kChunksWaitingMax = 64;

}  // namespace

// The side of a transfer that waits for the disk. Except for the flags, of the work thread only.
struct Reception {
  Reception(SnapshotReceiver* receiver_in, std::shared_ptr<Call> call_in)
      : receiver(receiver_in),
        call(std::move(call_in)),
        files(receiver->fs_, receiver->store_dir_) {}

  ~Reception() {
    if (begun) receiver->receiving_ = false;
  }

  void Take(const stelepb::SnapshotChunk& chunk) {
    if (over) return;
    absl::Status status = chunk.has_header() ? Begin(chunk.header()) : files.Add(chunk);
    if (!status.ok()) return Fail(status);
    stelepb::SnapshotReceipt receipt;
    receipt.set_complete(files.complete());
    if (files.complete()) Announce();
    call->Write(receipt.SerializeAsString());
    if (files.complete()) call->Finish(absl::OkStatus());
  }

  absl::Status Begin(const stelepb::SnapshotHeader& header) {
    if (header.cluster_id() != receiver->identity_.cluster_id ||
        header.to() != receiver->identity_.self.value) {
      return absl::InvalidArgumentError("a snapshot that is not for this member");
    }
    if (!begun && receiver->receiving_.exchange(true)) {
      return absl::UnavailableError("another snapshot is on its way");
    }
    begun = true;
    spdlog::info("receiving a snapshot at index {} from member {:x}", header.meta().index(),
                 header.from());
    receiver->outputs_.clean_up();
    return files.Begin(header);
  }

  void Announce() {
    over = true;
    const stelepb::SnapshotHeader& header = files.header();
    receiver->outputs_.received({raft::NodeId{header.from()}, raft::NodeId{header.to()},
                                 raft::Term{header.term()},
                                 raft::InstallSnapshot{DecodeSnapshotMeta(header.meta())}});
  }

  void Fail(const absl::Status& status) {
    over = true;
    spdlog::warn("dropping a snapshot from {}: {}", call->peer(), std::string(status.message()));
    call->Finish(status);
  }

  SnapshotReceiver* const receiver;
  const std::shared_ptr<Call> call;
  SnapshotFiles files;
  bool begun = false;
  std::atomic<bool> over = false;  // complete, failed or given up
  std::atomic<int> waiting = 0;    // chunks
};

// The side of a transfer that lives on the loop.
class IncomingSnapshot final : public CallHandler {
 public:
  IncomingSnapshot(SnapshotReceiver* receiver, std::shared_ptr<Call> call)
      : work_(receiver->work_),
        reception_(std::make_shared<Reception>(receiver, std::move(call))) {}

  // The last one who holds the reception removes what is incomplete, and waits for the disk.
  ~IncomingSnapshot() override {
    if (!half_closed_) reception_->over = true;
    work_->Post([reception = std::move(reception_)]() mutable { reception.reset(); });
  }

  void OnMessage(std::string_view bytes) override {
    if (reception_->over) return;
    auto chunk = std::make_shared<stelepb::SnapshotChunk>();
    if (!chunk->ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
      return reception_->Fail(absl::InvalidArgumentError("malformed snapshot chunk"));
    }
    if (++reception_->waiting > kChunksWaitingMax) {
      return reception_->Fail(absl::ResourceExhaustedError("chunks come without waiting"));
    }
    work_->Post([reception = reception_, chunk] {
      --reception->waiting;
      reception->Take(*chunk);
    });
  }

  void OnHalfClose() override {
    half_closed_ = true;
    work_->Post([reception = reception_] {
      if (!reception->over) {
        reception->Fail(absl::InvalidArgumentError("the snapshot ended early"));
      }
    });
  }

 private:
  TaskPump* const work_;
  std::shared_ptr<Reception> reception_;
  bool half_closed_ = false;
};

SnapshotReceiver::SnapshotReceiver(storage::FileSystem* fs, std::string store_dir,
                                   const PeerIdentity& identity, TaskPump* work, Outputs outputs)
    : fs_(fs),
      store_dir_(std::move(store_dir)),
      identity_(identity),
      work_(work),
      outputs_(std::move(outputs)) {}

std::unique_ptr<CallHandler> SnapshotReceiver::Receive(std::shared_ptr<Call> call) {
  return std::make_unique<IncomingSnapshot>(this, std::move(call));
}

}  // namespace stele::server
