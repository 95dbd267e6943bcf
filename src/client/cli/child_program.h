// Programs that are run on a user's behalf: for every event of a watch, or while a lock is held.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace stele::cli {

class ChildProgram {
 public:
  // Starts words[0], looked up in the PATH, with the rest as its arguments. `variables`
  // (NAME=value) are added to the environment in place of older ones of the same name. Signals that
  // are blocked here are not blocked there. NotFound says in one line what could not be run.
  static absl::StatusOr<ChildProgram> Start(std::vector<std::string> words,
                                            const std::vector<std::string>& variables);

  // Waits for its end. OK for exit status 0, else `exit status 3` or `signal: killed`, with the
  // exit code (exit_status.h) that a shell would give.
  absl::Status Wait() const;

  // Asks it to end.
  void Terminate() const;

 private:
  explicit ChildProgram(pid_t pid) : pid_(pid) {}
  pid_t pid_;
};

}  // namespace stele::cli
