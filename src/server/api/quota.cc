#include "src/server/api/quota.h"

#include <algorithm>
#include <utility>

#include "src/server/api/errors.h"

namespace stele::server {

bool Quota::HasRoomFor(std::int64_t cost) const {
  if (bytes_ < 0 || cost == 0) return true;
  return static_cast<std::int64_t>(facts_->store_bytes()) + cost < bytes_;
}

void Quota::Refuse(std::shared_ptr<Call> call) const {
  etcdserverpb::AlarmMember alarm;
  alarm.set_memberid(facts_->member_id());
  alarm.set_alarm(etcdserverpb::NOSPACE);
  const auto alarms = reader_->Serializable()->Alarms();
  const bool is_raised = std::any_of(alarms.begin(), alarms.end(), [&](const auto& each) {
    return each.memberid() == alarm.memberid() && each.alarm() == alarm.alarm();
  });
  if (is_raised) return call->Finish(NoSpaceError());
  stelepb::Command command;
  command.mutable_alarm()->set_action(etcdserverpb::AlarmRequest::ACTIVATE);
  command.mutable_alarm()->set_memberid(alarm.memberid());
  command.mutable_alarm()->set_alarm(alarm.alarm());
  // Refused in any case, also if the alarm could not be raised: the next request tries again.
  proposer_->Propose(&command, [call = std::move(call)](const storage::CommandResult&) {
    call->Finish(NoSpaceError());
  });
}

}  // namespace stele::server
