// Alarm, and what an alarm forbids.
#include "src/storage/mvcc/errors.h"
#include "src/storage/state_machine/apply_pass.h"
#include "src/storage/state_machine/command_cost.h"

namespace stele::storage {

namespace {

using etcdserverpb::AlarmRequest;

// What changes keys, leases or history.
bool ChangesData(const stelepb::Command& command) {
  return command.has_put() || command.has_delete_range() || command.has_txn() ||
         command.has_compact() || command.has_lease_grant() || command.has_lease_revoke();
}

}  // namespace

absl::Status RefusedByAlarm(const AlarmTable& alarms, const stelepb::Command& command) {
  // While data may be corrupt nothing touches it, be it to free space.
  if (alarms.IsRaised(etcdserverpb::CORRUPT) && ChangesData(command)) return CorruptError();
  if (alarms.IsRaised(etcdserverpb::NOSPACE) && CostOf(command) > 0) return NoSpaceError();
  return absl::OkStatus();
}

void ApplyAlarm(ApplyPass& pass, const AlarmRequest& request,
                etcdserverpb::AlarmResponse* response) {
  etcdserverpb::AlarmMember alarm;
  alarm.set_memberid(request.memberid());
  alarm.set_alarm(request.alarm());
  if (request.action() == AlarmRequest::ACTIVATE && request.alarm() != etcdserverpb::NONE) {
    if (!pass.alarms.Contains(alarm)) {
      pass.alarms.Raise(alarm, &pass.batch);
      pass.output.alarms_changed = true;
    }
    *response->add_alarms() = alarm;
  }
  if (request.action() == AlarmRequest::DEACTIVATE && pass.alarms.Clear(alarm, &pass.batch)) {
    pass.output.alarms_changed = true;
    *response->add_alarms() = alarm;
  }
}

}  // namespace stele::storage
