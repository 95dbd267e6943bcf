#include "bench/load/connection.h"

#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <utility>

#include "src/raft/check.h"

namespace stele::load {
namespace {

// Large windows, so that the measured server is never stopped by our flow control and we seldom
// have to send window updates.
constexpr std::int32_t kStreamWindowBytes = 4 << 20;
constexpr std::int32_t kConnectionWindowBytes = 64 << 20;
// Enough for a batch of requests in one write without holding back the first ones for long.
constexpr std::size_t kWriteBytes = 64U << 10;

// The library need not copy: names and values are constants or live as long as the session.
constexpr std::uint8_t kNoCopy = NGHTTP2_NV_FLAG_NO_COPY_NAME | NGHTTP2_NV_FLAG_NO_COPY_VALUE;

nghttp2_nv Header(std::string_view name, std::string_view value) {
  auto* name_bytes = reinterpret_cast<std::uint8_t*>(const_cast<char*>(name.data()));
  auto* value_bytes = reinterpret_cast<std::uint8_t*>(const_cast<char*>(value.data()));
  return {name_bytes, value_bytes, name.size(), value.size(), kNoCopy};
}

int ToNumber(std::string_view text) {
  int number = -1;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

}  // namespace

struct Connection::Callbacks {
  static int OnHeader(nghttp2_session* session, const nghttp2_frame* frame,
                      const std::uint8_t* name_bytes, std::size_t name_size,
                      const std::uint8_t* value_bytes, std::size_t value_size,
                      std::uint8_t /*flags*/, void* /*connection*/) {
    void* user = nghttp2_session_get_stream_user_data(session, frame->hd.stream_id);
    if (user == nullptr) return 0;
    Call* call = static_cast<Call*>(user);
    const std::string_view name(reinterpret_cast<const char*>(name_bytes), name_size);
    const std::string_view value(reinterpret_cast<const char*>(value_bytes), value_size);
    if (name == ":status") {
      call->http_status_ = ToNumber(value);
    } else if (name == "grpc-status") {
      call->grpc_status_ = ToNumber(value);
    } else if (name == "grpc-message") {
      call->grpc_message_ = value;
    }
    return 0;
  }

  static int OnData(nghttp2_session* session, std::uint8_t /*flags*/, std::int32_t stream_id,
                    const std::uint8_t* bytes, std::size_t size, void* /*connection*/) {
    void* user = nghttp2_session_get_stream_user_data(session, stream_id);
    if (user == nullptr) return 0;
    static_cast<Call*>(user)->OnData({reinterpret_cast<const char*>(bytes), size});
    return 0;
  }

  static int OnStreamClose(nghttp2_session* session, std::int32_t stream_id,
                           std::uint32_t error_code, void* connection) {
    void* user = nghttp2_session_get_stream_user_data(session, stream_id);
    if (user == nullptr) return 0;
    // After complete trailers an error code changes nothing: servers reset a stream with NO_ERROR
    // when they answer before they have read the whole request.
    const char* reason = error_code == NGHTTP2_NO_ERROR ? "stream ended without a status"
                                                        : nghttp2_http2_strerror(error_code);
    static_cast<Connection*>(connection)->Finish(static_cast<Call*>(user), reason);
    return 0;
  }

  static ssize_t ReadBody(nghttp2_session* /*session*/, std::int32_t /*stream_id*/,
                          std::uint8_t* out, std::size_t room, std::uint32_t* flags,
                          nghttp2_data_source* source, void* /*connection*/) {
    Call* call = static_cast<Call*>(source->ptr);
    if (call->stream_) return ReadStream(call, out, room);
    const std::size_t size = std::min(room, call->unsent_.size());
    std::memcpy(out, call->unsent_.data(), size);
    call->unsent_.remove_prefix(size);
    if (call->unsent_.empty()) *flags |= NGHTTP2_DATA_FLAG_EOF;
    return static_cast<ssize_t>(size);
  }

  static ssize_t ReadStream(Call* call, std::uint8_t* out, std::size_t room) {
    if (call->queued_.empty()) return NGHTTP2_ERR_DEFERRED;
    const std::size_t size = std::min(room, call->queued_.size());
    std::copy_n(call->queued_.begin(), size, out);
    call->queued_.erase(0, size);
    return static_cast<ssize_t>(size);
  }

  // Shared by all sessions: it only names functions.
  static const nghttp2_session_callbacks* Table() {
    static const nghttp2_session_callbacks* const table = [] {
      nghttp2_session_callbacks* made = nullptr;
      STELE_CHECK(nghttp2_session_callbacks_new(&made) == 0);
      nghttp2_session_callbacks_set_on_header_callback(made, OnHeader);
      nghttp2_session_callbacks_set_on_data_chunk_recv_callback(made, OnData);
      nghttp2_session_callbacks_set_on_stream_close_callback(made, OnStreamClose);
      return made;
    }();
    return table;
  }
};

Connection::Connection(UniqueFd fd, std::string_view authority)
    : fd_(std::move(fd)), authority_(authority) {
  STELE_CHECK(nghttp2_session_client_new(&session_, Callbacks::Table(), this) == 0);
  const std::array<nghttp2_settings_entry, 2> settings = {{
      {NGHTTP2_SETTINGS_ENABLE_PUSH, 0},
      {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, kStreamWindowBytes},
  }};
  STELE_CHECK(
      nghttp2_submit_settings(session_, NGHTTP2_FLAG_NONE, settings.data(), settings.size()) == 0);
  STELE_CHECK(nghttp2_session_set_local_window_size(session_, NGHTTP2_FLAG_NONE, 0,
                                                    kConnectionWindowBytes) == 0);
}

Connection::~Connection() {
  Lose("connection closed");
  nghttp2_session_del(session_);
}

void Connection::Start(Call* call, std::string_view path, std::string_view body) {
  call->stream_ = false;
  call->unsent_ = body;
  Submit(call, path);
}

void Connection::Open(Call* call, std::string_view path) {
  call->stream_ = true;
  call->queued_.clear();
  Submit(call, path);
}

void Connection::Send(Call* call, std::string_view framed) {
  STELE_CHECK(call->stream_ && call->stream_id_ >= 0);
  const bool idle = call->queued_.empty();
  call->queued_.append(framed);
  // Refused while the library has not yet asked for the first bytes, which is no loss.
  if (idle) nghttp2_session_resume_data(session_, call->stream_id_);
}

void Connection::Submit(Call* call, std::string_view path) {
  STELE_CHECK(usable_);
  STELE_CHECK(call->stream_id_ < 0);
  const std::array<nghttp2_nv, 7> headers = {
      Header(":method", "POST"),
      Header(":scheme", "http"),
      Header(":path", path),
      Header(":authority", authority_),
      Header("content-type", "application/grpc"),
      Header("te", "trailers"),
      Header("user-agent", "stele-bench"),
  };
  call->http_status_ = 0;
  call->grpc_status_ = -1;
  call->grpc_message_.clear();
  nghttp2_data_provider provider = {};
  provider.source.ptr = call;
  provider.read_callback = Callbacks::ReadBody;
  call->position_ = calls_.size();
  calls_.push_back(call);
  const std::int32_t stream_id =
      nghttp2_submit_request(session_, nullptr, headers.data(), headers.size(), &provider, call);
  if (stream_id >= 0) {
    call->stream_id_ = stream_id;
    return;
  }
  // The server is going away, or the stream ids are used up: this connection is finished.
  usable_ = false;
  Finish(call, nghttp2_strerror(stream_id));
}

void Connection::Cancel(Call* call, std::string_view reason) {
  const std::int32_t stream_id = call->stream_id_;
  nghttp2_session_set_stream_user_data(session_, stream_id, nullptr);
  nghttp2_submit_rst_stream(session_, NGHTTP2_FLAG_NONE, stream_id, NGHTTP2_CANCEL);
  Finish(call, reason);
}

void Connection::Finish(Call* call, std::string_view transport) {
  STELE_CHECK(calls_[call->position_] == call);
  calls_[call->position_] = calls_.back();
  calls_[call->position_]->position_ = call->position_;
  calls_.pop_back();
  call->stream_id_ = -1;
  CallEnd end;
  end.grpc_status = call->grpc_status_;
  end.grpc_message = call->grpc_message_;
  if (end.grpc_status < 0) end.transport = transport;
  std::string http_error;
  if (end.grpc_status < 0 && call->http_status_ != 0 && call->http_status_ != 200) {
    http_error = "HTTP status " + std::to_string(call->http_status_);
    end.transport = http_error;
  }
  call->OnEnd(end);
}

void Connection::Lose(std::string_view reason) {
  usable_ = false;
  while (!calls_.empty()) {
    Call* call = calls_.back();
    if (call->stream_id_ >= 0) {
      nghttp2_session_set_stream_user_data(session_, call->stream_id_, nullptr);
    }
    Finish(call, reason);
  }
}

void Connection::OnReadable(ReadBuffer* buffer) {
  // A read that does not fill the buffer has emptied the socket.
  for (auto size = static_cast<ssize_t>(kReadBytes); size == static_cast<ssize_t>(kReadBytes);) {
    size = ::recv(fd_.get(), buffer->data(), kReadBytes, 0);
    if (size < 0) {
      if (errno == EINTR) {
        size = static_cast<ssize_t>(kReadBytes);
        continue;
      }
      if (errno != EAGAIN) Lose("connection lost");
      return;
    }
    if (size == 0) {
      Lose("connection closed by the server");
      return;
    }
    const ssize_t used =
        nghttp2_session_mem_recv(session_, buffer->data(), static_cast<std::size_t>(size));
    if (used < 0) {
      Lose(nghttp2_strerror(static_cast<int>(used)));
      return;
    }
  }
  if (nghttp2_session_check_request_allowed(session_) == 0) usable_ = false;
}

bool Connection::Flush() {
  for (;;) {
    while (unsent_.size() - sent_ < kWriteBytes) {
      const std::uint8_t* bytes = nullptr;
      const ssize_t size = nghttp2_session_mem_send(session_, &bytes);
      if (size < 0) {
        Lose(nghttp2_strerror(static_cast<int>(size)));
        return false;
      }
      if (size == 0) break;
      unsent_.append(reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(size));
    }
    if (sent_ == unsent_.size()) {
      unsent_.clear();
      sent_ = 0;
      // After a protocol error the library says farewell and then has nothing left to do.
      const bool over =
          nghttp2_session_want_read(session_) == 0 && nghttp2_session_want_write(session_) == 0;
      if (over) Lose("connection ended by a GOAWAY or a protocol error");
      return false;
    }
    const ssize_t size =
        ::send(fd_.get(), unsent_.data() + sent_, unsent_.size() - sent_, MSG_NOSIGNAL);
    if (size >= 0) {
      sent_ += static_cast<std::size_t>(size);
    } else if (errno == EAGAIN) {
      return true;
    } else if (errno != EINTR) {
      Lose("connection lost");
      return false;
    }
  }
}

}  // namespace stele::load
