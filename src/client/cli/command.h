// One command of the program: its names, its words for the help text, and how it runs.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "src/client/cli/flags.h"
#include "src/client/cli/session.h"

namespace stele::cli {

// Runs with the arguments that are not flags. The status carries the exit code.
using Runner = std::function<absl::Status(Session&, const std::vector<std::string>&)>;

struct Command {
  std::string path;       // "get", "lease grant"
  std::string arguments;  // "<key> [range_end]"
  std::string summary;    // one line
  std::string details;    // examples and what else is worth knowing; may be empty
  // Adds the command's own flags and answers what runs with them; the runner owns their targets.
  std::function<Runner(FlagSet&)> prepare;
};

std::vector<Command> KvCommands();           // get, put, del, compaction
std::vector<Command> TxnCommands();          // txn
std::vector<Command> WatchCommands();        // watch
std::vector<Command> LeaseCommands();        // lease ...
std::vector<Command> MemberCommands();       // member ..., move-leader
std::vector<Command> EndpointCommands();     // endpoint status, health, hashkv
std::vector<Command> LockCommands();         // lock, elect
std::vector<Command> MaintenanceCommands();  // alarm ..., defrag
std::vector<Command> CheckCommands();        // check perf, check datascale
std::vector<Command> MirrorCommands();       // make-mirror

}  // namespace stele::cli
