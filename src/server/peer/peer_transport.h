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
#include <string>
#include <vector>

#include "proto/command.pb.h"
#include "proto/peer.pb.h"
#include "src/server/admission.h"
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
    // Another member says that this one was removed from the cluster. Loop's thread.
    std::function<void()> removed;
  };

  PeerTransport(EventLoop* loop, const PeerIdentity& identity, Outputs outputs);

  // Links to exactly these members, except that those which announced themselves and are not
  // `removed` stay. `own_urls`: this member's, told to the others. Any thread.
  void Follow(std::vector<PeerAddress> members, std::vector<std::uint64_t> removed,
              std::string own_urls);
  // A member called and said where it can be reached: it may be newer than what we know. Any
  // thread.
  void Announce(PeerAddress address);

  // On the loop's thread.
  PeerLink* Link(raft::NodeId peer);  // null for a stranger
  // Drops all links. On the loop's thread, or after it has stopped.
  void Close();

  // Transport
  void Send(std::vector<raft::Message> messages) override;
  // LeaseForwarder
  void Ask(raft::NodeId leader, std::int64_t lease_id, bool renew, LeaseClock::Done done) override;
  // Asks a member what it remembers of this one. Any thread; the answer comes on the loop's.
  void AskAdmission(raft::NodeId peer, const stelepb::AdmissionQuestion& question,
                    const std::function<void(absl::StatusOr<Admission::Answer>)>& answer);
  // Reports this member's state to the leader. Loop's thread.
  void ReportState(raft::NodeId leader, const stelepb::StateReport& report,
                   std::function<void(absl::StatusOr<stelepb::StateVerdict>)> done);
  // Passes a change of the members to the leader; kAborted when nothing was sent. Loop's thread.
  void AskChange(raft::NodeId leader, const stelepb::Command& change, absl::Duration timeout,
                 std::function<void(absl::StatusOr<std::vector<stelepb::MemberRecord>>)> answer);

 private:
  void SendQueued();
  void UpdateLink(raft::NodeId peer);

  EventLoop* const loop_;
  const PeerIdentity identity_;
  const Outputs outputs_;
  const PeerLink::Surroundings link_surroundings_;
  // Loop's thread.
  using HostPorts = std::vector<std::string>;
  std::map<raft::NodeId, HostPorts> listed_;     // by the member table
  std::map<raft::NodeId, HostPorts> announced_;  // by themselves
  std::string own_urls_;
  std::map<raft::NodeId, std::unique_ptr<PeerLink>> links_;

  std::mutex mutex_;
  std::vector<raft::Message> queued_;
};

}  // namespace stele::server
