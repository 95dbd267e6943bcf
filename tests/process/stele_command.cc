#include "tests/process/stele_command.h"

#include <absl/strings/str_cat.h>
#include <absl/strings/str_join.h>
#include <absl/strings/str_replace.h>
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <array>
#include <cstdio>

#include "src/raft/check.h"
#include "tests/process/server_process.h"

namespace stele::process {
namespace {

std::string ShellWord(const std::string& word) {
  return absl::StrCat("'", absl::StrReplaceAll(word, {{"'", "'\\''"}}), "'");
}

}  // namespace

CommandOutcome RunStele(const std::vector<std::string>& endpoints,
                        const std::vector<std::string>& words) {
  std::string line = ShellWord(CommandLineBinary().string());
  absl::StrAppend(&line, " --endpoints=", ShellWord(absl::StrJoin(endpoints, ",")),
                  " --command-timeout=15s");
  for (const std::string& word : words) absl::StrAppend(&line, " ", ShellWord(word));
  FILE* pipe = popen((line + " 2>&1").c_str(), "r");
  STELE_CHECK(pipe != nullptr);
  CommandOutcome outcome;
  std::array<char, 4096> buffer{};
  while (const std::size_t bytes = fread(buffer.data(), 1, buffer.size(), pipe)) {
    outcome.output.append(buffer.data(), bytes);
  }
  const int status = pclose(pipe);
  outcome.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  return outcome;
}

std::string Stele(const std::vector<std::string>& endpoints,
                  const std::vector<std::string>& words) {
  CommandOutcome outcome = RunStele(endpoints, words);
  EXPECT_EQ(outcome.exit_code, 0) << absl::StrJoin(words, " ") << ": " << outcome.output;
  return std::move(outcome.output);
}

std::string EnvironmentValue(const std::string& output, const std::string& name) {
  const std::string start = absl::StrCat("\n", name, "=\"");
  const std::size_t at = output.find(start);
  EXPECT_NE(at, std::string::npos) << name << " is not in " << output;
  if (at == std::string::npos) return "";
  const std::size_t begin = at + start.size();
  return output.substr(begin, output.find('"', begin) - begin);
}

}  // namespace stele::process
