// Sends the core's messages to the other members: one link each, on one loop's thread. Messages of
// one pass to one member travel as one frame.
//
// Send and Ask may be called by any thread.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <vector>

#include "src/server/front/event_loop.h"
#include "src/server/lease/lease_keeper.h"
#include "src/server/peer/identity.h"
#include "src/server/peer/peer_link.h"
#include "src/server/transport.h"

namespace stele::server {

class PeerTransport final : public Transport, public LeaseForwarder {
 public:
  struct Outputs {
    std::function<void(raft::NodeId)> unreachable;
    // The core wants this member to get a snapshot. Loop's thread.
    std::function<void(raft::NodeId)> snapshot_wanted;
  };

  PeerTransport(EventLoop* loop, const PeerIdentity& identity, Outputs outputs);

  // On the loop's thread.
  void AddPeer(const PeerAddress& address);
  PeerLink* Link(raft::NodeId peer);  // null for a stranger
  // Drops all links. On the loop's thread, or after it has stopped.
  void Close();

  // Transport
  void Send(std::vector<raft::Message> messages) override;
  // LeaseForwarder
  void Ask(raft::NodeId leader, std::int64_t lease_id, bool renew, LeaseClock::Done done) override;

 private:
  void SendQueued();

  EventLoop* const loop_;
  const PeerIdentity identity_;
  const Outputs outputs_;
  std::map<raft::NodeId, std::unique_ptr<PeerLink>> links_;  // loop's thread

  std::mutex mutex_;
  std::vector<raft::Message> queued_;
};

}  // namespace stele::server
