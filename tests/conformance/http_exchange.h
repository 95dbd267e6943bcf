// HTTP/1.1 in bytes: what a careless or hostile client may send, and what comes back.
#pragma once

#include <map>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace stele::conformance {

struct HttpResponse {
  int status = 0;
  std::map<std::string, std::string> headers;  // names in lower case
  std::string body;
};

// Sends `bytes` to `address` (host:port) and reads one response. Unavailable if the server cannot
// be reached or closes without a response, DeadlineExceeded if it says nothing within `limit`.
absl::StatusOr<HttpResponse> ExchangeHttp(const std::string& address, absl::string_view bytes,
                                          absl::Duration limit);

// A well-formed request. A body is sent as JSON.
std::string HttpRequest(absl::string_view method, absl::string_view path, absl::string_view body);

// A connected TCP socket to `address` (IPv4 and a port), or -1.
int ConnectTo(const std::string& address);

}  // namespace stele::conformance
