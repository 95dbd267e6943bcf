#include "bench/load/endpoint.h"

#include <netdb.h>
#include <netinet/tcp.h>

#include <cerrno>
#include <cstring>
#include <memory>

#include "fmt/format.h"

namespace stele::load {

absl::StatusOr<Endpoint> ResolveEndpoint(std::string_view text) {
  if (text.starts_with("https://")) {
    return absl::InvalidArgumentError(fmt::format("{}: TLS is not supported", text));
  }
  Endpoint endpoint;
  std::string_view authority = text;
  if (authority.starts_with("http://")) authority.remove_prefix(std::string_view("http://").size());
  if (authority.ends_with('/')) authority.remove_suffix(1);
  endpoint.authority = authority;
  const std::size_t colon = endpoint.authority.rfind(':');
  if (colon == std::string::npos || colon == 0) {
    return absl::InvalidArgumentError(fmt::format("{}: an endpoint is host:port", text));
  }
  std::string host = endpoint.authority.substr(0, colon);
  const std::string port = endpoint.authority.substr(colon + 1);
  if (host.front() == '[' && host.back() == ']') host = host.substr(1, host.size() - 2);

  addrinfo hints = {};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int error = ::getaddrinfo(host.c_str(), port.c_str(), &hints, &found);
  if (error != 0) {
    return absl::InvalidArgumentError(fmt::format("{}: {}", text, ::gai_strerror(error)));
  }
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owner(found, ::freeaddrinfo);
  std::memcpy(&endpoint.address, found->ai_addr, found->ai_addrlen);
  endpoint.address_bytes = found->ai_addrlen;
  return endpoint;
}

absl::StatusOr<UniqueFd> BeginConnect(const Endpoint& endpoint) {
  UniqueFd fd(::socket(endpoint.address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd.valid()) return absl::ErrnoToStatus(errno, "socket");
  const int on = 1;
  if (::setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) != 0) {
    return absl::ErrnoToStatus(errno, "TCP_NODELAY");
  }
  const auto* address = reinterpret_cast<const sockaddr*>(&endpoint.address);
  if (::connect(fd.get(), address, endpoint.address_bytes) != 0 && errno != EINPROGRESS) {
    return absl::ErrnoToStatus(errno, "connect to " + endpoint.authority);
  }
  return fd;
}

absl::Status ConnectResult(int fd) {
  int error = 0;
  socklen_t bytes = sizeof(error);
  if (::getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &bytes) != 0) error = errno;
  return error == 0 ? absl::OkStatus() : absl::ErrnoToStatus(error, "connect");
}

}  // namespace stele::load
