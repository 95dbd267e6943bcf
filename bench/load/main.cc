// stele-bench: loads an etcd v3 endpoint (docs/performance.md).
//
// Exit code 0: the load ran, even if operations failed. 1: it could not start, or was given up.
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstdio>
#include <string>

#include "bench/load/options.h"
#include "bench/load/report.h"
#include "bench/load/run.h"

namespace {

constexpr int kLinesApart = 5;  // progress reports between two lines when stderr is not a terminal

std::atomic<bool> stop = false;

// The first Ctrl-C ends the run with a report, the second one ends the program.
void StopOnSignal(int signal) {
  stop.store(true, std::memory_order_relaxed);
  std::signal(signal, SIG_DFL);
}

// One line that renews itself on a terminal, otherwise a line every few seconds.
class ProgressLine {
 public:
  ProgressLine() : terminal_(::isatty(STDERR_FILENO) == 1) {}

  void Show(const stele::load::Progress& progress) {
    const std::string text = stele::load::FormatProgress(progress);
    if (terminal_) {
      std::fprintf(stderr, "\r\033[K%s", text.c_str());
    } else if (++reports_ % kLinesApart == 0) {
      std::fprintf(stderr, "%s\n", text.c_str());
    }
  }
  void Clear() const {
    if (terminal_) std::fputs("\r\033[K", stderr);
  }

 private:
  const bool terminal_;
  int reports_ = 0;
};

int Fail(const absl::Status& status) {
  std::fprintf(stderr, "stele-bench: %s\n", std::string(status.message()).c_str());
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  const absl::StatusOr<stele::load::CommandLine> command =
      stele::load::ParseCommandLine(argc, argv);
  if (!command.ok()) return Fail(command.status());
  if (!command->options.has_value()) {
    std::fputs(command->text.c_str(), stdout);
    return 0;
  }
  const stele::load::Options& options = *command->options;
  std::signal(SIGINT, StopOnSignal);
  std::signal(SIGTERM, StopOnSignal);

  ProgressLine line;
  const absl::StatusOr<stele::load::RunResult> result = stele::load::Run(
      options, stop, [&line](const stele::load::Progress& progress) { line.Show(progress); });
  line.Clear();
  if (!result.ok()) return Fail(result.status());
  const std::string report = options.json ? stele::load::FormatJson(options, *result)
                                          : stele::load::FormatTable(options, *result);
  std::fputs(report.c_str(), stdout);
  return result->given_up.empty() ? 0 : 1;
}
