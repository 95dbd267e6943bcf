// Socket addresses as people write them: "127.0.0.1:2379", "[::1]:2379", "localhost:2379",
// "unix:/run/stele.sock".
#pragma once

#include <sys/socket.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace stele::server {

struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t length = 0;

  const sockaddr* address() const { return reinterpret_cast<const sockaddr*>(&storage); }
  sockaddr* address() { return reinterpret_cast<sockaddr*>(&storage); }
  int family() const { return storage.ss_family; }
  // 0 for unix sockets.
  std::uint16_t port() const;
  // "127.0.0.1:4711", "[::1]:4711", "unix:/path".
  std::string ToString() const;
};

// Resolves host names by the system's resolver, which may block. An empty host means all
// interfaces (IPv6 with IPv4 mapped where the kernel has it).
absl::StatusOr<SocketAddress> ParseSocketAddress(std::string_view text);

}  // namespace stele::server
