#include "tests/process/server_process.h"

#include <absl/time/clock.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <system_error>

#include "src/raft/check.h"

namespace stele::process {
namespace {

// Runs in the child between fork and exec: only system calls are allowed here.
[[noreturn]] void Become(char* const* arguments, int output, pid_t parent) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(127);  // The parent died before it could take us along.
  dup2(output, STDOUT_FILENO);
  dup2(output, STDERR_FILENO);
  close_range(3, ~0U, 0);
  execv(arguments[0], arguments);
  _exit(127);
}

}  // namespace

std::filesystem::path ServerBinary() {
  const char* named = std::getenv("STELE_SERVER_BINARY");
  return named != nullptr ? named : STELE_BIN_DIR "/steled";
}

std::filesystem::path CommandLineBinary() { return STELE_BIN_DIR "/stele"; }

bool ServerIsStele() { return ServerBinary().filename() == "steled"; }

ServerProcess::ServerProcess(const std::filesystem::path& binary,
                             const std::vector<std::string>& arguments, std::filesystem::path log)
    : log_(std::move(log)) {
  std::vector<std::string> words{binary.string()};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<char*> pointers;
  for (std::string& word : words) pointers.push_back(word.data());
  pointers.push_back(nullptr);

  const int output = open(log_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  STELE_CHECK(output >= 0);
  log_start_ = std::filesystem::file_size(log_);
  const pid_t parent = getpid();
  pid_ = fork();
  STELE_CHECK(pid_ >= 0);
  if (pid_ == 0) Become(pointers.data(), output, parent);
  close(output);
}

ServerProcess::~ServerProcess() {
  Signal(SIGKILL);
  WaitForExit(absl::Seconds(10));
}

void ServerProcess::Signal(int signal) {
  // A child that was not yet waited for keeps its id, so this never hits a stranger.
  if (running()) kill(pid_, signal);
}

std::optional<int> ServerProcess::WaitForExit(absl::Duration timeout) {
  if (exit_code_) return exit_code_;
  int status = 0;
  pid_t ended = waitpid(pid_, &status, WNOHANG);
  if (ended == 0 && timeout > absl::ZeroDuration()) {
    const int pidfd = static_cast<int>(syscall(SYS_pidfd_open, pid_, 0));
    STELE_CHECK(pidfd >= 0);
    pollfd wait{.fd = pidfd, .events = POLLIN, .revents = 0};
    poll(&wait, 1, static_cast<int>(absl::ToInt64Milliseconds(timeout)));
    close(pidfd);
    ended = waitpid(pid_, &status, WNOHANG);
  }
  if (ended == pid_) exit_code_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return exit_code_;
}

std::string ServerProcess::Output() const {
  std::ifstream file(log_, std::ios::binary);
  file.seekg(static_cast<std::streamoff>(log_start_));
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace stele::process
