// steled: parses the command line, runs one member until a signal, and says how it went by the exit
// code: 1 for anything that keeps it from starting (2, as etcd, for a word of the command line that
// is wrong by itself), 3 when the cluster has removed this member; a signal that ended it is the
// process's end. SIGHUP reopens the files of the log.
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cinttypes>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <initializer_list>
#include <string>
#include <vector>

#include "spdlog/spdlog.h"
#include "src/server/flags/command_line.h"
#include "src/server/logging.h"
#include "src/server/node.h"
#include "src/server/service_notify.h"

namespace {

sigset_t SetOf(std::initializer_list<int> signal_numbers) {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int signal_number : signal_numbers) sigaddset(&signals, signal_number);
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

// Reopens the log if that was asked for while nobody waited for signals.
void TakePendingHangup() {
  const sigset_t hangup = SetOf({SIGHUP});
  const timespec at_once = {};
  if (sigtimedwait(&hangup, nullptr, &at_once) == SIGHUP) stele::server::ReopenLogs();
}

bool StopAsked() {
  TakePendingHangup();
  return PendingStopSignal() != 0;
}

// Waits for a stop signal, and returns it; a hangup meanwhile reopens the log.
int AwaitStopSignal(const sigset_t& signals) {
  int signal_number = 0;
  while (true) {
    sigwait(&signals, &signal_number);
    if (signal_number != SIGHUP) return signal_number;
    stele::server::ReopenLogs();
  }
}

stele::server::Environment ReadEnvironment() {
  stele::server::Environment environment;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string text = *entry;
    const std::size_t equals = text.find('=');
    if (equals != std::string::npos) {
      environment.emplace(text.substr(0, equals), text.substr(equals + 1));
    }
  }
  return environment;
}

// Waits for the thread that replaces this process.
[[noreturn]] void AwaitReplacement() {
  while (true) pause();
}

int FailToStart(const std::string& message) {
  stele::server::StopLogging();
  std::fprintf(stderr, "steled: %s\n", message.c_str());
  return 1;
}

// Before logging has begun.
int RefuseOptions(const absl::Status& status) {
  std::fprintf(stderr, "steled: %s\n", std::string(status.message()).c_str());
  return absl::IsInvalidArgument(status) ? 2 : 1;
}

// Where the value came from that the error is about, and the cause.
std::string Describe(const stele::server::Options& options, const absl::Status& status) {
  return stele::server::WithOrigin(options, std::string(status.message()));
}

absl::Status BeginLog(const stele::server::CommandLine& command_line) {
  const stele::server::Options& options = command_line.options;
  absl::Status status = stele::server::StartLogging({.level = options.log_level,
                                                     .format = options.log_format,
                                                     .format_given = options.Given("log-format"),
                                                     .outputs = options.log_outputs});
  if (!status.ok()) {
    return absl::FailedPreconditionError(options.Origin("log-outputs") + ": " +
                                         std::string(status.message()));
  }
  for (const std::string& warning : command_line.warnings) spdlog::warn("{}", warning);
  return absl::OkStatus();
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
  const sigset_t signals = SetOf({signal_number});
  std::raise(signal_number);
  pthread_sigmask(SIG_UNBLOCK, &signals, nullptr);
  std::exit(128 + signal_number);  // as process 1, which ignores it
}

}  // namespace

int main(int argc, char** argv) {
  absl::StatusOr<stele::server::CommandLine> command_line = stele::server::ParseCommandLine(
      std::vector<std::string>(argv + 1, argv + argc), ReadEnvironment());
  if (!command_line.ok()) return RefuseOptions(command_line.status());
  if (command_line->outcome == stele::server::CommandLineOutcome::kPrintAndExit) {
    std::fputs(command_line->text.c_str(), stdout);
    return 0;
  }
  umask(077);
  std::signal(SIGPIPE, SIG_IGN);
  const sigset_t signals = SetOf({SIGINT, SIGTERM, SIGHUP});
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);  // inherited by every thread; main waits for them

  const stele::server::Options& options = command_line->options;
  if (absl::Status status = BeginLog(*command_line); !status.ok()) return RefuseOptions(status);
  stele::server::Node node(&options);
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
    return node.removed() ? EndRemoved(node) : FailToStart(Describe(options, status));
  }
  absl::Status status = node.ServeClients(StopAsked);
  if (!status.ok() && !absl::IsCancelled(status)) {
    if (node.starts_over()) AwaitReplacement();
    node.Stop();
    return FailToStart(Describe(options, status));
  }
  if (status.ok()) {
    // Programs that start etcd wait for this text.
    spdlog::info("ready to serve client requests");
    stele::server::NotifyServiceManager("READY=1");
  }
  const int signal_number = AwaitStopSignal(signals);
  if (!node.removed()) spdlog::info("received signal {}, shutting down", signal_number);
  stele::server::NotifyServiceManager("STOPPING=1");
  node.Stop();
  spdlog::info("stopped");
  if (node.removed()) return EndRemoved(node);
  stele::server::StopLogging();
  DieOf(signal_number);
}
