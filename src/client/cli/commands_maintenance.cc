// alarm list, alarm disarm and defrag.
#include <cstdio>
#include <memory>

#include "absl/strings/str_cat.h"
#include "src/client/cli/command.h"
#include "src/client/cli/exit_status.h"
#include "src/client/cli/kv_requests.h"
#include "src/client/cli/progress.h"

namespace stele::cli {
namespace {

using etcdserverpb::AlarmRequest;
using etcdserverpb::AlarmResponse;

absl::Status CheckNoArguments(const std::string& command, const Arguments& arguments) {
  if (arguments.empty()) return absl::OkStatus();
  return Failure(kExitBadArguments, absl::StrCat(command, " command accepts no arguments"));
}

absl::Status ListAlarms(Session& session, const Arguments& arguments) {
  if (absl::Status checked = CheckNoArguments("alarm list", arguments); !checked.ok()) {
    return checked;
  }
  if (absl::Status refused = session.Refuse(Format::kTable); !refused.ok()) return refused;
  auto client = session.client();
  if (!client.ok()) return client.status();
  auto response = (*client)->Alarm(AlarmRequest(), session.call_options());
  if (!response.ok()) return CallFailure(session, response.status());
  Session::Write(session.MakePrinter()->Alarms(*response));
  return absl::OkStatus();
}

// Clears every alarm that is listed, and prints them.
absl::Status DisarmAlarms(Session& session, const Arguments& arguments) {
  if (absl::Status checked = CheckNoArguments("alarm disarm", arguments); !checked.ok()) {
    return checked;
  }
  if (absl::Status refused = session.Refuse(Format::kTable); !refused.ok()) return refused;
  auto client = session.client();
  if (!client.ok()) return client.status();
  auto listed = (*client)->Alarm(AlarmRequest(), session.call_options());
  if (!listed.ok()) return CallFailure(session, listed.status());
  AlarmResponse disarmed;
  for (const auto& alarm : listed->alarms()) {
    AlarmRequest request;
    request.set_action(AlarmRequest::DEACTIVATE);
    request.set_memberid(alarm.memberid());
    request.set_alarm(alarm.alarm());
    auto response = (*client)->Alarm(request, session.call_options());
    if (!response.ok()) return CallFailure(session, response.status());
    disarmed.mutable_alarms()->MergeFrom(response->alarms());
  }
  Session::Write(session.MakePrinter()->Alarms(disarmed));
  return absl::OkStatus();
}

absl::Status Defragment(bool whole_cluster, Session& session) {
  auto endpoints = EndpointsToAsk(session, whole_cluster);
  if (!endpoints.ok()) return endpoints.status();
  // One after the other: a member that is busy with this is slow for its clients.
  absl::Status result;
  Progress progress("defragmenting", static_cast<int64_t>(endpoints->size()));
  for (const std::string& endpoint : *endpoints) {
    auto client = session.ClientOf(endpoint);
    const absl::Status done =
        client.ok() ? (*client)->Defragment(session.call_options()).status() : client.status();
    progress.Clear();
    if (done.ok()) {
      Session::Write(absl::StrCat("Finished defragmenting etcd member[", endpoint, "]\n"));
    } else {
      std::fprintf(stderr, "Failed to defragment etcd member[%s] (%s)\n", endpoint.c_str(),
                   ShortReason(done).c_str());
      result = Failure(kExitError, "");
    }
    progress.Advance(1);
  }
  return result;
}

Runner PrepareDefrag(FlagSet& set) {
  auto whole_cluster = std::make_shared<bool>(false);
  auto data_dir = std::make_shared<std::string>();
  set.Add("cluster", whole_cluster.get(), "Every member of the cluster, one after the other");
  set.Add("data-dir", data_dir.get(), "A directory no server uses (not supported: start steled)");
  return [whole_cluster, data_dir](Session& session, const Arguments& /*arguments*/) {
    if (!data_dir->empty()) {
      return Failure(kExitBadFeature,
                     "--data-dir is not supported: steled tidies its store by itself, start it");
    }
    return Defragment(*whole_cluster, session);
  };
}

}  // namespace

std::vector<Command> MaintenanceCommands() {
  return {
      {"alarm list", "", "Prints the alarms of all members",
       "  NOSPACE  the store has reached its quota: writes are refused until it is disarmed\n"
       "  CORRUPT  the members' data differ: every change is refused\n",
       [](FlagSet&) -> Runner { return ListAlarms; }},
      {"alarm disarm", "", "Clears all alarms",
       "  stele compaction 1200 && stele defrag --cluster && stele alarm disarm\n",
       [](FlagSet&) -> Runner { return DisarmAlarms; }},
      {"defrag", "", "Gives space that compaction has freed back to the disk",
       "  stele defrag --cluster --command-timeout=60s\n", PrepareDefrag},
  };
}

}  // namespace stele::cli
