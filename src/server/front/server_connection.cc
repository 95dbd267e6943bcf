#include "src/server/front/server_connection.h"

#include <sys/epoll.h>

#include <algorithm>
#include <utility>

#include "src/server/front/http1_session.h"
#include "src/server/front/http2_session.h"

namespace stele::server {
namespace {

// A connection with more to read or write than this waits for the others on its loop.
constexpr std::size_t kBytesPerPass = 512 * 1024;
constexpr int kReadsPerPass = 8;
constexpr std::int64_t kLingerNs = 1'000'000'000;
constexpr std::string_view kHttp2Method = "PRI";  // no HTTP/1.1 method starts so

}  // namespace

ServerConnection::ServerConnection(Owner* owner, FrontLoopState* state,
                                   std::unique_ptr<ByteStream> stream, std::string peer)
    : owner_(owner),
      state_(state),
      stream_(std::move(stream)),
      peer_(std::make_shared<const std::string>(std::move(peer))),
      accepted_ns_(state->loop.now_ns()) {}

ServerConnection::~ServerConnection() {
  if (protocol_ != nullptr) protocol_->Abandon();
  state_->loop.Unwatch(stream_->fd(), this);
  if (pass_end_asked_) state_->loop.ForgetPassEnd(this);
}

bool ServerConnection::Start() {
  return state_->loop.Watch(stream_->fd(), EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, this).ok();
}

void ServerConnection::Drain() {
  draining_ = true;
  if (protocol_ != nullptr) {
    protocol_->Drain();
  } else {
    phase_ = Phase::kFlushing;
    Wake();
  }
}

void ServerConnection::CheckTimeouts() {
  const std::int64_t now_ns = state_->loop.now_ns();
  bool alive = true;
  switch (phase_) {
    case Phase::kSniffing:
      alive = absl::Nanoseconds(now_ns - accepted_ns_) <= state_->options.header_timeout;
      break;
    case Phase::kOpen:
      alive = protocol_->CheckTimeouts(now_ns, output_stalled_ns_);
      break;
    case Phase::kFlushing:
      alive = output_stalled_ns_ == 0 ||
              absl::Nanoseconds(now_ns - output_stalled_ns_) <= state_->options.write_stall_timeout;
      break;
    case Phase::kLingering:
      alive = now_ns < linger_until_ns_;
      break;
    case Phase::kClosed:
      return;
  }
  if (!alive) Close();
}

void ServerConnection::OnFdEvents(std::uint32_t events) {
  if ((events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0) readable_ = true;
  if ((events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0) read_to_end_ = true;
  if ((events & (EPOLLOUT | EPOLLHUP | EPOLLERR)) != 0) writable_ = true;
  if (readable_) ReadSome();
  if (!output_.empty() || phase_ == Phase::kClosed) Wake();
}

void ServerConnection::Wake() {
  if (std::exchange(pass_end_asked_, true)) return;
  state_->loop.AtPassEnd(this);
}

void ServerConnection::OnPassEnd() {
  pass_end_asked_ = false;
  if (phase_ == Phase::kOpen || phase_ == Phase::kFlushing) Flush();
  if (phase_ == Phase::kClosed) return owner_->OnConnectionClosed(this);  // destroys this
  if (readable_) ReadSome();
  if (phase_ == Phase::kClosed) Wake();
}

void ServerConnection::ReadSome() {
  for (int i = 0; i < kReadsPerPass; ++i) {
    const bool wanted = phase_ == Phase::kSniffing || phase_ == Phase::kLingering ||
                        (phase_ == Phase::kOpen && protocol_->WantsInput() &&
                         output_.size() < ConnectionProtocol::kOutputHighWater);
    if (!wanted) return;
    const ByteStream::Transfer transfer =
        stream_->Read({state_->loop.scratch(), EventLoop::kScratchBytes});
    switch (transfer.outcome) {
      case ByteStream::Outcome::kDone:
        OnBytes({state_->loop.scratch(), transfer.bytes});
        break;
      case ByteStream::Outcome::kWouldBlock:
        readable_ = false;
        return;
      case ByteStream::Outcome::kEnd:
        readable_ = false;
        return OnInputEnd();
      case ByteStream::Outcome::kError:
        return Close();
    }
    // Whatever arrives after a short read raises a new event.
    if (transfer.bytes < EventLoop::kScratchBytes && !read_to_end_ &&
        stream_->short_read_means_empty()) {
      readable_ = false;
      return;
    }
  }
  Wake();  // others first
}

void ServerConnection::OnBytes(std::string_view bytes) {
  if (phase_ == Phase::kLingering) return;  // discarded
  if (phase_ == Phase::kSniffing) {
    first_bytes_.append(bytes);
    return Sniff();
  }
  if (!protocol_->Receive(bytes)) phase_ = Phase::kFlushing;
  Wake();
}

void ServerConnection::Sniff() {
  // With TLS, ALPN will have chosen: stream_->application_protocol().
  const std::string_view start = std::string_view(first_bytes_).substr(0, kHttp2Method.size());
  if (start.size() < kHttp2Method.size() && kHttp2Method.starts_with(start)) return;
  if (start == kHttp2Method) {
    protocol_ = std::make_unique<Http2Session>(this, state_);
  } else {
    protocol_ = std::make_unique<Http1Session>(this, state_);
  }
  phase_ = Phase::kOpen;
  const std::string bytes = std::exchange(first_bytes_, std::string());
  OnBytes(bytes);
}

void ServerConnection::OnInputEnd() {
  if (phase_ == Phase::kOpen && protocol_->OnInputEnd()) return Wake();
  Close();
}

void ServerConnection::Flush() {
  std::size_t moved = 0;
  bool more = true;
  while (more && moved < kBytesPerPass) {
    if (protocol_ != nullptr && !protocol_->Produce(&output_)) phase_ = Phase::kFlushing;
    more = output_.size() >= ConnectionProtocol::kOutputHighWater;
    if (output_.empty() || !writable_) break;
    moved += output_.size();
    const std::size_t size = output_.size();
    const ByteStream::Outcome outcome = output_.WriteTo(stream_.get());
    if (outcome == ByteStream::Outcome::kError || outcome == ByteStream::Outcome::kEnd) {
      return Close();
    }
    if (outcome == ByteStream::Outcome::kWouldBlock) {
      writable_ = false;
      const bool progress = output_.size() < size;
      if (progress || output_stalled_ns_ == 0) output_stalled_ns_ = state_->loop.now_ns();
      return;
    }
  }
  if (output_.empty()) output_stalled_ns_ = 0;
  if (more && writable_) return Wake();
  if (phase_ == Phase::kFlushing && output_.empty()) Linger();
}

void ServerConnection::Linger() {
  // Closing with unread input would make the kernel drop our last bytes on the peer's side, so the
  // peer gets a moment to read them and to close.
  phase_ = Phase::kLingering;
  protocol_.reset();
  stream_->ShutdownWrite();
  linger_until_ns_ = state_->loop.now_ns() + kLingerNs;
  readable_ = true;
  Wake();
}

void ServerConnection::Close() {
  if (phase_ == Phase::kClosed) return;
  phase_ = Phase::kClosed;
  if (protocol_ != nullptr) protocol_->Abandon();
  Wake();
}

}  // namespace stele::server
