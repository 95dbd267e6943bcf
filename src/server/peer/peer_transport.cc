#include "src/server/peer/peer_transport.h"

#include <iterator>
#include <mutex>
#include <utility>
#include <variant>

#include "proto/peer.pb.h"
#include "src/server/peer/codec.h"

namespace stele::server {
namespace {

constexpr absl::Duration kAskTimeout = absl::Seconds(2);

}  // namespace

PeerTransport::PeerTransport(EventLoop* loop, const PeerIdentity& identity, Outputs outputs)
    : loop_(loop), identity_(identity), outputs_(std::move(outputs)) {}

void PeerTransport::AddPeer(const PeerAddress& address) {
  auto link = std::make_unique<PeerLink>(loop_, identity_, address, outputs_.unreachable);
  link->Start();
  links_[address.id] = std::move(link);
}

PeerLink* PeerTransport::Link(raft::NodeId peer) {
  auto link = links_.find(peer);
  return link == links_.end() ? nullptr : link->second.get();
}

void PeerTransport::Close() { links_.clear(); }

void PeerTransport::Send(std::vector<raft::Message> messages) {
  if (messages.empty()) return;
  bool first = false;
  {
    const std::lock_guard lock(mutex_);
    first = queued_.empty();
    if (first) {
      queued_.swap(messages);
    } else {
      queued_.insert(queued_.end(), std::make_move_iterator(messages.begin()),
                     std::make_move_iterator(messages.end()));
    }
  }
  if (first) loop_->Post([this] { SendQueued(); });
}

void PeerTransport::SendQueued() {
  std::vector<raft::Message> messages;
  {
    const std::lock_guard lock(mutex_);
    messages.swap(queued_);
  }
  std::map<raft::NodeId, stelepb::PeerFrame> frames;
  for (const raft::Message& message : messages) {
    if (std::holds_alternative<raft::InstallSnapshot>(message.body)) {
      outputs_.snapshot_wanted(message.to);
      continue;
    }
    EncodeMessage(message, frames[message.to].add_messages());
  }
  for (auto& [to, frame] : frames) {
    PeerLink* link = Link(to);
    if (link == nullptr) continue;
    frame.set_cluster_id(identity_.cluster_id);
    frame.set_from(identity_.self.value);
    frame.set_to(to.value);
    link->Send(frame.SerializeAsString());
  }
}

void PeerTransport::Ask(raft::NodeId leader, std::int64_t lease_id, bool renew,
                        LeaseClock::Done done) {
  // std::function wants something it can copy.
  auto shared = std::make_shared<LeaseClock::Done>(std::move(done));
  const bool posted = loop_->Post([this, leader, lease_id, renew, shared] {
    PeerLink* link = Link(leader);
    if (link == nullptr) return (*shared)(absl::UnavailableError("the leader is not known here"));
    stelepb::LeaseQuestion question;
    question.set_cluster_id(identity_.cluster_id);
    question.set_lease_id(lease_id);
    question.set_renew(renew);
    link->Ask(
        "/stelepb.Peer/AskLease", question.SerializeAsString(), kAskTimeout,
        [shared](absl::StatusOr<std::string> bytes) {
          if (!bytes.ok()) return (*shared)(bytes.status());
          stelepb::LeaseReply reply;
          if (!reply.ParseFromString(*bytes)) {
            return (*shared)(absl::UnavailableError("malformed answer of the leader"));
          }
          (*shared)(LeaseAnswer{reply.found(), reply.remaining_seconds(), reply.granted_seconds()});
        });
  });
  if (!posted) (*shared)(absl::UnavailableError("shutting down"));
}

}  // namespace stele::server
