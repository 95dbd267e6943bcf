// watch.
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <list>
#include <memory>
#include <thread>

#include "absl/strings/str_cat.h"
#include "src/client/cli/command.h"
#include "src/client/cli/exit_status.h"
#include "src/client/cli/kv_requests.h"
#include "src/client/cli/txn_text.h"
#include "src/client/cli/watch_runner.h"
#include "src/client/watcher.h"

namespace stele::cli {
namespace {

struct WatchFlags {
  bool interactive = false;
  bool prefix = false;
  bool prev_kv = false;
  bool progress_notify = false;
  int64_t revision = 0;

  void Register(FlagSet& flags) {
    flags.Add("interactive", &interactive, "Read `watch` lines from the standard input");
    flags.Shorthand('i');
    flags.Add("prefix", &prefix, "All keys that start with the given one");
    flags.Add("prev-kv", &prev_kv, "Print the pair as it was before the event, too");
    flags.Add("progress-notify", &progress_notify, "Print from time to time how far the watch is");
    flags.Add("rev", &revision, "Start with the events of this revision; 0 means from now on");
  }
};

// What one watch line or command line asks for.
struct WatchOrder {
  etcdserverpb::WatchCreateRequest request;
  std::vector<std::string> program;
};

std::string FromEnvironment(const char* name) {
  for (const char* prefix : {"STELE_WATCH_", "ETCDCTL_WATCH_"}) {
    const char* value = std::getenv(absl::StrCat(prefix, name).c_str());
    if (value != nullptr) return value;
  }
  return "";
}

absl::StatusOr<WatchOrder> BuildOrder(const WatchFlags& flags, const FlagSet& set,
                                      Arguments arguments) {
  WatchOrder order;
  if (const auto dash = set.arguments_before_dash(); dash.has_value()) {
    const auto split = arguments.begin() + static_cast<std::ptrdiff_t>(*dash);
    order.program.assign(split, arguments.end());
    arguments.erase(split, arguments.end());
  }
  if (arguments.empty()) {
    // Scripts may name what they watch in the environment.
    const std::string key = FromEnvironment("KEY");
    if (key.empty()) return Failure(kExitBadArguments, "bad number of arguments");
    arguments.push_back(key);
    const std::string range_end = FromEnvironment("RANGE_END");
    if (!range_end.empty()) arguments.push_back(range_end);
  }
  if (flags.prefix && arguments.size() > 1) {
    return Failure(kExitBadArguments, "`range_end` and `--prefix` are mutually exclusive");
  }
  KeyRange range{arguments[0], arguments.size() > 1 ? arguments[1] : ""};
  if (flags.prefix) range = KeyRange::Prefix(arguments[0]);
  order.request.set_key(range.key);
  order.request.set_range_end(range.end);
  order.request.set_start_revision(flags.revision);
  order.request.set_prev_kv(flags.prev_kv);
  order.request.set_progress_notify(flags.progress_notify);
  return order;
}

// Watches that were asked for line by line, each in a thread of its own.
class InteractiveWatches {
 public:
  InteractiveWatches(const Session& session, const client::Client& client)
      : session_(session), client_(client) {}
  InteractiveWatches(const InteractiveWatches&) = delete;
  InteractiveWatches& operator=(const InteractiveWatches&) = delete;

  ~InteractiveWatches() {
    for (Running& running : running_) running.watcher.Cancel();
    for (Running& running : running_) running.thread.join();
  }

  // Answers what is wrong with the line, if anything.
  std::string Start(const std::string& line) {
    const std::vector<std::string> words = SplitWords(line);
    if (words.empty()) return "";
    if (words[0] != "watch") {
      return absl::StrCat("Invalid command ", words[0], " (only support watch)");
    }
    WatchFlags flags;
    FlagSet set;
    flags.Register(set);
    auto arguments = set.Parse({words.begin() + 1, words.end()});
    if (!arguments.ok() || arguments->empty()) {
      return absl::StrCat("Invalid command ", line, " (command type or key is not provided)");
    }
    auto order = BuildOrder(flags, set, *arguments);
    if (!order.ok()) {
      return absl::StrCat("Invalid command ", line, " (", std::string(order.status().message()),
                          ")");
    }
    Running& running = running_.emplace_back(client_, order->request);
    running.thread = std::thread([this, &running, program = order->program] {
      const absl::Status end = RunWatch(session_, running.watcher, program, output_);
      if (ExitCodeOf(end) == kExitError && !end.message().empty() && !running.watcher.cancelled()) {
        std::fprintf(stderr, "Error: %s\n", std::string(end.message()).c_str());
      }
    });
    return "";
  }

 private:
  struct Running {
    Running(const client::Client& client, const etcdserverpb::WatchCreateRequest& request)
        : watcher(client, request) {}
    client::Watcher watcher;
    std::thread thread;
  };

  const Session& session_;
  const client::Client& client_;
  absl::Mutex output_;
  std::list<Running> running_;
};

absl::Status RunInteractive(const Session& session, const client::Client& client) {
  InteractiveWatches watches(session, client);
  std::string line;
  while (std::getline(std::cin, line)) {
    const std::string problem = watches.Start(line);
    if (!problem.empty()) std::fprintf(stderr, "%s\n", problem.c_str());
  }
  return Failure(kExitInvalidInput, "Error reading watch request line: EOF");
}

Runner PrepareWatch(FlagSet& set) {
  auto flags = std::make_shared<WatchFlags>();
  flags->Register(set);
  return [flags, &set](Session& session, const Arguments& arguments) -> absl::Status {
    if (absl::Status refused = session.Refuse(Format::kTable); !refused.ok()) return refused;
    auto client = session.client();
    if (!client.ok()) return client.status();
    if (flags->interactive) return RunInteractive(session, **client);
    auto order = BuildOrder(*flags, set, arguments);
    if (!order.ok()) return order.status();
    client::Watcher watcher(**client, order->request);
    absl::Mutex output;
    return RunWatch(session, watcher, order->program, output);
  };
}

}  // namespace

std::vector<Command> WatchCommands() {
  return {
      {"watch", "<key> [range_end] [-- program arguments...]", "Prints changes as they happen",
       "  stele watch greeting                     from now on\n"
       "  stele watch --prefix jobs/ --rev=1200    also what has happened since revision 1200\n"
       "  stele watch config -- ./reload           runs a program for every event, with\n"
       "                                           ETCD_WATCH_KEY and so on in its environment\n"
       "  stele watch -i                           reads such lines from the standard input\n"
       "\n"
       "A watch goes on by itself on another member when its own goes away.\n",
       PrepareWatch}};
}

}  // namespace stele::cli
