// Members: their attributes and URLs by command, who they are by config.
#include <algorithm>
#include <vector>

#include "src/raft/conf_change.h"
#include "src/storage/membership/member_table.h"
#include "src/storage/mvcc/errors.h"
#include "src/storage/state_machine/apply_pass.h"

namespace stele::storage {
namespace {

void Save(ApplyPass& pass, const stelepb::MemberRecord& member) {
  WriteMember(member, &pass.batch);
  pass.output.members_changed = true;
}

// The record that the change brings, or null.
const stelepb::MemberRecord* NewMemberOf(const stelepb::Command& change) {
  if (change.has_member_add()) return &change.member_add().member();
  if (change.has_member_replace()) return &change.member_replace().new_member();
  return nullptr;
}

std::vector<raft::NodeId> MembersOf(const raft::ConfState& conf) {
  std::vector<raft::NodeId> members = conf.voters;
  members.insert(members.end(), conf.voters_outgoing.begin(), conf.voters_outgoing.end());
  members.insert(members.end(), conf.learners.begin(), conf.learners.end());
  return members;
}

void AddMissing(ApplyPass& pass, const raft::ConfState& conf, const stelepb::Command& change) {
  const stelepb::MemberRecord* record = NewMemberOf(change);
  for (const raft::NodeId node : MembersOf(conf)) {
    const auto [found, is_new] = pass.members.try_emplace(node.value);
    if (!is_new) continue;
    if (record != nullptr && record->id() == node.value) found->second = *record;
    found->second.set_id(node.value);
    Save(pass, found->second);
  }
}

void RemoveStrangers(ApplyPass& pass, const raft::ConfState& conf) {
  for (auto member = pass.members.begin(); member != pass.members.end();) {
    if (raft::IsMember(conf, {member->first})) {
      ++member;
      continue;
    }
    WriteRemoval(member->first, &pass.batch);
    pass.output.members_changed = true;
    member = pass.members.erase(member);
  }
}

}  // namespace

absl::Status ApplyMemberAttributes(ApplyPass& pass, const stelepb::MemberAttributes& attributes) {
  const auto found = pass.members.find(attributes.member_id());
  if (found == pass.members.end()) return MemberNotFoundError();
  stelepb::MemberRecord& member = found->second;
  member.set_name(attributes.name());
  *member.mutable_client_urls() = attributes.client_urls();
  member.set_boot_epoch(std::max(member.boot_epoch(), attributes.boot_epoch()));
  Save(pass, member);
  return absl::OkStatus();
}

absl::Status ApplyMemberUpdate(ApplyPass& pass, const stelepb::MemberUpdate& update) {
  const auto found = pass.members.find(update.member_id());
  if (found == pass.members.end()) return MemberNotFoundError();
  for (const auto& [id, member] : pass.members) {
    if (id == update.member_id()) continue;
    const auto& taken = member.peer_urls();
    for (const std::string& url : update.peer_urls()) {
      if (std::find(taken.begin(), taken.end(), url) != taken.end()) return PeerUrlExistsError();
    }
  }
  *found->second.mutable_peer_urls() = update.peer_urls();
  Save(pass, found->second);
  return absl::OkStatus();
}

// The config is a fact when it comes here: it has been in force since it was appended. So nothing
// is refused, and table and config cannot disagree.
void ApplyConf(ApplyPass& pass, const raft::ConfState& conf, const stelepb::Command& change) {
  AddMissing(pass, conf, change);
  RemoveStrangers(pass, conf);
  for (auto& [id, member] : pass.members) {
    const bool is_voter = raft::IsVoter(conf, {id});
    if (member.is_learner() != is_voter && !(is_voter && member.voter_when_ready())) continue;
    member.set_is_learner(!is_voter);
    if (is_voter) member.clear_voter_when_ready();
    Save(pass, member);
  }
}

}  // namespace stele::storage
