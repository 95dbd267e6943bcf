#include "src/server/replace_self.h"

#include <algorithm>
#include <chrono>
#include <string>
#include <thread>
#include <utility>

#include "proto/peer.pb.h"
#include "spdlog/spdlog.h"
#include "src/raft/check.h"
#include "src/server/api/errors.h"
#include "src/server/membership/fetch_members.h"
#include "src/server/node_parts.h"
#include "src/server/peer/call_once.h"

namespace stele::server {
namespace {

constexpr absl::Duration kListTimeout = absl::Seconds(2);
constexpr absl::Duration kChangeTimeout = absl::Seconds(10);
constexpr std::chrono::milliseconds kPollInterval{20};
constexpr int kPollsPerRound = 10;

bool Has(const stelepb::MemberList& cluster, std::uint64_t id) {
  return std::any_of(cluster.members().begin(), cluster.members().end(),
                     [id](const stelepb::MemberRecord& member) { return member.id() == id; });
}

absl::Status AskForReplacement(const std::string& address, const stelepb::BootRecord& record) {
  stelepb::MemberChangeQuestion question;
  question.set_cluster_id(record.cluster_id());
  stelepb::MemberReplace* replace = question.mutable_change()->mutable_member_replace();
  replace->set_old_member_id(record.member_id());
  *replace->mutable_new_member() = SuccessorOf(record);
  return CallOnce(address, "/stelepb.Peer/ChangeMembers", question.SerializeAsString(),
                  kChangeTimeout)
      .status();
}

// Says each reason once, not at every attempt.
void Report(const std::string& address, const absl::Status& status, std::string* last) {
  std::string text = address + ": " + std::string(status.message());
  if (text == *last) return;
  spdlog::warn("quarantine: not replaced yet: {}", text);
  *last = std::move(text);
}

// One attempt with one member. kFailedPrecondition is final.
absl::StatusOr<JoinPlan> TryAt(const std::string& address, const stelepb::BootRecord& record) {
  const absl::Status asked = AskForReplacement(address, record);
  const absl::StatusOr<stelepb::MemberList> cluster = FetchMembers({address}, kListTimeout);
  if (!cluster.ok()) return cluster.status();
  const raft::NodeId successor{record.repair().successor_id()};
  if (Has(*cluster, successor.value)) return PlanJoinOf(*cluster, successor);
  if (IsMemberRemoved(asked) || asked == MemberNotFoundError()) {
    return absl::FailedPreconditionError(
        "the member has been permanently removed from the cluster");
  }
  return asked.ok() ? absl::UnavailableError("has not heard of the replacement yet") : asked;
}

}  // namespace

stelepb::MemberRecord SuccessorOf(const stelepb::BootRecord& record) {
  stelepb::MemberRecord successor;
  for (const stelepb::MemberRecord& member : record.members()) {
    if (member.id() == record.member_id()) successor = member;
  }
  successor.set_voter_when_ready(!successor.is_learner() || successor.voter_when_ready());
  successor.set_id(record.repair().successor_id());
  successor.set_is_learner(true);
  successor.clear_boot_epoch();
  // It tells its name and client URLs once it runs, as every member does.
  successor.clear_name();
  successor.clear_client_urls();
  return successor;
}

absl::StatusOr<JoinPlan> ReplaceSelf(const stelepb::BootRecord& record,
                                     const std::function<bool()>& give_up) {
  STELE_CHECK(record.has_repair());
  std::vector<std::string> addresses;
  for (const stelepb::MemberRecord& member : record.members()) {
    if (member.id() == record.member_id()) continue;
    for (std::string& address : HostPorts({member.peer_urls().begin(), member.peer_urls().end()})) {
      addresses.push_back(std::move(address));
    }
  }
  std::string last_report;
  while (true) {
    for (const std::string& address : addresses) {
      absl::StatusOr<JoinPlan> plan = TryAt(address, record);
      if (plan.ok() || absl::IsFailedPrecondition(plan.status())) return plan;
      Report(address, plan.status(), &last_report);
    }
    for (int poll = 0; poll < kPollsPerRound; ++poll) {
      if (give_up()) return absl::CancelledError("asked to stop");
      std::this_thread::sleep_for(kPollInterval);
    }
  }
}

}  // namespace stele::server
