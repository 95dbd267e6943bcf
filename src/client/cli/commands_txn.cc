// txn.
#include <iostream>
#include <memory>

#include "src/client/cli/command.h"
#include "src/client/cli/exit_status.h"
#include "src/client/cli/txn_text.h"

namespace stele::cli {
namespace {

absl::Status RunTxn(bool interactive, Session& session, const std::vector<std::string>& arguments) {
  if (!arguments.empty()) {
    return Failure(kExitBadArguments, "txn command does not accept argument");
  }
  if (absl::Status refused = session.Refuse(Format::kTable); !refused.ok()) return refused;
  auto request = ReadTxn(std::cin, interactive ? &std::cout : nullptr);
  if (!request.ok()) return request.status();
  auto client = session.client();
  if (!client.ok()) return client.status();
  auto response = (*client)->Txn(*request, session.call_options());
  if (!response.ok()) return CallFailure(session, response.status());
  Session::Write(session.MakePrinter()->Txn(*response));
  return absl::OkStatus();
}

Runner PrepareTxn(FlagSet& set) {
  auto interactive = std::make_shared<bool>(false);
  set.Add("interactive", interactive.get(), "Say what is expected next");
  set.Shorthand('i');
  return [interactive](Session& session, const std::vector<std::string>& arguments) {
    return RunTxn(*interactive, session, arguments);
  };
}

}  // namespace

std::vector<Command> TxnCommands() {
  return {
      {"txn", "", "Makes several changes at once, if conditions hold",
       "Reads three parts from the standard input, each ended by an empty line: compares,\n"
       "requests for when all of them hold, requests for when one does not.\n"
       "\n"
       "  stele txn <<'END'\n"
       "  mod(\"lock\") = \"0\"\n"
       "\n"
       "  put lock \"held by me\"\n"
       "\n"
       "  get lock\n"
       "\n"
       "  END\n"
       "\n"
       "A compare is `target(\"key\") op \"value\"` with the targets value, version, create, mod "
       "and\n"
       "lease and the operators =, !=, < and >. Requests are get, put and del with their flags.\n",
       PrepareTxn}};
}

}  // namespace stele::cli
