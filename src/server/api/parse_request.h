// Parses what clients send, and says what is wrong with it in the words of etcd, whose parser is
// gogo/protobuf's: also a known field of another wire type is refused, which protobuf for C++ takes
// for a field of a later version.
//
// Pure; any thread.
#pragma once

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "google/protobuf/message.h"

namespace stele::server {

// The one message of a unary call or of a call that only the server streams. Internal if `bytes`
// are none; then `request` holds anything.
absl::Status ParseRequest(std::string_view bytes, google::protobuf::Message* request);

// The same for one message of a client's stream.
absl::Status ParseStreamMessage(std::string_view bytes, google::protobuf::Message* request);

// The first thing in `bytes` that gogo/protobuf does not take for a message of this type; empty if
// there is none. Reads at most kRequestDepthMax messages deep.
std::string FirstWireFault(std::string_view bytes, const google::protobuf::Descriptor& type);

}  // namespace stele::server
