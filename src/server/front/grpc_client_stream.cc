#include "src/server/front/grpc_client_stream.h"

#include <nghttp2/nghttp2.h>

#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "src/server/front/absl_view.h"
#include "src/server/front/grpc_client_connection.h"
#include "src/server/front/grpc_headers.h"

namespace stele::server {

bool GrpcClientStream::Write(std::span<const Bytes> parts) {
  if (ended() || half_closed_) return false;
  std::vector<OutputPart> output;
  const std::size_t bytes = AppendGrpcMessage(parts, /*copies=*/false, &output);
  if (output_.size() + bytes > max_queued_bytes_) return false;
  for (OutputPart& part : output) output_.Push(std::move(part));
  Resume();
  return true;
}

bool GrpcClientStream::Write(std::string message) {
  const Bytes part = std::make_shared<const std::string>(std::move(message));
  return Write(std::span<const Bytes>(&part, 1));
}

void GrpcClientStream::HalfClose() {
  if (ended() || std::exchange(half_closed_, true)) return;
  Resume();
}

void GrpcClientStream::Resume() {
  if (std::exchange(body_deferred_, false)) {
    connection_->ResumeBody(id_);
  } else {
    connection_->Wake();
  }
}

void GrpcClientStream::Cancel() {
  events_ = nullptr;
  if (!ended()) connection_->ResetStream(id_, NGHTTP2_CANCEL);
}

void GrpcClientStream::NotifyDrained(std::size_t threshold, std::function<void()> drained) {
  if (ended()) return;
  drain_threshold_ = threshold;
  drained_ = std::move(drained);
  if (output_.size() <= threshold) TakeBody(0, nullptr);
}

void GrpcClientStream::TakeBody(std::size_t bytes, OutputBuffer* output) {
  if (bytes > 0) {
    output_.MoveTo(bytes, output);
    reserved_ = 0;
  }
  if (drained_ == nullptr || output_.size() > drain_threshold_) return;
  loop_->Post([alive = alive_, drained = std::exchange(drained_, nullptr)] {
    if (*alive) drained();
  });
}

void GrpcClientStream::OnHeader(std::string_view name, std::string_view value) {
  if (name == ":status") {
    if (!absl::SimpleAtoi(ToAbsl(value), &http_status_)) http_status_ = 0;
  } else if (name == "content-type") {
    is_grpc_ = IsGrpcContentType(value);
  } else if (name == "grpc-status") {
    grpc_status_ = value;
  } else if (name == "grpc-message") {
    grpc_message_ = value;
  }
}

void GrpcClientStream::OnBody(std::string_view bytes) {
  if (!is_grpc_ || events_ == nullptr || !read_error_.ok()) return;
  read_error_ = reader_.Feed(bytes, [this](std::string_view message, std::string* /*buffer*/) {
    events_->OnMessage(message);
    return events_ != nullptr;
  });
  if (!read_error_.ok()) connection_->ResetStream(id_, NGHTTP2_CANCEL);
}

absl::Status GrpcClientStream::FinalStatus(std::uint32_t reset_code) const {
  if (!read_error_.ok()) return read_error_;
  if (!grpc_status_.empty()) return ParseGrpcStatus(grpc_status_, grpc_message_);
  if (http_status_ != 0 && (http_status_ != 200 || !is_grpc_)) return StatusFromHttp(http_status_);
  const absl::string_view reason(nghttp2_http2_strerror(reset_code));
  switch (reset_code) {
    case NGHTTP2_NO_ERROR:
      return absl::InternalError("the stream ended without a status");
    case NGHTTP2_REFUSED_STREAM:
      return absl::UnavailableError(absl::StrCat("stream reset: ", reason));
    case NGHTTP2_CANCEL:
      return absl::CancelledError(absl::StrCat("stream reset: ", reason));
    case NGHTTP2_ENHANCE_YOUR_CALM:
      return absl::ResourceExhaustedError(absl::StrCat("stream reset: ", reason));
    default:
      return absl::InternalError(absl::StrCat("stream reset: ", reason));
  }
}

void GrpcClientStream::OnClosed(std::uint32_t reset_code) { End(FinalStatus(reset_code)); }

void GrpcClientStream::End(const absl::Status& status) {
  if (ended()) return;
  loop_->CancelTimer(&deadline_timer_);
  connection_ = nullptr;
  *alive_ = false;
  drained_ = nullptr;
  output_.DropAllBut(reserved_);
  Events* events = std::exchange(events_, nullptr);
  if (events != nullptr) events->OnEnd(status);
}

}  // namespace stele::server
