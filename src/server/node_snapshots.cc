// The node and the snapshots that members send each other.
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "src/server/node.h"

namespace stele::server {

void Node::MakeSnapshotPeers() {
  SnapshotSender::Surroundings around;
  around.link = [this](raft::NodeId peer) { return transport_->Link(peer); };
  around.sending = [this](raft::NodeId peer, raft::EntryId last) {
    raft_loop_->Post(SnapshotSentInput{peer, last.index});
  };
  around.report = [this](raft::NodeId peer, bool installed) {
    raft_loop_->Post(SnapshotReportInput{peer, installed});
  };
  around.make = [this](std::string dir,
                       absl::AnyInvocable<void(absl::StatusOr<SnapshotSender::Made>)> done) {
    auto shared = std::make_shared<decltype(done)>(std::move(done));
    apply_loop_->MakeSnapshot(std::move(dir), [this, shared](absl::StatusOr<raft::EntryId> last) {
      if (!last.ok()) return (*shared)(last.status());
      raft_loop_->Post(NodeInput{[shared, last = *last](const raft::RawNode& raft) {
        const std::optional<raft::SnapshotMeta> meta = SnapshotMetaAt(raft, last);
        if (!meta) return (*shared)(absl::AbortedError("a newer snapshot arrived here meanwhile"));
        (*shared)(SnapshotSender::Made{*meta, raft.term()});
      }});
    });
  };
  snapshot_sender_ = std::make_unique<SnapshotSender>(
      SnapshotSender::Options{data_dir_->store(), options_.snapshot_bandwidth}, peer_loop_.get(),
      &files_, &file_system_, identity_, std::move(around));

  SnapshotReceiver::Outputs outputs;
  outputs.received = [this](raft::Message message) {
    std::vector<raft::Message> messages;
    messages.push_back(std::move(message));
    raft_loop_->Post(PeerInput{std::move(messages)});
  };
  outputs.clean_up = [this] { store_->RemoveObsolete(); };
  snapshot_receiver_ = std::make_unique<SnapshotReceiver>(&file_system_, data_dir_->store(),
                                                          identity_, &files_, std::move(outputs));
}

}  // namespace stele::server
