// Alarms: the row Maintenance/Alarm, and the words for alarms elsewhere.
#pragma once

#include <string>

#include "src/server/api/method_rows.h"
#include "src/server/api/ports.h"

namespace stele::server {

void AddAlarmMethod(const ClientPorts& ports, MethodRows* rows);

// As etcd writes it in Status.errors: "memberID:123 alarm:NOSPACE ".
std::string AlarmText(const etcdserverpb::AlarmMember& alarm);

}  // namespace stele::server
