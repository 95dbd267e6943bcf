#include "tests/bench/scripted_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <nghttp2/nghttp2.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>
#include <vector>

#include "bench/load/grpc_frame.h"
#include "src/raft/check.h"

namespace stele::load {
namespace {

nghttp2_nv Header(std::string_view name, std::string_view value) {
  auto* name_bytes = reinterpret_cast<std::uint8_t*>(const_cast<char*>(name.data()));
  auto* value_bytes = reinterpret_cast<std::uint8_t*>(const_cast<char*>(value.data()));
  return {name_bytes, value_bytes, name.size(), value.size(), NGHTTP2_NV_FLAG_NONE};
}

}  // namespace

// One client connection. Sockets block on writing, which is bounded by the clients of a test.
class ScriptedServer::Peer {
 public:
  Peer(ScriptedServer* server, UniqueFd fd) : server_(server), fd_(std::move(fd)) {
    nghttp2_session_callbacks* callbacks = nullptr;
    STELE_CHECK(nghttp2_session_callbacks_new(&callbacks) == 0);
    nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, OnFrame);
    nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, OnStreamClose);
    STELE_CHECK(nghttp2_session_server_new(&session_, callbacks, this) == 0);
    nghttp2_session_callbacks_del(callbacks);
    nghttp2_submit_settings(session_, NGHTTP2_FLAG_NONE, nullptr, 0);
  }
  ~Peer() { nghttp2_session_del(session_); }
  Peer(const Peer&) = delete;
  Peer& operator=(const Peer&) = delete;

  // False when the connection is over.
  bool Serve() {
    std::array<std::uint8_t, 65536> bytes;
    const ssize_t size = ::recv(fd_.get(), bytes.data(), bytes.size(), 0);
    if (size <= 0) return false;
    if (nghttp2_session_mem_recv(session_, bytes.data(), static_cast<std::size_t>(size)) < 0) {
      return false;
    }
    return !closing_ && Send();
  }

 private:
  static int OnFrame(nghttp2_session* /*session*/, const nghttp2_frame* frame, void* peer) {
    const bool call_ends = (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;
    const bool request = frame->hd.type == NGHTTP2_DATA || frame->hd.type == NGHTTP2_HEADERS;
    if (call_ends && request) {
      static_cast<Peer*>(peer)->Reply(frame->hd.stream_id);
    } else if (frame->hd.type == NGHTTP2_DATA) {
      static_cast<Peer*>(peer)->Push(frame->hd.stream_id);
    }
    return 0;
  }

  static int OnStreamClose(nghttp2_session* /*session*/, std::int32_t stream_id,
                           std::uint32_t /*error_code*/, void* peer) {
    static_cast<Peer*>(peer)->pushed_.erase(stream_id);
    return 0;
  }

  // Answers one message of a stream that goes on. A frame is taken for a message.
  void Push(std::int32_t stream_id) {
    const Answer answer = server_->script_(server_->calls_.fetch_add(1));
    std::this_thread::sleep_for(answer.stall);
    if (answer.kind == Answer::Kind::kSilence) return;
    if (answer.kind == Answer::Kind::kReset) {
      nghttp2_submit_rst_stream(session_, NGHTTP2_FLAG_NONE, stream_id, NGHTTP2_REFUSED_STREAM);
      return;
    }
    const auto [kept, is_first] = pushed_.try_emplace(stream_id);
    kept->second += FrameGrpcMessage(answer.message);
    if (!is_first) {
      nghttp2_session_resume_data(session_, stream_id);
      return;
    }
    server_->streams_.fetch_add(1);
    const std::array<nghttp2_nv, 2> headers = {Header(":status", "200"),
                                               Header("content-type", "application/grpc")};
    nghttp2_data_provider provider = {};
    provider.source.ptr = &kept->second;
    provider.read_callback = ReadPushed;
    STELE_CHECK(nghttp2_submit_response(session_, stream_id, headers.data(), headers.size(),
                                        &provider) == 0);
  }

  static ssize_t ReadPushed(nghttp2_session* /*session*/, std::int32_t /*stream_id*/,
                            std::uint8_t* out, std::size_t room, std::uint32_t* /*flags*/,
                            nghttp2_data_source* source, void* /*peer*/) {
    auto* bytes = static_cast<std::string*>(source->ptr);
    if (bytes->empty()) return NGHTTP2_ERR_DEFERRED;
    const std::size_t size = std::min(room, bytes->size());
    std::copy_n(bytes->begin(), size, out);
    bytes->erase(0, size);
    return static_cast<ssize_t>(size);
  }

  void Reply(std::int32_t stream_id) {
    Answer answer = server_->script_(server_->calls_.fetch_add(1));
    std::this_thread::sleep_for(answer.stall);
    switch (answer.kind) {
      case Answer::Kind::kSilence:
        return;
      case Answer::Kind::kReset:
        nghttp2_submit_rst_stream(session_, NGHTTP2_FLAG_NONE, stream_id, NGHTTP2_REFUSED_STREAM);
        return;
      case Answer::Kind::kCloseConnection:
        closing_ = true;
        return;
      case Answer::Kind::kReply:
        break;
    }
    answer.message = FrameGrpcMessage(answer.message);
    Answer& kept = answers_[stream_id] = std::move(answer);
    const std::string status = std::to_string(kept.http_status);
    const std::array<nghttp2_nv, 2> headers = {Header(":status", status),
                                               Header("content-type", "application/grpc")};
    nghttp2_data_provider provider = {};
    provider.source.ptr = &kept;
    provider.read_callback = ReadBody;
    STELE_CHECK(nghttp2_submit_response(session_, stream_id, headers.data(), headers.size(),
                                        &provider) == 0);
  }

  static ssize_t ReadBody(nghttp2_session* session, std::int32_t stream_id, std::uint8_t* out,
                          std::size_t room, std::uint32_t* flags, nghttp2_data_source* source,
                          void* /*peer*/) {
    auto* answer = static_cast<Answer*>(source->ptr);
    const std::size_t size = std::min(room, answer->message.size());
    std::copy_n(answer->message.begin(), size, out);
    answer->message.erase(0, size);
    if (!answer->message.empty()) return static_cast<ssize_t>(size);
    *flags |= NGHTTP2_DATA_FLAG_EOF;
    if (answer->grpc_status < 0) return static_cast<ssize_t>(size);
    *flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
    const std::string status = std::to_string(answer->grpc_status);
    const std::array<nghttp2_nv, 2> trailers = {Header("grpc-status", status),
                                                Header("grpc-message", answer->grpc_message)};
    STELE_CHECK(nghttp2_submit_trailer(session, stream_id, trailers.data(), trailers.size()) == 0);
    return static_cast<ssize_t>(size);
  }

  bool Send() {
    const std::uint8_t* bytes = nullptr;
    for (ssize_t size = 0; (size = nghttp2_session_mem_send(session_, &bytes)) > 0;) {
      const auto wanted = static_cast<std::size_t>(size);
      if (::send(fd_.get(), bytes, wanted, MSG_NOSIGNAL) != size) return false;
    }
    return true;
  }

  ScriptedServer* const server_;
  const UniqueFd fd_;
  nghttp2_session* session_ = nullptr;
  bool closing_ = false;
  std::map<std::int32_t, Answer> answers_;      // by stream; kept, their bytes are being sent
  std::map<std::int32_t, std::string> pushed_;  // by open stream, what is to be sent
};

ScriptedServer::ScriptedServer(Script script)
    : script_(std::move(script)),
      listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)),
      stop_(::eventfd(0, EFD_CLOEXEC)) {
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t bytes = sizeof(address);
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  STELE_CHECK(::bind(listener_.get(), generic, bytes) == 0);
  STELE_CHECK(::listen(listener_.get(), 128) == 0);
  STELE_CHECK(::getsockname(listener_.get(), generic, &bytes) == 0);
  port_ = ntohs(address.sin_port);
  thread_ = std::jthread([this] { Serve(); });
}

ScriptedServer::~ScriptedServer() {
  STELE_CHECK(::eventfd_write(stop_.get(), 1) == 0);
  thread_.join();
}

void ScriptedServer::Serve() {
  for (;;) {
    std::vector<pollfd> fds = {{stop_.get(), POLLIN, 0}, {listener_.get(), POLLIN, 0}};
    for (const auto& [fd, peer] : peers_) fds.push_back({fd, POLLIN, 0});
    STELE_CHECK(::poll(fds.data(), fds.size(), -1) > 0);
    if (fds[0].revents != 0) return;
    if (fds[1].revents != 0) Accept();
    for (std::size_t i = 2; i < fds.size(); ++i) {
      if (fds[i].revents != 0 && !peers_.at(fds[i].fd)->Serve()) peers_.erase(fds[i].fd);
    }
  }
}

void ScriptedServer::Accept() {
  UniqueFd fd(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
  if (!fd.valid()) return;
  // The parts of an answer are sent one by one, which must not wait for acknowledgements.
  const int on = 1;
  STELE_CHECK(::setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) == 0);
  connections_.fetch_add(1);
  const int key = fd.get();
  peers_[key] = std::make_unique<Peer>(this, std::move(fd));
}

}  // namespace stele::load
