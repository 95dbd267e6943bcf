// What other members may ask of this one. Every stream and frame must name this cluster and this
// member; others are refused with a text that names both sides.
#pragma once

#include <functional>
#include <memory>
#include <string_view>
#include <vector>

#include "src/raft/message.h"
#include "src/server/api/method_rows.h"
#include "src/server/api/ports.h"
#include "src/server/lease/lease_keeper.h"
#include "src/server/peer/admission_desk.h"
#include "src/server/peer/identity.h"
#include "src/server/peer/peer_gate.h"
#include "src/server/peer/snapshot_receiver.h"
#include "src/server/state_watch.h"

namespace stele::server {

struct PeerServiceOutputs {
  std::function<void(std::vector<raft::Message>)> messages;
  // A member called and said where it can be reached.
  std::function<void(PeerAddress)> announced;
  std::function<void(stelepb::Command change, MemberChanger::Done done)> change_members;
  std::function<void(const stelepb::AdmissionQuestion&, AdmissionDesk::Done)> admission;
  std::function<void(const stelepb::StateReport&, StateWatch::Done)> state_report;
};

// Adds the rows of stelepb.Peer. Everything outlives the table.
void AddPeerMethods(const PeerIdentity& identity, PeerServiceOutputs outputs, PeerGate* gate,
                    LeaseKeeper* leases, Reader* reader, SnapshotReceiver* snapshots,
                    MethodRows* rows);

}  // namespace stele::server
