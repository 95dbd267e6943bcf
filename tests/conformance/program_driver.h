// Runs programs on one server.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "tests/conformance/program.h"
#include "tests/conformance/wire_client.h"

namespace stele::conformance {

struct ProgramOutcome {
  std::int64_t start = 0;              // the revision all others are relative to
  std::vector<ProgramAnswer> answers;  // one for each operation
  // What is asked at the end: the store at every revision that is left (or one hash over all of
  // them), and the keys of every lease.
  std::vector<Operation> questions;
  std::vector<ProgramAnswer> final_answers;
};

class ProgramDriver {
 public:
  // The server belongs to programs alone: everything in it is deleted before each of them.
  explicit ProgramDriver(const std::string& address) : client_(address) {}

  // An error means that the server could not be brought to the start.
  absl::StatusOr<ProgramOutcome> Run(const Program& program);

  // Instead of taking the hash for it, at the end.
  void LookAtEveryRevision(bool look) { looks_at_every_revision_ = look; }

 private:
  absl::Status GoToStart();
  ProgramAnswer Ask(const Operation& operation);
  void AskFinally(ProgramOutcome* outcome);
  static std::vector<std::int64_t> Leases(const ProgramAnswer& list);

  WireClient client_;
  std::int64_t start_ = 0;
  std::int64_t newest_ = 0;  // the revision of the last answer
  bool looks_at_every_revision_ = false;
};

}  // namespace stele::conformance
