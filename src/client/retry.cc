#include "src/client/retry.h"

#include <algorithm>
#include <array>
#include <string>

#include "absl/strings/match.h"

namespace stele::client {
namespace {

// Texts of an Unavailable that a client's own transport gives before a request is handed to a
// connection. Servers never answer a request they may have carried out with one of them.
constexpr std::array<const char*, 3> kNothingSentTexts = {
    "there is no address available",
    "there is no connection available",
    "failed to connect to all addresses",
};

constexpr absl::Duration kPauseMin = absl::Milliseconds(25);
constexpr int kDoublingsMax = 5;

}  // namespace

bool NothingWasSent(const absl::Status& status) {
  if (!absl::IsUnavailable(status)) return false;
  return std::ranges::any_of(kNothingSentTexts, [&](const char* text) {
    return absl::StrContains(status.message(), text);
  });
}

bool MayRetry(CallKind kind, const absl::Status& status) {
  if (kind == CallKind::kRead) return absl::IsUnavailable(status);
  return NothingWasSent(status);
}

bool MayReopenStream(const absl::Status& status) {
  return absl::IsUnavailable(status) || absl::IsInternal(status);
}

absl::Duration RetryPause(int attempt) {
  return kPauseMin * (1 << std::clamp(attempt - 1, 0, kDoublingsMax));
}

}  // namespace stele::client
