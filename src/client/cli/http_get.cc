#include "src/client/cli/http_get.h"

#include <netdb.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <array>
#include <memory>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"

namespace stele::cli {
namespace {

// A connected socket, -1 when there is none to be had.
int Connect(const std::string& authority, absl::Duration timeout) {
  const size_t colon = authority.rfind(':');
  const std::string host = absl::StrReplaceAll(authority.substr(0, colon), {{"[", ""}, {"]", ""}});
  addrinfo hints = {};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (getaddrinfo(host.c_str(), authority.substr(colon + 1).c_str(), &hints, &found) != 0) {
    return -1;
  }
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> owner(found, freeaddrinfo);
  for (const addrinfo* one = found; one != nullptr; one = one->ai_next) {
    const int fd = socket(one->ai_family, one->ai_socktype | SOCK_CLOEXEC, one->ai_protocol);
    if (fd < 0) continue;
    const timeval limit = absl::ToTimeval(timeout);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
    if (connect(fd, one->ai_addr, one->ai_addrlen) == 0) return fd;
    close(fd);
  }
  return -1;
}

}  // namespace

absl::StatusOr<std::string> HttpGet(const std::string& authority, const std::string& path,
                                    absl::Duration timeout) {
  const std::string url = absl::StrCat("http://", authority, path);
  const int fd = Connect(authority, timeout);
  if (fd < 0) return absl::UnavailableError(absl::StrCat("cannot connect to ", url));
  const auto closer = absl::MakeCleanup([fd] { close(fd); });
  // Version 1.0: the body ends with the connection and comes in one piece.
  const std::string request =
      absl::StrCat("GET ", path, " HTTP/1.0\r\nHost: ", authority, "\r\n\r\n");
  if (send(fd, request.data(), request.size(), MSG_NOSIGNAL) !=
      static_cast<ssize_t>(request.size())) {
    return absl::UnavailableError(absl::StrCat("cannot send to ", url));
  }
  std::string answer;
  std::array<char, 4096> piece = {};
  ssize_t length = 0;
  while ((length = recv(fd, piece.data(), piece.size(), 0)) > 0) {
    answer.append(piece.data(), static_cast<size_t>(length));
  }
  const size_t head_end = answer.find("\r\n\r\n");
  const bool fine =
      absl::StartsWith(answer, "HTTP/1.1 200") || absl::StartsWith(answer, "HTTP/1.0 200");
  if (length < 0 || head_end == std::string::npos || !fine) {
    return absl::UnavailableError(absl::StrCat("no good answer from ", url));
  }
  return answer.substr(head_end + 4);
}

}  // namespace stele::cli
