// Where a member listens, as the user writes it and as sockets want it.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "bench/load/unique_fd.h"

namespace stele::load {

struct Endpoint {
  std::string authority;  // host:port, also the HTTP/2 :authority
  sockaddr_storage address = {};
  socklen_t address_bytes = 0;
};

// Accepts host:port and http://host:port; looks the host up (blocking).
absl::StatusOr<Endpoint> ResolveEndpoint(std::string_view text);

// A non-blocking socket whose connection is established or under way; the latter is decided once
// the socket becomes writable, see ConnectResult.
absl::StatusOr<UniqueFd> BeginConnect(const Endpoint& endpoint);
// REQUIRES: the socket of BeginConnect has become writable.
absl::Status ConnectResult(int fd);

}  // namespace stele::load
