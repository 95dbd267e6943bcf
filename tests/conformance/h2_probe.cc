#include "tests/conformance/h2_probe.h"

#include <nghttp2/nghttp2.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdint>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "tests/conformance/http_exchange.h"

namespace stele::conformance {
namespace {

struct Conversation {
  std::string body;
  std::size_t sent = 0;
  std::string status;
  std::string grpc_status;
  bool ended = false;
  bool reset = false;
};

int OnHeader(nghttp2_session* /*session*/, const nghttp2_frame* /*frame*/, const std::uint8_t* name,
             std::size_t name_length, const std::uint8_t* value, std::size_t value_length,
             std::uint8_t /*flags*/, void* user) {
  auto* conversation = static_cast<Conversation*>(user);
  const absl::string_view key(reinterpret_cast<const char*>(name), name_length);
  const std::string text(reinterpret_cast<const char*>(value), value_length);
  if (key == ":status") conversation->status = text;
  if (key == "grpc-status") conversation->grpc_status = text;
  return 0;
}

int OnStreamClose(nghttp2_session* /*session*/, std::int32_t /*stream*/, std::uint32_t error,
                  void* user) {
  auto* conversation = static_cast<Conversation*>(user);
  conversation->ended = true;
  conversation->reset = error != NGHTTP2_NO_ERROR;
  return 0;
}

ssize_t ReadBody(nghttp2_session* /*session*/, std::int32_t /*stream*/, std::uint8_t* buffer,
                 std::size_t length, std::uint32_t* flags, nghttp2_data_source* source,
                 void* /*user*/) {
  auto* conversation = static_cast<Conversation*>(source->ptr);
  const std::size_t count = std::min(length, conversation->body.size() - conversation->sent);
  std::copy_n(conversation->body.data() + conversation->sent, count, buffer);
  conversation->sent += count;
  if (conversation->sent == conversation->body.size()) *flags |= NGHTTP2_DATA_FLAG_EOF;
  return static_cast<ssize_t>(count);
}

// Sends what is to be sent; false if the connection is gone.
bool Flush(nghttp2_session* session, int fd) {
  while (true) {
    const std::uint8_t* bytes = nullptr;
    const ssize_t count = nghttp2_session_mem_send(session, &bytes);
    if (count <= 0) return count == 0;
    if (send(fd, bytes, static_cast<std::size_t>(count), MSG_NOSIGNAL) != count) return false;
  }
}

// Waits for bytes and takes them in; false if the connection is gone or `deadline` is over.
bool Receive(nghttp2_session* session, int fd, absl::Time deadline) {
  pollfd wait{.fd = fd, .events = POLLIN, .revents = 0};
  const absl::Duration left = std::max(absl::ZeroDuration(), deadline - absl::Now());
  if (poll(&wait, 1, static_cast<int>(absl::ToInt64Milliseconds(left))) <= 0) return false;
  std::array<std::uint8_t, 65536> chunk{};
  const ssize_t count = recv(fd, chunk.data(), chunk.size(), 0);
  return count > 0 &&
         nghttp2_session_mem_recv(session, chunk.data(), static_cast<std::size_t>(count)) >= 0;
}

void Submit(nghttp2_session* session, const H2Request& request, Conversation* conversation) {
  std::vector<nghttp2_nv> headers;
  for (const auto& [name, value] : request.headers) {
    // nghttp2 copies both before the call returns.
    headers.push_back({reinterpret_cast<std::uint8_t*>(const_cast<char*>(name.data())),
                       reinterpret_cast<std::uint8_t*>(const_cast<char*>(value.data())),
                       name.size(), value.size(), NGHTTP2_NV_FLAG_NONE});
  }
  nghttp2_data_provider provider{};
  provider.source.ptr = conversation;
  provider.read_callback = ReadBody;
  nghttp2_submit_settings(session, NGHTTP2_FLAG_NONE, nullptr, 0);
  nghttp2_submit_request(session, nullptr, headers.data(), headers.size(), &provider, nullptr);
}

void Change(H2Request* request, const std::string& name, const std::string& value) {
  const auto found = std::find_if(request->headers.begin(), request->headers.end(),
                                  [&name](const auto& header) { return header.first == name; });
  if (value.empty()) {
    if (found != request->headers.end()) request->headers.erase(found);
  } else if (found != request->headers.end()) {
    found->second = value;
  } else {
    request->headers.emplace_back(name, value);
  }
}

}  // namespace

H2Request OddRequest(const std::string& path, absl::string_view changes) {
  H2Request request;
  request.headers = {{":method", "POST"}, {":scheme", "http"},
                     {":path", path},     {":authority", "localhost"},
                     {"te", "trailers"},  {"content-type", "application/grpc"}};
  while (!changes.empty()) {
    if (changes.front() == ' ') {
      changes.remove_prefix(1);
      continue;
    }
    if (changes.front() == '"') {
      const std::size_t end = changes.rfind('"');
      absl::CUnescape(changes.substr(1, end - 1), &request.body);
      break;
    }
    const absl::string_view word = changes.substr(0, changes.find(' '));
    const std::size_t sign = word.find('=', 1);
    Change(&request, std::string(word.substr(0, sign)),
           sign == absl::string_view::npos ? "" : std::string(word.substr(sign + 1)));
    changes.remove_prefix(word.size());
  }
  return request;
}

std::string ProbeH2(const std::string& address, const H2Request& request, absl::Duration limit) {
  const int fd = ConnectTo(address);
  if (fd < 0) return "closed";
  Conversation conversation;
  conversation.body = request.body;
  nghttp2_session_callbacks* callbacks = nullptr;
  nghttp2_session_callbacks_new(&callbacks);
  nghttp2_session_callbacks_set_on_header_callback(callbacks, OnHeader);
  nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, OnStreamClose);
  nghttp2_session* session = nullptr;
  nghttp2_session_client_new(&session, callbacks, &conversation);
  nghttp2_session_callbacks_del(callbacks);
  const absl::Cleanup clean_up = [session, fd] {
    nghttp2_session_del(session);
    close(fd);
  };
  Submit(session, request, &conversation);
  const absl::Time deadline = absl::Now() + limit;
  while (!conversation.ended && Flush(session, fd) && Receive(session, fd, deadline)) {
  }
  if (!conversation.status.empty()) {
    return conversation.grpc_status.empty()
               ? conversation.status
               : absl::StrCat(conversation.status, " grpc-status ", conversation.grpc_status);
  }
  if (conversation.reset) return "reset";
  return absl::Now() >= deadline ? "nothing" : "closed";
}

}  // namespace stele::conformance
