// One server as a child of the test: started, signalled, waited for. Its standard output and error
// go to a file. The child dies with the thread that started it, so start it from the thread of the
// test itself, never from a short-lived one.
#pragma once

#include <absl/time/time.h>
#include <sys/types.h>

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace stele::process {

// The program under test: $STELE_SERVER_BINARY, or steled of this build.
std::filesystem::path ServerBinary();

// `stele` of this build.
std::filesystem::path CommandLineBinary();

// True if the program is steled, whose stricter promises (exit codes, messages) are checked too.
bool ServerIsStele();

class ServerProcess {
 public:
  // Starts `binary` with `arguments`, appending its output to `log`.
  ServerProcess(const std::filesystem::path& binary, const std::vector<std::string>& arguments,
                std::filesystem::path log);
  // Kills the child if it still runs.
  ~ServerProcess();
  ServerProcess(const ServerProcess&) = delete;
  ServerProcess& operator=(const ServerProcess&) = delete;

  // Sends the signal and returns at once. No effect on a child that has ended.
  void Signal(int signal);

  // Waits for the end of the child. Returns its exit code, or 128 + the signal that ended it, or
  // nothing if it still runs after `timeout`.
  std::optional<int> WaitForExit(absl::Duration timeout);

  bool running() { return !WaitForExit(absl::ZeroDuration()).has_value(); }

  // What this start of the child has written so far, without what earlier ones left in the file.
  std::string Output() const;

 private:
  std::filesystem::path log_;
  std::uintmax_t log_start_ = 0;
  pid_t pid_ = -1;
  std::optional<int> exit_code_;
};

}  // namespace stele::process
