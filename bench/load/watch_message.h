// Reads just what a load generator wants to know of a WatchResponse, without building messages: a
// fan-out delivers hundreds of thousands of events a second.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace stele::load {

struct WatchMessage {
  bool created = false;
  bool canceled = false;
  std::string_view cancel_reason;
  std::size_t events = 0;
};

// nullopt if the bytes are not a WatchResponse. The values of the events' keys are appended to
// `values`, which may be null; all views are into `bytes`.
std::optional<WatchMessage> ReadWatchMessage(std::string_view bytes,
                                             std::vector<std::string_view>* values);

}  // namespace stele::load
