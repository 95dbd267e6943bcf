// MemberAttributes.
#include <algorithm>

#include "src/storage/membership/member_table.h"
#include "src/storage/mvcc/errors.h"
#include "src/storage/state_machine/apply_pass.h"

namespace stele::storage {

absl::Status ApplyMemberAttributes(ApplyPass& pass, const stelepb::MemberAttributes& attributes) {
  const auto found = pass.members.find(attributes.member_id());
  if (found == pass.members.end()) return MemberNotFoundError();
  stelepb::MemberRecord& member = found->second;
  member.set_name(attributes.name());
  *member.mutable_client_urls() = attributes.client_urls();
  member.set_boot_epoch(std::max(member.boot_epoch(), attributes.boot_epoch()));
  WriteMember(member, &pass.batch);
  pass.output.members_changed = true;
  return absl::OkStatus();
}

}  // namespace stele::storage
