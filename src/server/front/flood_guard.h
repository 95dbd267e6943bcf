// Notices clients that keep a connection busy without asking for anything: pure counting, time is
// passed in.
#pragma once

#include <algorithm>
#include <cstdint>

#include "absl/time/time.h"

namespace stele::server {

// Holds at most `burst` tokens and gains `per_second`, which is at least 1.
class TokenBucket {
 public:
  TokenBucket(std::uint64_t burst, std::uint64_t per_second)
      : burst_(burst), per_second_(std::max<std::uint64_t>(1, per_second)), tokens_(burst) {}

  [[nodiscard]] bool Take(std::int64_t now_ns);
  // Tokens earned by useful work.
  void Add(std::uint64_t tokens);

 private:
  const std::uint64_t burst_;
  const std::uint64_t per_second_;
  std::uint64_t tokens_;
  std::int64_t last_ns_ = 0;
};

class FloodGuard {
 public:
  FloodGuard(std::uint64_t control_burst, std::uint64_t control_per_second,
             absl::Duration min_ping_interval)
      : control_frames_(control_burst, control_per_second), min_ping_interval_(min_ping_interval) {}

  // A frame that is no request and no body (PING, SETTINGS, WINDOW_UPDATE, PRIORITY, an empty
  // DATA...) arrived. False: too many.
  [[nodiscard]] bool OnControlFrame(std::int64_t now_ns) { return control_frames_.Take(now_ns); }
  // Header or body bytes arrived or left; peers answer those with control frames of their own.
  void OnWork() { control_frames_.Add(4); }

  // A keepalive PING arrived; gRPC's rule. False on the third one that came too early.
  [[nodiscard]] bool OnPing(std::int64_t now_ns, bool has_streams);
  // Clients also ping to measure the bandwidth of what we send; such pings are no strikes.
  void OnDataSent() { ping_forgiven_ = true; }

 private:
  TokenBucket control_frames_;
  const absl::Duration min_ping_interval_;
  std::int64_t last_ping_ns_ = 0;
  int ping_strikes_ = 0;
  bool ping_forgiven_ = false;
};

}  // namespace stele::server
