// steled: parses the command line, runs one member until a signal, and says how it went by the exit
// code: 1 for anything that keeps it from starting, 3 when the cluster has removed this member; a
// signal that ended it is the process's end.
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cinttypes>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "spdlog/spdlog.h"
#include "src/server/logging.h"
#include "src/server/node.h"
#include "src/server/options.h"
#include "src/server/service_notify.h"

namespace {

sigset_t StopSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  return signals;
}

// The stop signal that came while nobody waited for one; 0 if none did.
int PendingStopSignal() {
  sigset_t pending;
  sigpending(&pending);
  for (const int signal_number : {SIGINT, SIGTERM}) {
    if (sigismember(&pending, signal_number) == 1) return signal_number;
  }
  return 0;
}

bool StopAsked() { return PendingStopSignal() != 0; }

// Waits for the thread that replaces this process.
[[noreturn]] void AwaitReplacement() {
  while (true) pause();
}

int FailToStart(const absl::Status& status) {
  stele::server::StopLogging();
  std::fprintf(stderr, "steled: %s\n", std::string(status.message()).c_str());
  return 1;
}

constexpr int kExitRemoved = 3;

int EndRemoved(const stele::server::Node& node) {
  stele::server::StopLogging();
  std::fprintf(stderr,
               "steled: member %" PRIx64
               ": the member has been permanently removed from the cluster; its data directory is "
               "of no further use\n",
               node.member_id());
  return kExitRemoved;
}

// Ends the process by the signal itself, as its parent expects.
[[noreturn]] void DieOf(int signal_number) {
  std::signal(signal_number, SIG_DFL);
  const sigset_t signals = StopSignals();
  std::raise(signal_number);
  pthread_sigmask(SIG_UNBLOCK, &signals, nullptr);
  std::exit(128 + signal_number);  // as process 1, which ignores it
}

}  // namespace

int main(int argc, char** argv) {
  absl::StatusOr<stele::server::CommandLine> command_line = stele::server::ParseCommandLine(
      std::vector<std::string>(argv + 1, argv + argc), [](const char* name) {
        return static_cast<const char*>(std::getenv(name));  // NOLINT(concurrency-mt-unsafe)
      });
  if (!command_line.ok()) return FailToStart(command_line.status());
  if (command_line->outcome == stele::server::CommandLineOutcome::kPrintAndExit) {
    std::fputs(command_line->text.c_str(), stdout);
    return 0;
  }
  umask(077);
  std::signal(SIGPIPE, SIG_IGN);
  const sigset_t signals = StopSignals();
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);  // inherited by every thread; main waits for them

  stele::server::StartLogging(command_line->options.log_level);
  stele::server::Node node(&command_line->options);
  node.set_on_removed([] { kill(getpid(), SIGTERM); });
  // The same process and arguments: whoever supervises this one need not know.
  node.set_start_over([argv] {
    stele::server::StopLogging();
    execv("/proc/self/exe", argv);
    std::_Exit(1);
  });
  if (absl::Status status = node.Start(StopAsked); !status.ok()) {
    if (node.starts_over()) AwaitReplacement();
    if (absl::IsCancelled(status)) DieOf(PendingStopSignal());
    return node.removed() ? EndRemoved(node) : FailToStart(status);
  }
  absl::Status status = node.ServeClients(StopAsked);
  if (!status.ok() && !absl::IsCancelled(status)) {
    if (node.starts_over()) AwaitReplacement();
    node.Stop();
    return FailToStart(status);
  }
  if (status.ok()) {
    // Programs that start etcd wait for this text.
    spdlog::info("ready to serve client requests");
    stele::server::NotifyServiceManager("READY=1");
  }
  int signal_number = 0;
  sigwait(&signals, &signal_number);
  if (!node.removed()) spdlog::info("received signal {}, shutting down", signal_number);
  stele::server::NotifyServiceManager("STOPPING=1");
  node.Stop();
  spdlog::info("stopped");
  if (node.removed()) return EndRemoved(node);
  stele::server::StopLogging();
  DieOf(signal_number);
}
