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

// How a member begins: for founders what --initial-cluster and --initial-cluster-token say,
// computed alike by every one of them.
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

const char* RoleName(raft::Role role);

}  // namespace stele::server
