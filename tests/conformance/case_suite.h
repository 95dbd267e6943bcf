// Runs many cases against one subject.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "tests/conformance/case.h"
#include "tests/conformance/subject.h"

namespace stele::conformance {

struct CaseReport {
  enum class Outcome : std::uint8_t {
    kPassed,
    kFailed,
    kNewer,       // the subject is older than the behaviour
    kDeliberate,  // the subject is known to differ, and docs/compatibility.md says why
    kMissing,     // Stele does not have this yet
    kNoServer,    // needs a server of its own and there is no program to start
  };
  const Case* test = nullptr;
  Outcome outcome = Outcome::kPassed;
  std::vector<std::string> problems;
};

struct SuiteReport {
  std::string subject;
  std::vector<CaseReport> cases;
  std::map<std::string, std::map<int, std::vector<std::string>>> recordings;  // by file and line
  int calls = 0;

  int Count(CaseReport::Outcome outcome) const;
  bool passed() const { return Count(CaseReport::Outcome::kFailed) == 0; }
};

// Cases that share the subject's server run one after another; at the same time `threads` threads
// run those that need a server of their own.
SuiteReport RunCases(const std::vector<Case>& cases, const Subject& subject, int threads);

// Writes what was recorded into the files of `directory`.
absl::Status WriteRecordings(const SuiteReport& report, const std::string& directory);

}  // namespace stele::conformance
