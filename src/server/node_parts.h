// Small pieces of the node's wiring, most of them pure.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
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

absl::Duration ElectionTimeout(const Options& options);
// How long a request may take before it is answered with "timed out".
absl::Duration RequestTimeout(const Options& options);
// What --quota-backend-bytes stands for; negative: no quota.
std::int64_t QuotaBytes(const Options& options);

// The same error with a text in front of its own.
absl::Status Prefix(const char* prefix, const absl::Status& status);

std::uint64_t RandomBits();

}  // namespace stele::server
