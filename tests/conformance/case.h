// One case of the suite: a short program with the answers it expects. docs/conformance.md describes
// the language.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "tests/conformance/server_group.h"

namespace stele::conformance {

// Of a server, as in 3.5.16; missing parts are 0.
using Version = std::array<int, 3>;

Version ParseVersion(absl::string_view text);

struct Expectation {
  enum class Kind : std::uint8_t {
    kExact,
    kPartial,
    kError,   // `code` and the exact `text`
    kRecord,  // whatever comes is to be written down
  };
  Kind kind = Kind::kExact;
  std::string code;
  std::string text;
  int line = 0;
};

struct Step {
  enum class Action : std::uint8_t {
    kCall,
    kAwait,  // a call repeated until the expectation holds
    kRetry,  // a call repeated while it is unavailable
    kDo,     // a call whatever comes of it
    kBurst,  // `count` calls at once, each of which succeeds or fails in an expected way
    kTimes,  // a call made `count` times, # being 0, 1, 2, ...
    kOpen,
    kSend,
    kReceive,
    kGather,  // messages joined until they hold as many events as are expected
    kQuiet,
    kEnd,
    kHalfClose,
    kCancel,
    kSleep,
    kTimer,
    kElapsed,  // at least `text` since the timer was set
    kKill,
    kStart,
    kRestart,
    kPause,
    kResume,
    kMetadata,
    kHttp,
    kBytes,
    kFrames,  // a gRPC request with odd headers or bytes
    kCheck,
  };
  Action action = Action::kCall;
  int line = 0;
  int member = 1;
  int count = 1;
  std::string stream;
  std::string method;
  std::string text;  // the request, in text format unless the action says otherwise
  std::vector<Expectation> expected;
};

struct Case {
  std::string file;
  int line = 0;
  std::string name;
  std::vector<int> behaviours;
  Version since{};
  std::string only;     // "stele" or "etcd": the other is known to differ
  std::string differs;  // the row of docs/compatibility.md that says why
  std::string missing;  // what Stele does not have yet, so that the case does not hold there
  std::optional<GroupShape> own_server;
  bool unchanged = false;  // the case must leave the store as it was
  std::vector<Step> steps;
};

// The cases in `text`, the content of `file`. An error names file and line.
absl::StatusOr<std::vector<Case>> ParseCases(const std::string& file, absl::string_view text);

// The cases of every *.txt in `directory`, by file name.
absl::StatusOr<std::vector<Case>> ReadCases(const std::string& directory);

}  // namespace stele::conformance
