// Which failed calls may be sent again. Pure.
//
// A read changes nothing and may be repeated while servers are unavailable. A write whose fate is
// unknown must not be repeated, for it would happen twice; it may be sent again only when it is
// certain that it never left this process.
#pragma once

#include "absl/status/status.h"
#include "absl/time/time.h"

namespace stele::client {

enum class CallKind { kRead, kWrite };

// True when `status` proves that no server has seen the request.
bool NothingWasSent(const absl::Status& status);

// Whether a call of `kind` that ended with `status` may be sent again.
bool MayRetry(CallKind kind, const absl::Status& status);

// Whether a broken watch or keep-alive stream is to be opened again. Other errors are final.
bool MayReopenStream(const absl::Status& status);

// The pause before try number `attempt` (1 is the first repetition): doubling and bounded.
absl::Duration RetryPause(int attempt);

}  // namespace stele::client
