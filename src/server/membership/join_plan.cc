#include "src/server/membership/join_plan.h"

#include <algorithm>
#include <string>

#include "fmt/format.h"
#include "src/server/url.h"

namespace stele::server {
namespace {

std::vector<std::string> SortedUrls(const stelepb::MemberRecord& member) {
  std::vector<std::string> urls(member.peer_urls().begin(), member.peer_urls().end());
  std::sort(urls.begin(), urls.end());
  return urls;
}

std::string Describe(const stelepb::MemberList& cluster) {
  std::string text;
  for (const stelepb::MemberRecord& member : cluster.members()) {
    text += fmt::format("{}{:x}={}", text.empty() ? "" : " ", member.id(),
                        fmt::join(SortedUrls(member), ","));
  }
  return text;
}

absl::Status Unmatched(const stelepb::MemberList& cluster, const std::string& why) {
  return absl::FailedPreconditionError(fmt::format(
      "--initial-cluster: error validating peerURLs {{{}}}: {}", Describe(cluster), why));
}

// Who of the cluster has this member's URLs; null when they are not the same members.
absl::StatusOr<const stelepb::MemberRecord*> FindSelf(const Options& options,
                                                      const stelepb::MemberList& cluster) {
  if (static_cast<std::size_t>(cluster.members_size()) != options.initial_members.size()) {
    return Unmatched(cluster, "member count is unequal");
  }
  const stelepb::MemberRecord* self = nullptr;
  for (const stelepb::MemberRecord& member : cluster.members()) {
    const auto named = std::find_if(
        options.initial_members.begin(), options.initial_members.end(),
        [urls = SortedUrls(member)](const InitialMember& each) { return each.peer_urls == urls; });
    if (named == options.initial_members.end()) {
      return Unmatched(cluster,
                       fmt::format("unmatched member {:x} while checking PeerURLs", member.id()));
    }
    if (named->name == options.name) self = &member;
  }
  if (self == nullptr) return Unmatched(cluster, "none of them has the URLs of this member");
  return self;
}

std::vector<PeerAddress> AddressesOf(const stelepb::MemberList& cluster, raft::NodeId self) {
  std::vector<PeerAddress> addresses;
  for (const stelepb::MemberRecord& member : cluster.members()) {
    if (member.id() == self.value) continue;
    PeerAddress address{{member.id()}, {}};
    for (const std::string& url : member.peer_urls()) {
      if (absl::StatusOr<Url> parsed = ParseUrl(url); parsed.ok()) {
        address.host_ports.push_back(parsed->HostPort());
      }
    }
    if (!address.host_ports.empty()) addresses.push_back(std::move(address));
  }
  return addresses;
}

}  // namespace

absl::StatusOr<JoinPlan> MatchMembers(const Options& options, const stelepb::MemberList& cluster) {
  absl::StatusOr<const stelepb::MemberRecord*> self = FindSelf(options, cluster);
  if (!self.ok()) return self.status();
  // Its log held promises: whoever has lost them must not speak under the same id.
  if (!(*self)->name().empty()) {
    return absl::FailedPreconditionError(
        fmt::format("data directory {}: is empty, but member {:x} '{}' of cluster {:x} has been "
                    "started before; "
                    "remove that member and add a new one",
                    options.data_dir, (*self)->id(), (*self)->name(), cluster.cluster_id()));
  }
  return PlanJoinOf(cluster, raft::NodeId{(*self)->id()});
}

absl::StatusOr<JoinPlan> PlanJoinOf(const stelepb::MemberList& cluster, raft::NodeId self) {
  if (cluster.founders().empty()) {
    return absl::FailedPreconditionError(fmt::format(
        "--initial-cluster: cluster {:x} does not say who founded it", cluster.cluster_id()));
  }
  JoinPlan plan;
  plan.identity = {cluster.cluster_id(), self};
  for (const stelepb::MemberRecord& founder : cluster.founders()) {
    plan.conf_state.voters.push_back({founder.id()});
    plan.founders.push_back(founder);
  }
  plan.peers = AddressesOf(cluster, plan.identity.self);
  plan.members.assign(cluster.members().begin(), cluster.members().end());
  return plan;
}

}  // namespace stele::server
