#include "src/client/cli/child_program.h"

#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "src/client/cli/exit_status.h"
#include "src/client/cli/go_text.h"

namespace stele::cli {
namespace {

std::vector<std::string> EnvironmentWith(const std::vector<std::string>& variables) {
  std::vector<std::string> all = variables;
  for (char** variable = environ; *variable != nullptr; ++variable) {
    const std::string text = *variable;
    const std::string name = text.substr(0, text.find('=') + 1);
    const bool replaced = std::ranges::any_of(
        variables, [&name](const std::string& ours) { return absl::StartsWith(ours, name); });
    if (!replaced) all.push_back(text);
  }
  return all;
}

std::vector<char*> Pointers(std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  pointers.reserve(texts.size() + 1);
  for (std::string& text : texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

std::string Reason(const std::string& program, int error) {
  if (error == ENOENT && !absl::StrContains(program, "/")) {
    return absl::StrCat("exec: ", Quote(program), ": executable file not found in $PATH");
  }
  return absl::StrCat(
      "fork/exec ", program, ": ",
      absl::AsciiStrToLower(std::strerror(error)));  // NOLINT(concurrency-mt-unsafe)
}

}  // namespace

absl::StatusOr<ChildProgram> ChildProgram::Start(std::vector<std::string> words,
                                                 const std::vector<std::string>& variables) {
  std::vector<std::string> environment = EnvironmentWith(variables);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t none;
  sigemptyset(&none);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
  pid_t pid = 0;
  const int error = posix_spawnp(&pid, words[0].c_str(), nullptr, &attributes,
                                 Pointers(words).data(), Pointers(environment).data());
  posix_spawnattr_destroy(&attributes);
  if (error != 0) return absl::NotFoundError(Reason(words[0], error));
  return ChildProgram(pid);
}

absl::Status ChildProgram::Wait() const {
  int ended = 0;
  while (waitpid(pid_, &ended, 0) < 0 && errno == EINTR) {
  }
  if (WIFSIGNALED(ended)) {
    constexpr int kShellSignalBase = 128;
    const int signal = WTERMSIG(ended);
    return Failure(static_cast<ExitCode>(kShellSignalBase + signal),
                   absl::StrCat("signal: ", absl::AsciiStrToLower(sigdescr_np(signal))));
  }
  const int code = WEXITSTATUS(ended);
  if (code == 0) return absl::OkStatus();
  return Failure(static_cast<ExitCode>(code), absl::StrCat("exit status ", code));
}

void ChildProgram::Terminate() const { kill(pid_, SIGTERM); }

}  // namespace stele::cli
