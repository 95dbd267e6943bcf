// member list.
#include "src/client/cli/command.h"
#include "src/client/cli/exit_status.h"

namespace stele::cli {
namespace {

absl::Status ListMembers(Session& session, const std::vector<std::string>& /*arguments*/) {
  auto client = session.client();
  if (!client.ok()) return client.status();
  auto response = (*client)->MemberList(/*linearizable=*/true, session.call_options());
  if (!response.ok()) return CallFailure(session, response.status());
  Session::Write(session.MakePrinter()->MemberList(*response));
  return absl::OkStatus();
}

}  // namespace

std::vector<Command> MemberCommands() {
  return {{"member list", "", "Prints the members of the cluster", "  stele member list -w table\n",
           [](FlagSet&) -> Runner { return ListMembers; }}};
}

}  // namespace stele::cli
