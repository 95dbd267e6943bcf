#include "tests/conformance/http_exchange.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "absl/time/clock.h"

namespace stele::conformance {
namespace {

enum class Arrival : std::uint8_t { kBytes, kClosed, kTimeout };

Arrival ReceiveSome(int fd, absl::Time deadline, std::string* received) {
  pollfd wait{.fd = fd, .events = POLLIN, .revents = 0};
  const absl::Duration left = std::max(absl::ZeroDuration(), deadline - absl::Now());
  if (poll(&wait, 1, static_cast<int>(absl::ToInt64Milliseconds(left))) <= 0) {
    return Arrival::kTimeout;
  }
  std::array<char, 65536> chunk{};
  const ssize_t count = recv(fd, chunk.data(), chunk.size(), 0);
  if (count <= 0) return Arrival::kClosed;
  received->append(chunk.data(), static_cast<std::size_t>(count));
  return Arrival::kBytes;
}

// The head of a response: status line and header lines, without the empty line behind them.
std::optional<HttpResponse> ParseHead(absl::string_view head) {
  const std::vector<absl::string_view> lines = absl::StrSplit(head, "\r\n");
  const std::vector<absl::string_view> words = absl::StrSplit(lines[0], absl::MaxSplits(' ', 2));
  HttpResponse response;
  if (words.size() < 2 || !absl::SimpleAtoi(words[1], &response.status)) return std::nullopt;
  for (std::size_t i = 1; i < lines.size(); ++i) {
    const std::pair<absl::string_view, absl::string_view> parts =
        absl::StrSplit(lines[i], absl::MaxSplits(':', 1));
    response.headers[absl::AsciiStrToLower(parts.first)] =
        std::string(absl::StripAsciiWhitespace(parts.second));
  }
  return response;
}

// The body of chunks that have all arrived; nothing if the last one is missing.
std::optional<std::string> JoinChunks(absl::string_view bytes) {
  std::string body;
  while (true) {
    const std::size_t line_end = bytes.find("\r\n");
    if (line_end == absl::string_view::npos) return std::nullopt;
    std::uint32_t size = 0;
    if (!absl::SimpleHexAtoi(bytes.substr(0, line_end), &size)) return std::nullopt;
    bytes.remove_prefix(line_end + 2);
    if (size == 0) return body;
    if (bytes.size() < size + 2) return std::nullopt;
    body += std::string(bytes.substr(0, size));
    bytes.remove_prefix(size + 2);
  }
}

// The response in `received`; nothing as long as it may go on.
std::optional<HttpResponse> ParseResponse(absl::string_view received, bool closed) {
  const std::size_t head_end = received.find("\r\n\r\n");
  if (head_end == absl::string_view::npos) return std::nullopt;
  std::optional<HttpResponse> response = ParseHead(received.substr(0, head_end));
  if (!response) return std::nullopt;
  const absl::string_view rest = received.substr(head_end + 4);
  if (response->headers["transfer-encoding"] == "chunked") {
    std::optional<std::string> body = JoinChunks(rest);
    if (!body) return std::nullopt;
    response->body = *std::move(body);
    return response;
  }
  std::size_t length = 0;
  if (absl::SimpleAtoi(response->headers["content-length"], &length)) {
    if (rest.size() < length) return std::nullopt;
    response->body = std::string(rest.substr(0, length));
    return response;
  }
  if (!closed) return std::nullopt;
  response->body = std::string(rest);
  return response;
}

}  // namespace

int ConnectTo(const std::string& address) {
  const std::pair<std::string, std::string> parts = absl::StrSplit(address, ':');
  int port = 0;
  sockaddr_in target{};
  target.sin_family = AF_INET;
  if (!absl::SimpleAtoi(parts.second, &port)) return -1;
  target.sin_port = htons(static_cast<std::uint16_t>(port));
  const std::string host = parts.first == "localhost" ? "127.0.0.1" : parts.first;
  if (inet_pton(AF_INET, host.c_str(), &target.sin_addr) != 1) return -1;
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return -1;
  if (connect(fd, reinterpret_cast<const sockaddr*>(&target), sizeof(target)) == 0) return fd;
  close(fd);
  return -1;
}

absl::StatusOr<HttpResponse> ExchangeHttp(const std::string& address, absl::string_view bytes,
                                          absl::Duration limit) {
  const int fd = ConnectTo(address);
  if (fd < 0) return absl::UnavailableError("cannot connect");
  const absl::Cleanup close_socket = [fd] { close(fd); };
  const absl::Time deadline = absl::Now() + limit;
  // A server may answer, and close, before it has read everything: sending may fail.
  while (!bytes.empty()) {
    const ssize_t sent = send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) break;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  std::string received;
  while (true) {
    const Arrival arrival = ReceiveSome(fd, deadline, &received);
    std::optional<HttpResponse> response = ParseResponse(received, arrival == Arrival::kClosed);
    if (response) return *std::move(response);
    if (arrival == Arrival::kClosed) return absl::UnavailableError("closed without a response");
    if (arrival == Arrival::kTimeout) return absl::DeadlineExceededError("no response");
  }
}

std::string HttpRequest(absl::string_view method, absl::string_view path, absl::string_view body) {
  std::string request = absl::StrCat(method, " ", path, " HTTP/1.1\r\nHost: localhost\r\n");
  if (!body.empty() || method == "POST") {
    absl::StrAppend(&request, "Content-Type: application/json\r\nContent-Length: ", body.size(),
                    "\r\n");
  }
  return absl::StrCat(request, "\r\n", body);
}

}  // namespace stele::conformance
