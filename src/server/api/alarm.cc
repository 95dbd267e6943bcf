#include "src/server/api/alarm.h"

#include <memory>
#include <utility>
#include <variant>

#include "src/server/api/headers.h"

namespace stele::server {
namespace {

namespace pb = etcdserverpb;
using CallPtr = std::shared_ptr<Call>;

// Behind everything that was answered before, as if the question went through the log.
void ListAlarms(const ClientPorts& ports, const CallPtr& call, pb::AlarmType type) {
  ports.reader->Linearizable([facts = ports.facts, call, type](absl::StatusOr<Reader::View> view) {
    if (!view.ok()) return call->Finish(view.status());
    pb::AlarmResponse response;
    response.mutable_header()->set_revision((*view)->current_revision());
    for (const pb::AlarmMember& alarm : (*view)->Alarms()) {
      if (type == pb::NONE || type == alarm.alarm()) *response.add_alarms() = alarm;
    }
    ReplyWithHeader(*facts, call.get(), &response);
  });
}

void ChangeAlarm(const ClientPorts& ports, const CallPtr& call,
                 std::unique_ptr<pb::AlarmRequest> request) {
  stelepb::Command command;
  command.set_allocated_alarm(request.release());
  ports.proposer->Propose(&command, [facts = ports.facts, call](storage::CommandResult result) {
    if (!result.status.ok()) return call->Finish(result.status);
    ReplyWithHeader(*facts, call.get(), &std::get<pb::AlarmResponse>(result.response));
  });
}

}  // namespace

void AddAlarmMethod(const ClientPorts& ports, MethodRows* rows) {
  rows->AddUnary<pb::AlarmRequest>(
      "/etcdserverpb.Maintenance/Alarm", ports.facts,
      [ports](const CallPtr& call, std::unique_ptr<pb::AlarmRequest> request) {
        switch (request->action()) {
          case pb::AlarmRequest::GET:
            return ListAlarms(ports, call, request->alarm());
          case pb::AlarmRequest::ACTIVATE:
          case pb::AlarmRequest::DEACTIVATE:
            return ChangeAlarm(ports, call, std::move(request));
          default:
            return call->Finish(absl::InvalidArgumentError("etcdserver: unknown alarm action"));
        }
      });
}

std::string AlarmText(const pb::AlarmMember& alarm) {
  std::string text;
  if (alarm.memberid() != 0) text += "memberID:" + std::to_string(alarm.memberid()) + " ";
  if (alarm.alarm() != pb::NONE) text += "alarm:" + pb::AlarmType_Name(alarm.alarm()) + " ";
  return text;
}

}  // namespace stele::server
