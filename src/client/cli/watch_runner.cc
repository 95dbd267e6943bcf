#include "src/client/cli/watch_runner.h"

#include <cstdio>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "src/client/cli/child_program.h"
#include "src/client/cli/exit_status.h"
#include "src/client/cli/go_text.h"

namespace stele::cli {
namespace {

std::vector<std::string> VariablesOf(const mvccpb::Event& event, int64_t revision) {
  return {
      absl::StrCat("ETCD_WATCH_REVISION=", revision),
      absl::StrCat("ETCD_WATCH_EVENT_TYPE=", Quote(mvccpb::Event::EventType_Name(event.type()))),
      absl::StrCat("ETCD_WATCH_KEY=", Quote(event.kv().key())),
      absl::StrCat("ETCD_WATCH_VALUE=", Quote(event.kv().value()))};
}

// Runs the program to its end. One that fails ends the watch.
absl::Status RunFor(const std::vector<std::string>& program, const mvccpb::Event& event,
                    int64_t revision) {
  auto child = ChildProgram::Start(program, VariablesOf(event, revision));
  absl::Status end = child.ok() ? child->Wait() : child.status();
  if (end.ok()) return end;
  const auto quoted = [](std::string* out, const std::string& word) { *out += Quote(word); };
  std::fprintf(stderr, "command [%s] error (%s)\n", absl::StrJoin(program, " ", quoted).c_str(),
               std::string(end.message()).c_str());
  return Failure(kExitError, "");
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
      absl::Status ran = RunFor(program, event, response->header().revision());
      if (!ran.ok()) return ran;
    }
  }
}

}  // namespace stele::cli
