// lease grant, revoke, timetolive, list and keep-alive.
#include <memory>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/synchronization/notification.h"
#include "src/client/cli/command.h"
#include "src/client/cli/exit_status.h"
#include "src/client/cli/go_text.h"
#include "src/client/cli/kv_requests.h"
#include "src/client/keep_alive.h"
#include "src/client/keep_alive_stream.h"

namespace stele::cli {
namespace {

constexpr char kBadId[] = "bad lease ID arg";

// What every lease command starts with: its format checked and a client made.
absl::StatusOr<client::Client*> Begin(Session& session) {
  if (absl::Status refused = session.Refuse(Format::kTable); !refused.ok()) return refused;
  return session.client();
}

// `prefix` in front of what the server said, as in "failed to grant lease (...)".
absl::Status WrappedFailure(const Session& session, const std::string& prefix,
                            const absl::Status& status) {
  const absl::Status failure = CallFailure(session, status);
  return Failure(ExitCodeOf(failure),
                 absl::StrCat(prefix, " (", std::string(failure.message()), ")"));
}

absl::Status Grant(Session& session, const Arguments& arguments) {
  if (arguments.size() != 1) {
    return Failure(kExitBadArguments, "lease grant command needs TTL argument");
  }
  auto ttl = ParseInt(arguments[0], 10);
  if (!ttl.ok()) {
    return Failure(kExitBadArguments,
                   absl::StrCat("bad TTL (", std::string(ttl.status().message()), ")"));
  }
  auto client = Begin(session);
  if (!client.ok()) return client.status();
  auto response = (*client)->LeaseGrant(*ttl, 0, session.call_options());
  if (!response.ok()) return WrappedFailure(session, "failed to grant lease", response.status());
  Session::Write(session.MakePrinter()->LeaseGrant(*response));
  return absl::OkStatus();
}

absl::Status Revoke(Session& session, const Arguments& arguments) {
  if (arguments.size() != 1) {
    return Failure(kExitBadArguments, "lease revoke command needs 1 argument");
  }
  auto id = ParseLeaseId(arguments[0], kBadId);
  if (!id.ok()) return id.status();
  auto client = Begin(session);
  if (!client.ok()) return client.status();
  auto response = (*client)->LeaseRevoke(*id, session.call_options());
  if (!response.ok()) return WrappedFailure(session, "failed to revoke lease", response.status());
  Session::Write(session.MakePrinter()->LeaseRevoke(*id, *response));
  return absl::OkStatus();
}

absl::Status TimeToLive(bool keys, Session& session, const Arguments& arguments) {
  if (arguments.size() != 1) {
    return Failure(kExitBadArguments, "lease timetolive command needs lease ID as argument");
  }
  auto id = ParseLeaseId(arguments[0], kBadId);
  if (!id.ok()) return id.status();
  auto client = Begin(session);
  if (!client.ok()) return client.status();
  auto response = (*client)->LeaseTimeToLive(*id, keys, session.call_options());
  if (!response.ok()) return CallFailure(session, response.status());
  Session::Write(session.MakePrinter()->LeaseTimeToLive(*response, keys));
  return absl::OkStatus();
}

absl::Status List(Session& session, const Arguments& /*arguments*/) {
  auto client = Begin(session);
  if (!client.ok()) return client.status();
  auto response = (*client)->LeaseList(session.call_options());
  if (!response.ok()) return CallFailure(session, response.status());
  Session::Write(session.MakePrinter()->LeaseList(*response));
  return absl::OkStatus();
}

// Renews until the lease is gone.
absl::Status KeepAliveForever(const Session& session, const client::Client& client, int64_t id) {
  client::KeepAliveStream stream(client);
  const auto printer = session.MakePrinter();
  while (true) {
    const absl::Time asked_at = absl::Now();
    auto response = stream.Renew(id, asked_at + session.flags().command_timeout);
    if (absl::IsNotFound(response.status())) break;
    if (!response.ok()) return CallFailure(session, response.status());
    Session::Write(printer->LeaseKeepAlive(*response));
    absl::Notification never;
    never.WaitForNotificationWithDeadline(asked_at + client::RenewalPause(response->ttl()));
  }
  if (session.format() == Format::kSimple) {
    Session::Write(absl::StrFormat("lease %016x expired or revoked.\n", id));
  }
  return absl::OkStatus();
}

absl::Status KeepLeaseAlive(bool once, Session& session, const Arguments& arguments) {
  if (arguments.size() != 1) {
    return Failure(kExitBadArguments, "lease keep-alive command needs lease ID as argument");
  }
  auto id = ParseLeaseId(arguments[0], kBadId);
  if (!id.ok()) return id.status();
  auto client = Begin(session);
  if (!client.ok()) return client.status();
  if (!once) return KeepAliveForever(session, **client, *id);
  auto response = (*client)->LeaseKeepAliveOnce(*id, session.call_options());
  if (!response.ok()) {
    return Failure(kExitBadConnection,
                   std::string(CallFailure(session, response.status()).message()));
  }
  Session::Write(session.MakePrinter()->LeaseKeepAlive(*response));
  return absl::OkStatus();
}

using FlaggedRun = absl::Status (*)(bool, Session&, const Arguments&);

Runner PrepareWithFlag(FlagSet& set, const char* name, const char* description, FlaggedRun run) {
  auto flag = std::make_shared<bool>(false);
  set.Add(name, flag.get(), description);
  return [flag, run](Session& session, const Arguments& arguments) {
    return run(*flag, session, arguments);
  };
}

}  // namespace

std::vector<Command> LeaseCommands() {
  return {
      {"lease grant", "<ttl in seconds>", "Makes a lease",
       "  stele lease grant 60                 prints its id, for `stele put --lease=<id>`\n",
       [](FlagSet&) -> Runner { return Grant; }},
      {"lease revoke", "<lease id>", "Ends a lease and deletes the keys attached to it", "",
       [](FlagSet&) -> Runner { return Revoke; }},
      {"lease timetolive", "<lease id>", "Prints how long a lease has left",
       "  stele lease timetolive 1a2b --keys   also the keys attached to it\n",
       [](FlagSet& set) {
         return PrepareWithFlag(set, "keys", "Print the attached keys, too", TimeToLive);
       }},
      {"lease list", "", "Prints the ids of all leases", "",
       [](FlagSet&) -> Runner { return List; }},
      {"lease keep-alive", "<lease id>", "Renews a lease until it is gone",
       "  stele lease keep-alive 1a2b --once\n",
       [](FlagSet& set) {
         return PrepareWithFlag(set, "once", "Renew once and leave", KeepLeaseAlive);
       }},
  };
}

}  // namespace stele::cli
