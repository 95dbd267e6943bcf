#include "src/client/cli/watch_runner.h"

#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "src/client/cli/exit_status.h"
#include "src/client/cli/go_text.h"

namespace stele::cli {
namespace {

constexpr char kVariablePrefix[] = "ETCD_WATCH_";

// Our own environment with the event's variables in place of older ones.
std::vector<std::string> EnvironmentFor(const mvccpb::Event& event, int64_t revision) {
  std::vector<std::string> variables;
  for (char** variable = environ; *variable != nullptr; ++variable) {
    if (!absl::StartsWith(*variable, kVariablePrefix)) variables.emplace_back(*variable);
  }
  const auto add = [&variables](const char* name, const std::string& value) {
    variables.push_back(absl::StrCat(kVariablePrefix, name, "=", value));
  };
  add("REVISION", absl::StrCat(revision));
  add("EVENT_TYPE", Quote(mvccpb::Event::EventType_Name(event.type())));
  add("KEY", Quote(event.kv().key()));
  add("VALUE", Quote(event.kv().value()));
  return variables;
}

std::vector<char*> Pointers(std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  pointers.reserve(texts.size() + 1);
  for (std::string& text : texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

// Starts the program and waits for its end; how it ends is its own business.
absl::Status RunProgram(std::vector<std::string> program, const mvccpb::Event& event,
                        int64_t revision) {
  std::vector<std::string> environment = EnvironmentFor(event, revision);
  pid_t pid = 0;
  const int error = posix_spawnp(&pid, program[0].c_str(), nullptr, nullptr,
                                 Pointers(program).data(), Pointers(environment).data());
  if (error != 0) {
    return Failure(kExitError,
                   absl::StrCat("cannot run ", Quote(program[0]), ": ", std::strerror(error)));
  }
  int ended = 0;
  while (waitpid(pid, &ended, 0) < 0 && errno == EINTR) {
  }
  return absl::OkStatus();
}

void ReportEnd(const etcdserverpb::WatchResponse& response) {
  std::string reason = response.cancel_reason();
  if (response.compact_revision() != 0) {
    reason = "etcdserver: mvcc: required revision has been compacted";
  } else if (reason.empty()) {
    reason = "etcdserver: mvcc: required revision is a future revision";
  }
  std::fprintf(stderr, "watch was canceled (%s)\n", reason.c_str());
}

}  // namespace

absl::Status RunWatch(const Session& session, client::Watcher& watcher,
                      const std::vector<std::string>& program, absl::Mutex& output) {
  const auto printer = session.MakePrinter();
  while (true) {
    auto response = watcher.Next();
    if (!response.ok()) return CallFailure(session, response.status());
    absl::MutexLock lock(&output);
    if (response->canceled()) ReportEnd(*response);
    if (!response->canceled() && response->events().empty()) {
      Session::Write(absl::StrCat("progress notify: ", response->header().revision(), "\n"));
    }
    Session::Write(printer->Watch(*response));
    if (response->canceled()) {
      return Failure(kExitInterrupted, "watch is canceled by the server");
    }
    if (program.empty()) continue;
    for (const mvccpb::Event& event : response->events()) {
      absl::Status ran = RunProgram(program, event, response->header().revision());
      if (!ran.ok()) return ran;
    }
  }
}

}  // namespace stele::cli
