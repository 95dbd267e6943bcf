#include "src/server/front/flood_guard.h"

#include <algorithm>

namespace stele::server {
namespace {

constexpr int kPingStrikesMax = 2;
// How often a client without a call may ping, as in grpc-go.
constexpr absl::Duration kIdlePingInterval = absl::Hours(2);
constexpr std::int64_t kNanosecondsPerSecond = 1'000'000'000;

}  // namespace

bool TokenBucket::Take(std::int64_t now_ns) {
  const std::int64_t step_ns =
      std::max<std::int64_t>(1, kNanosecondsPerSecond / static_cast<std::int64_t>(per_second_));
  const std::int64_t gained = (now_ns - last_ns_) / step_ns;
  if (gained > 0) {
    Add(static_cast<std::uint64_t>(gained));
    last_ns_ += gained * step_ns;
  }
  if (tokens_ == 0) return false;
  --tokens_;
  return true;
}

void TokenBucket::Add(std::uint64_t tokens) { tokens_ = std::min(burst_, tokens_ + tokens); }

bool FloodGuard::OnPing(std::int64_t now_ns, bool has_streams) {
  const absl::Duration since = absl::Nanoseconds(now_ns - last_ping_ns_);
  const bool first = last_ping_ns_ == 0;
  last_ping_ns_ = now_ns;
  if (ping_forgiven_) {
    ping_forgiven_ = false;
    ping_strikes_ = 0;
    return true;
  }
  if (first) return true;
  if (since >= (has_streams ? min_ping_interval_ : kIdlePingInterval)) return true;
  return ++ping_strikes_ <= kPingStrikesMax;
}

}  // namespace stele::server
