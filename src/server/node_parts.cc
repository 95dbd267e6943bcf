#include "src/server/node_parts.h"

#include <sys/random.h>

#include <algorithm>

#include "src/raft/check.h"
#include "src/server/peer/member_ids.h"

namespace stele::server {
namespace {

constexpr std::int64_t kQuotaBytesDefault = std::int64_t{2} << 30U;

}  // namespace

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

absl::Duration ElectionTimeout(const Options& options) {
  return absl::Milliseconds(options.election_timeout_ms);
}

absl::Duration RequestTimeout(const Options& options) {
  return absl::Seconds(5) + 2 * ElectionTimeout(options);
}

std::int64_t QuotaBytes(const Options& options) {
  return options.quota_backend_bytes == 0 ? kQuotaBytesDefault : options.quota_backend_bytes;
}

absl::Status Prefix(const char* prefix, const absl::Status& status) {
  if (status.ok()) return status;
  return absl::Status(status.code(), prefix + std::string(status.message()));
}

std::uint64_t RandomBits() {
  std::uint64_t bits = 0;
  STELE_CHECK(getrandom(&bits, sizeof(bits), 0) == sizeof(bits));
  return bits;
}

}  // namespace stele::server
