// One HTTP/2 request, as odd as one likes, on a connection of its own.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace stele::conformance {

struct H2Request {
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
};

// The request of a gRPC call to `path` with changes: `name=value` replaces or adds a header,
// `name=` leaves it out, a text in quotation marks (with C escapes) is the body.
H2Request OddRequest(const std::string& path, absl::string_view changes);

// Sends it and says what came of it: "200 grpc-status 12", "415", "reset", "closed" (the
// connection) or "nothing" if there was no end within `limit`.
std::string ProbeH2(const std::string& address, const H2Request& request, absl::Duration limit);

}  // namespace stele::conformance
