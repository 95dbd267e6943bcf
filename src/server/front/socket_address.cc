#include "src/server/front/socket_address.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/un.h>

#include <array>
#include <cstring>

#include "absl/status/status.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "src/server/front/absl_view.h"

namespace stele::server {
namespace {

constexpr std::string_view kUnixPrefix = "unix:";

absl::StatusOr<SocketAddress> UnixAddress(std::string_view path) {
  SocketAddress result;
  sockaddr_un unix_address{};
  if (path.empty() || path.size() >= sizeof(unix_address.sun_path)) {
    return absl::InvalidArgumentError("a unix socket's path needs 1 to 107 bytes");
  }
  unix_address.sun_family = AF_UNIX;
  std::memcpy(unix_address.sun_path, path.data(), path.size());
  std::memcpy(&result.storage, &unix_address, sizeof(unix_address));
  result.length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size() + 1);
  return result;
}

absl::StatusOr<SocketAddress> Resolve(const std::string& host, const std::string& port) {
  addrinfo hints{};
  hints.ai_family = host.empty() ? AF_INET6 : AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_NUMERICSERV | (host.empty() ? AI_PASSIVE : 0);
  addrinfo* found = nullptr;
  const int error =
      ::getaddrinfo(host.empty() ? nullptr : host.c_str(), port.c_str(), &hints, &found);
  if (error != 0) {
    return absl::NotFoundError(absl::StrCat("resolving '", host, "': ", ::gai_strerror(error)));
  }
  SocketAddress result;
  std::memcpy(&result.storage, found->ai_addr, found->ai_addrlen);
  result.length = found->ai_addrlen;
  ::freeaddrinfo(found);
  return result;
}

}  // namespace

std::uint16_t SocketAddress::port() const {
  if (family() == AF_INET) return ntohs(reinterpret_cast<const sockaddr_in*>(&storage)->sin_port);
  if (family() == AF_INET6) {
    return ntohs(reinterpret_cast<const sockaddr_in6*>(&storage)->sin6_port);
  }
  return 0;
}

std::string SocketAddress::ToString() const {
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (family() == AF_INET) {
    ::inet_ntop(AF_INET, &reinterpret_cast<const sockaddr_in*>(&storage)->sin_addr, text.data(),
                static_cast<socklen_t>(text.size()));
    return absl::StrCat(text.data(), ":", port());
  }
  if (family() == AF_INET6) {
    ::inet_ntop(AF_INET6, &reinterpret_cast<const sockaddr_in6*>(&storage)->sin6_addr, text.data(),
                static_cast<socklen_t>(text.size()));
    return absl::StrCat("[", text.data(), "]:", port());
  }
  if (family() == AF_UNIX) {
    return absl::StrCat("unix:", reinterpret_cast<const sockaddr_un*>(&storage)->sun_path);
  }
  return "unknown";
}

absl::StatusOr<SocketAddress> ParseSocketAddress(std::string_view text) {
  if (text.starts_with(kUnixPrefix)) return UnixAddress(text.substr(kUnixPrefix.size()));
  const std::size_t colon = text.rfind(':');
  int port = -1;
  if (colon == std::string_view::npos || !absl::SimpleAtoi(ToAbsl(text.substr(colon + 1)), &port) ||
      port < 0 || port > 65535) {
    return absl::InvalidArgumentError(
        absl::StrCat("'", ToAbsl(text), "' is not an address of the form host:port"));
  }
  std::string_view host = text.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']')) {
    host = host.substr(1, host.size() - 2);
  } else if (host.find(':') != std::string_view::npos) {
    return absl::InvalidArgumentError(
        absl::StrCat("'", ToAbsl(text), "': an IPv6 address needs brackets, as in [::1]:2379"));
  }
  return Resolve(std::string(host), std::to_string(port));
}

}  // namespace stele::server
