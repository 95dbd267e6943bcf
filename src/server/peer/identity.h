// Who a member is, and whom it talks to.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "src/raft/types.h"

namespace stele::server {

struct PeerIdentity {
  std::uint64_t cluster_id = 0;
  raft::NodeId self;
};

struct PeerAddress {
  raft::NodeId id;
  std::vector<std::string> host_ports;  // tried in turn
};

}  // namespace stele::server
