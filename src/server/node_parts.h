// Pure pieces of the node's wiring.
#pragma once

#include <string>
#include <vector>

#include "proto/command.pb.h"
#include "src/raft/raw_node.h"
#include "src/server/options.h"
#include "src/server/peer/identity.h"
#include "src/storage/state_machine/state_machine.h"

namespace stele::server {

// What --initial-cluster and --initial-cluster-token say, computed alike by every member.
struct BootstrapPlan {
  PeerIdentity identity;
  raft::ConfState conf_state;
  std::vector<stelepb::MemberRecord> members;  // by id
};
BootstrapPlan PlanBootstrap(const Options& options);

// The other members, from the store.
std::vector<PeerAddress> PeerAddresses(const storage::ReadView& view, raft::NodeId self);

// "host:port" of URLs that were checked when the flags were parsed.
std::vector<std::string> HostPorts(const std::vector<std::string>& urls);

// The member that is best placed to lead next, or none: the furthest voter heard from lately.
raft::NodeId BestSuccessor(const raft::Status& status);

const char* RoleName(raft::Role role);

}  // namespace stele::server
