#include "src/server/node_parts.h"

#include <algorithm>

#include "src/raft/check.h"
#include "src/server/peer/member_ids.h"

namespace stele::server {

BootstrapPlan PlanBootstrap(const Options& options) {
  BootstrapPlan plan;
  std::vector<std::uint64_t> ids;
  for (const InitialMember& member : options.initial_members) {
    stelepb::MemberRecord record;
    record.set_id(MemberIdOf(member.peer_urls, options.initial_cluster_token));
    record.set_name(member.name);
    for (const std::string& url : member.peer_urls) record.add_peer_urls(url);
    ids.push_back(record.id());
    plan.conf_state.voters.push_back({record.id()});
    if (member.name == options.name) plan.identity.self = {record.id()};
    plan.members.push_back(std::move(record));
  }
  plan.identity.cluster_id = ClusterIdOf(ids);
  std::sort(plan.conf_state.voters.begin(), plan.conf_state.voters.end());
  std::sort(plan.members.begin(), plan.members.end(),
            [](const auto& a, const auto& b) { return a.id() < b.id(); });
  return plan;
}

std::vector<PeerAddress> PeerAddresses(const storage::ReadView& view, raft::NodeId self) {
  std::vector<PeerAddress> addresses;
  for (const stelepb::MemberRecord& record : view.Members()) {
    if (record.id() == self.value) continue;
    addresses.push_back(
        {{record.id()}, HostPorts({record.peer_urls().begin(), record.peer_urls().end()})});
  }
  return addresses;
}

std::vector<std::string> HostPorts(const std::vector<std::string>& urls) {
  std::vector<std::string> host_ports;
  for (const std::string& url : urls) {
    absl::StatusOr<Url> parsed = ParseUrl(url);
    STELE_CHECK(parsed.ok());
    host_ports.push_back(parsed->HostPort());
  }
  return host_ports;
}

const char* RoleName(raft::Role role) {
  switch (role) {
    case raft::Role::kFollower:
      return "follower";
    case raft::Role::kPreCandidate:
      return "pre-candidate";
    case raft::Role::kCandidate:
      return "candidate";
    case raft::Role::kLeader:
      return "leader";
  }
  return "?";
}

}  // namespace stele::server
