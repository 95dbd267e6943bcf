#include "src/server/front/grpc_client_connection.h"

#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "src/raft/check.h"
#include "src/server/front/grpc_client_callbacks.h"
#include "src/server/front/grpc_headers.h"
#include "src/server/front/socket_stream.h"

namespace stele::server {
namespace {

constexpr std::size_t kOutputHighWater = 256 * 1024;
constexpr int kReadsPerPass = 8;
constexpr int kWritesPerPass = 4;

nghttp2_nv Field(std::string_view name, std::string_view value) {
  return {reinterpret_cast<std::uint8_t*>(const_cast<char*>(name.data())),
          reinterpret_cast<std::uint8_t*>(const_cast<char*>(value.data())), name.size(),
          value.size(), NGHTTP2_NV_FLAG_NONE};
}

}  // namespace

GrpcClientConnection::GrpcClientConnection(EventLoop* loop, GrpcClientOptions options, Owner* owner)
    : loop_(loop),
      options_(std::move(options)),
      authority_(options_.address.starts_with("unix:") ? "localhost" : options_.address),
      owner_(owner) {}

GrpcClientConnection::~GrpcClientConnection() { Close(); }

void GrpcClientConnection::Connect() {
  if (phase_ != Phase::kIdle) return;
  phase_ = Phase::kResolving;
  self_ = std::make_shared<GrpcClientConnection*>(this);
  connect_timer_ = loop_->SetTimer(options_.connect_timeout, [this] {
    connect_timer_ = EventLoop::TimerId();
    Lose(absl::DeadlineExceededError(absl::StrCat("connecting to ", options_.address)));
  });
  // The system's resolver blocks, so it gets a thread of its own; the thread holds nothing of this
  // object but the note whether it still exists.
  std::thread([mailbox = loop_->mailbox(), self = self_, text = options_.address]() mutable {
    absl::StatusOr<SocketAddress> address = ParseSocketAddress(text);
    mailbox->Post([self = std::move(self), address = std::move(address)] {
      if (*self != nullptr) (*self)->OnResolved(address);
    });
  }).detach();
}

void GrpcClientConnection::OnResolved(const absl::StatusOr<SocketAddress>& address) {
  if (!address.ok()) return Lose(absl::UnavailableError(address.status().message()));
  const int fd = ::socket(address->family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return Lose(absl::ErrnoToStatus(errno, "opening a socket"));
  stream_ = std::make_unique<SocketStream>(fd);
  TuneTcpSocket(fd, options_.unacknowledged_timeout);
  phase_ = Phase::kConnecting;
  const int result = ::connect(fd, address->address(), address->length);
  if (result != 0 && errno != EINPROGRESS) {
    return Lose(absl::UnavailableError(absl::StrCat("connecting to ", options_.address, ": ",
                                                    absl::ErrnoToStatus(errno, "").message())));
  }
  const absl::Status watched = loop_->Watch(fd, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, this);
  if (!watched.ok()) Lose(watched);
}

void GrpcClientConnection::OnSocketConnected() {
  int error = 0;
  socklen_t size = sizeof(error);
  if (::getsockopt(stream_->fd(), SOL_SOCKET, SO_ERROR, &error, &size) != 0) error = errno;
  if (error != 0) {
    return Lose(absl::UnavailableError(absl::StrCat("connecting to ", options_.address, ": ",
                                                    absl::ErrnoToStatus(error, "").message())));
  }
  socket_connected_ = true;
  StartSession();
}

void GrpcClientConnection::StartSession() {
  nghttp2_option* option = nullptr;
  STELE_CHECK(nghttp2_option_new(&option) == 0);
  nghttp2_option_set_no_closed_streams(option, 1);
  STELE_CHECK(nghttp2_session_client_new2(&session_, GrpcClientCallbacks::Table(), this, option) ==
              0);
  nghttp2_option_del(option);
  const std::array<nghttp2_settings_entry, 2> settings = {{
      {NGHTTP2_SETTINGS_ENABLE_PUSH, 0},
      {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, options_.stream_window_bytes},
  }};
  nghttp2_submit_settings(session_, NGHTTP2_FLAG_NONE, settings.data(), settings.size());
  nghttp2_session_set_local_window_size(
      session_, NGHTTP2_FLAG_NONE, 0, static_cast<std::int32_t>(options_.connection_window_bytes));
  Wake();
}

void GrpcClientConnection::OnSettings() {
  if (phase_ != Phase::kConnecting) return;
  phase_ = Phase::kConnected;
  loop_->CancelTimer(&connect_timer_);
  CheckKeepalive();
  owner_->OnConnected();
}

std::shared_ptr<GrpcClientStream> GrpcClientConnection::Open(const std::string& path,
                                                             const Metadata& metadata,
                                                             absl::Duration timeout,
                                                             GrpcClientStream::Events* events) {
  if (phase_ != Phase::kConnected || going_away_) return nullptr;
  const bool has_deadline = timeout != absl::InfiniteDuration();
  const std::string timeout_text = has_deadline ? FormatGrpcTimeout(timeout) : std::string();
  std::vector<std::string> encoded;  // values that had to be encoded
  encoded.reserve(metadata.size());
  std::vector<nghttp2_nv> fields = {
      Field(":method", "POST"), Field(":scheme", "http"),
      Field(":path", path),     Field(":authority", authority_),
      Field("te", "trailers"),  Field("content-type", "application/grpc")};
  if (has_deadline) fields.push_back(Field("grpc-timeout", timeout_text));
  for (const auto& [name, value] : metadata) {
    const bool binary = name.ends_with("-bin");
    fields.push_back(Field(name, binary ? encoded.emplace_back(EncodeBinaryHeader(value)) : value));
  }
  auto stream = std::make_shared<GrpcClientStream>();
  const nghttp2_data_provider body = GrpcClientCallbacks::Body(stream.get());
  const std::int32_t id =
      nghttp2_submit_request(session_, nullptr, fields.data(), fields.size(), &body, stream.get());
  if (id < 0) return nullptr;  // stream numbers are used up: reconnect
  stream->connection_ = this;
  stream->events_ = events;
  stream->id_ = id;
  stream->loop_ = loop_;
  stream->max_queued_bytes_ = options_.max_queued_bytes;
  stream->reader_.Reset(options_.max_receive_message_bytes);
  if (has_deadline) {
    stream->deadline_timer_ = loop_->SetTimer(timeout, [this, raw = stream.get()] {
      raw->deadline_timer_ = EventLoop::TimerId();
      ResetStream(raw->id_, NGHTTP2_CANCEL);
      raw->End(absl::DeadlineExceededError("context deadline exceeded"));
    });
  }
  streams_.push_back(stream);
  Wake();
  return stream;
}

void GrpcClientConnection::OnStreamClosed(std::int32_t id, std::uint32_t code) {
  const auto found =
      std::ranges::find_if(streams_, [id](const auto& stream) { return stream->id_ == id; });
  if (found == streams_.end()) return;
  const std::shared_ptr<GrpcClientStream> stream = std::move(*found);
  *found = std::move(streams_.back());
  streams_.pop_back();
  stream->OnClosed(code);
}

void GrpcClientConnection::ResumeBody(std::int32_t id) {
  if (session_ == nullptr) return;  // a stream is used while the connection goes down
  nghttp2_session_resume_data(session_, id);
  Wake();
}

void GrpcClientConnection::ResetStream(std::int32_t id, std::uint32_t code) {
  if (session_ == nullptr) return;
  nghttp2_submit_rst_stream(session_, NGHTTP2_FLAG_NONE, id, code);
  Wake();
}

void GrpcClientConnection::Wake() {
  if (std::exchange(pass_end_asked_, true)) return;
  loop_->AtPassEnd(this);
}

void GrpcClientConnection::OnFdEvents(std::uint32_t events) {
  if ((events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0) read_to_end_ = true;
  if ((events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0) readable_ = true;
  if ((events & (EPOLLOUT | EPOLLHUP | EPOLLERR)) != 0) writable_ = true;
  if (!socket_connected_ && writable_) OnSocketConnected();
  if (session_ == nullptr) return;
  if (readable_) ReadSome();
  if (session_ != nullptr) Wake();
}

void GrpcClientConnection::ReadSome() {
  for (int i = 0; i < kReadsPerPass && session_ != nullptr; ++i) {
    const ByteStream::Transfer transfer =
        stream_->Read({loop_->scratch(), EventLoop::kScratchBytes});
    if (transfer.outcome == ByteStream::Outcome::kWouldBlock) {
      readable_ = false;
      return;
    }
    if (transfer.outcome != ByteStream::Outcome::kDone) {
      return Lose(absl::UnavailableError(absl::StrCat(
          "connection to ", options_.address, " lost: ",
          transfer.outcome == ByteStream::Outcome::kEnd ? "closed by the server" : "reset")));
    }
    last_input_ns_ = loop_->now_ns();
    ping_sent_ns_ = 0;
    in_session_ = true;
    const ssize_t taken = nghttp2_session_mem_recv(
        session_, reinterpret_cast<const std::uint8_t*>(loop_->scratch()), transfer.bytes);
    in_session_ = false;
    if (taken < 0) {
      return Lose(absl::UnavailableError(absl::StrCat("HTTP/2 with ", options_.address, ": ",
                                                      nghttp2_strerror(static_cast<int>(taken)))));
    }
    if (!pending_loss_.ok()) return Lose(pending_loss_);
    if (transfer.bytes < EventLoop::kScratchBytes && !read_to_end_ &&
        stream_->short_read_means_empty()) {
      readable_ = false;
      return;
    }
  }
}

void GrpcClientConnection::OnPassEnd() {
  pass_end_asked_ = false;
  if (session_ == nullptr) return;
  Flush();
  if (session_ != nullptr && readable_) {
    ReadSome();
    if (session_ != nullptr) Wake();
  }
}

void GrpcClientConnection::Flush() {
  for (int i = 0; i < kWritesPerPass; ++i) {
    in_session_ = true;
    ssize_t count = 0;
    while (output_.size() < kOutputHighWater) {
      const std::uint8_t* bytes = nullptr;
      count = nghttp2_session_mem_send(session_, &bytes);
      if (count <= 0) break;
      output_.Append({reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(count)});
    }
    in_session_ = false;
    if (!pending_loss_.ok()) return Lose(pending_loss_);
    const bool over =
        nghttp2_session_want_read(session_) == 0 && nghttp2_session_want_write(session_) == 0;
    if (count < 0 || (over && output_.empty())) {
      return Lose(absl::UnavailableError(
          absl::StrCat("connection to ", options_.address, " lost: the server is going away")));
    }
    if (output_.empty() || !writable_) return;
    const bool full = output_.size() >= kOutputHighWater;
    switch (output_.WriteTo(stream_.get())) {
      case ByteStream::Outcome::kDone:
        if (!full) return;
        break;
      case ByteStream::Outcome::kWouldBlock:
        writable_ = false;
        return;
      default:
        return Lose(absl::UnavailableError(
            absl::StrCat("connection to ", options_.address, " lost while writing")));
    }
  }
  Wake();
}

void GrpcClientConnection::CheckKeepalive() {
  const std::int64_t now_ns = loop_->now_ns();
  if (ping_sent_ns_ != 0 &&
      absl::Nanoseconds(now_ns - ping_sent_ns_) > options_.keepalive_timeout) {
    return Lose(absl::UnavailableError(
        absl::StrCat("connection to ", options_.address, " lost: no answer to a ping")));
  }
  if (ping_sent_ns_ == 0 && !streams_.empty() &&
      absl::Nanoseconds(now_ns - last_input_ns_) > options_.keepalive_interval) {
    ping_sent_ns_ = now_ns;
    nghttp2_submit_ping(session_, NGHTTP2_FLAG_NONE, nullptr);
    Wake();
  }
  const absl::Duration period =
      std::min(options_.keepalive_interval, options_.keepalive_timeout) / 4;
  keepalive_timer_ = loop_->SetTimer(std::clamp(period, absl::Milliseconds(5), absl::Minutes(1)),
                                     [this] { CheckKeepalive(); });
}

void GrpcClientConnection::Close() { Teardown(absl::UnavailableError("connection closed")); }

void GrpcClientConnection::Lose(const absl::Status& reason) {
  // `reason` may be pending_loss_, which the teardown clears.
  const absl::Status kept = reason;  // NOLINT(performance-unnecessary-copy-initialization)
  if (in_session_) {
    pending_loss_ = kept;
    return;
  }
  Teardown(kept);
  owner_->OnConnectionLost(kept);
}

void GrpcClientConnection::Teardown(const absl::Status& reason) {
  STELE_CHECK(!in_session_);
  phase_ = Phase::kIdle;
  if (self_ != nullptr) *self_ = nullptr;
  self_.reset();
  loop_->CancelTimer(&connect_timer_);
  loop_->CancelTimer(&keepalive_timer_);
  if (std::exchange(pass_end_asked_, false)) loop_->ForgetPassEnd(this);
  if (stream_ != nullptr) loop_->Unwatch(stream_->fd(), this);
  stream_.reset();
  if (session_ != nullptr) nghttp2_session_del(std::exchange(session_, nullptr));
  output_ = OutputBuffer();
  pending_loss_ = absl::OkStatus();
  socket_connected_ = going_away_ = readable_ = read_to_end_ = writable_ = false;
  ping_sent_ns_ = 0;
  // Last, because their owners may use this connection from OnEnd.
  const auto streams = std::exchange(streams_, {});
  for (const auto& stream : streams) stream->End(absl::UnavailableError(reason.message()));
}

}  // namespace stele::server
