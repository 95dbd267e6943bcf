// Parses what clients may nest deeper than protobuf goes of its own accord, which is 100 messages:
// a transaction holds up to --max-txn-ops others inside each other, two messages each.
#pragma once

#include <google/protobuf/message_lite.h>

#include <string_view>

namespace stele::storage {

// As deep as a request may be. Far from what a thread's stack bears.
inline constexpr int kRequestDepthMax = 1000;
// Whatever was accepted as a request fits into a log entry.
inline constexpr int kCommandDepthMax = kRequestDepthMax + 10;

// False if `bytes` are no such message, or one that is deeper than `depth_max`.
[[nodiscard]] bool ParseDeepMessage(std::string_view bytes, int depth_max,
                                    google::protobuf::MessageLite* message);

}  // namespace stele::storage
