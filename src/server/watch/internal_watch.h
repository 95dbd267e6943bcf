// Watches for handlers of this process: a stream of the hub whose client is a pair of functions.
#pragma once

#include "src/server/api/ports.h"
#include "src/server/watch/watch_hub.h"

namespace stele::server {

class HubWatchSource final : public WatchSource {
 public:
  // The hub outlives this.
  explicit HubWatchSource(WatchHub* hub) : hub_(hub) {}

  std::uint64_t Begin(etcdserverpb::WatchCreateRequest request, WatchListener listener) override;
  void End(std::uint64_t watch) override;

 private:
  WatchHub* const hub_;
};

}  // namespace stele::server
