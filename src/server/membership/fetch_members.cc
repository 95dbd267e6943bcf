#include "src/server/membership/fetch_members.h"

#include <string>

#include "fmt/format.h"
#include "src/server/node_parts.h"
#include "src/server/peer/call_once.h"

namespace stele::server {
namespace {

constexpr absl::Duration kFetchTimeout = absl::Seconds(10);

absl::StatusOr<stelepb::MemberList> FetchFrom(const std::string& address, absl::Duration timeout) {
  const absl::StatusOr<std::string> bytes =
      CallOnce(address, "/stelepb.Peer/ListMembers",
               stelepb::MemberListQuestion().SerializeAsString(), timeout);
  if (!bytes.ok()) return bytes.status();
  stelepb::MemberList list;
  if (!list.ParseFromString(*bytes)) return absl::InternalError("malformed answer");
  return list;
}

}  // namespace

absl::StatusOr<stelepb::MemberList> FetchMembers(const std::vector<std::string>& host_ports,
                                                 absl::Duration timeout) {
  absl::Status failure = absl::UnavailableError("no other member is named");
  for (const std::string& address : host_ports) {
    absl::StatusOr<stelepb::MemberList> list = FetchFrom(address, timeout);
    if (list.ok()) return list;
    failure = absl::Status(list.status().code(),
                           fmt::format("{}: {}", address, std::string(list.status().message())));
  }
  return failure;
}

absl::StatusOr<JoinPlan> PlanJoin(const Options& options) {
  std::vector<std::string> urls;
  for (const InitialMember& member : options.initial_members) {
    if (member.name == options.name) continue;
    urls.insert(urls.end(), member.peer_urls.begin(), member.peer_urls.end());
  }
  absl::StatusOr<stelepb::MemberList> cluster = FetchMembers(HostPorts(urls), kFetchTimeout);
  if (!cluster.ok()) {
    return absl::Status(
        cluster.status().code(),
        fmt::format("--initial-cluster: cannot fetch cluster info from peer urls: {}",
                    std::string(cluster.status().message())));
  }
  return MatchMembers(options, *cluster);
}

}  // namespace stele::server
