#include "src/client/cli/exit_status.h"

#include "absl/strings/numbers.h"

namespace stele::cli {
namespace {

constexpr char kExitPayload[] = "stele.exit";

}  // namespace

absl::Status Failure(ExitCode code, const std::string& message) {
  absl::Status status(absl::StatusCode::kUnknown, message);
  status.SetPayload(kExitPayload, absl::Cord(std::to_string(code)));
  return status;
}

ExitCode ExitCodeOf(const absl::Status& status) {
  if (status.ok()) return kExitOk;
  const auto payload = status.GetPayload(kExitPayload);
  int code = kExitError;
  if (payload.has_value() && absl::SimpleAtoi(std::string(*payload), &code)) {
    return static_cast<ExitCode>(code);
  }
  return kExitError;
}

}  // namespace stele::cli
