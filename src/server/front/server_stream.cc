#include "src/server/front/server_stream.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "src/server/front/absl_view.h"
#include "src/server/front/grpc_headers.h"
#include "src/server/front/http2_session.h"
#include "src/server/front/http_reason.h"

namespace stele::server {
namespace {

absl::Status DeadlineError() { return absl::DeadlineExceededError("context deadline exceeded"); }

}  // namespace

ServerStream::~ServerStream() {
  if (id_ != 0) Close();
}

void ServerStream::Open(std::int32_t id) {
  id_ = id;
  last_input_ns_ = state_->loop.now_ns();
  last_output_ns_ = last_input_ns_;
}

void ServerStream::Close() {
  state_->loop.CancelTimer(&deadline_timer_);
  CancelHandler();
  if (call_ != nullptr) call_->Detach();
  call_.reset();
  handler_.reset();
  if (http_slot_ != nullptr) http_slot_->target = nullptr;
  http_slot_.reset();
  reader_.Reset(0);
  CountPartial();
  head_.Clear();
  request_ = std::string();
  output_.Clear();
  reserved_ = 0;
  status_ = absl::OkStatus();
  method_ = nullptr;
  is_grpc_ = has_request_ = request_ended_ = headers_sent_ = response_ended_ = false;
  body_deferred_ = false;
  id_ = 0;
}

void ServerStream::OnHeader(std::string_view name, std::string_view value) {
  if (head_.list_bytes > state_->options.max_header_list_bytes) return;
  head_.Add(name, value);
}

bool ServerStream::HasWellFormedHead() const {
  return head_.list_bytes > state_->options.max_header_list_bytes || head_.IsWellFormed();
}

void ServerStream::OnHeadersEnd() {
  if (head_.list_bytes > state_->options.max_header_list_bytes) {
    return RefuseHttp(431, "request header list too large\n");
  }
  const Route route = RouteRequest(head_, /*is_http2=*/true);
  switch (route.destination) {
    case Destination::kGrpc:
      return StartCall();
    case Destination::kHttpRoutes:
      return StartHttp();
    case Destination::kRefuse:
      return RefuseHttp(route.http_status, "");
  }
}

void ServerStream::OnBody(std::string_view bytes) {
  last_input_ns_ = state_->loop.now_ns();
  if (!is_grpc_ || response_ended_ || method_ == nullptr) return;
  const absl::Status status = reader_.Feed(
      bytes,
      [this](std::string_view message, std::string* buffer) { return OnMessage(message, buffer); });
  if (!status.ok()) return AbortCall(status);
  CountPartial();
  if (state_->partial_request_bytes > state_->options.max_partial_request_bytes) {
    AbortCall(absl::ResourceExhaustedError("too many bytes of incomplete requests"));
  }
}

void ServerStream::CountPartial() {
  const std::size_t now = reader_.buffered_bytes();
  state_->partial_request_bytes += now - counted_partial_;  // modulo 2^64, so it may fall
  counted_partial_ = now;
}

bool ServerStream::OnMessage(std::string_view message, std::string* buffer) {
  if (method_->kind == MethodKind::kBidiStream) {
    handler_->OnMessage(message);
    return !response_ended_;
  }
  if (has_request_) {
    AbortCall(absl::InternalError("more than one request message in a unary call"));
    return false;
  }
  has_request_ = true;
  if (buffer != nullptr) {
    request_ = std::move(*buffer);
  } else {
    request_.assign(message);
  }
  return true;
}

void ServerStream::OnRequestEnd() {
  request_ended_ = true;
  if (!is_grpc_ || response_ended_ || method_ == nullptr) return;
  if (reader_.partial()) {
    return AbortCall(absl::InternalError("the request ends within a message"));
  }
  if (method_->kind == MethodKind::kBidiStream) return handler_->OnHalfClose();
  if (!has_request_) {
    return AbortCall(absl::InternalError("a unary call without a request message"));
  }
  // A timer of a nanosecond would come after the answer; a client that does not wait is not served.
  if (deadline_timer_ != EventLoop::TimerId() && absl::Now() >= call_->deadline()) {
    return AbortCall(DeadlineError());
  }
  const std::string request = std::exchange(request_, std::string());
  method_->on_request(call_, request);
}

void ServerStream::StartCall() {
  is_grpc_ = true;
  absl::Duration timeout = absl::InfiniteDuration();
  if (!head_.grpc_timeout.empty()) {
    const std::optional<absl::Duration> parsed = ParseGrpcTimeout(head_.grpc_timeout);
    if (!parsed.has_value()) {
      return FailCall(absl::InternalError(
          absl::StrCat("malformed grpc-timeout: \"", head_.grpc_timeout, "\"")));
    }
    timeout = *parsed;
  }
  if (!head_.grpc_encoding.empty() && head_.grpc_encoding != "identity") {
    return FailCall(absl::UnimplementedError(absl::StrCat(
        "grpc: Decompressor is not installed for grpc-encoding \"", head_.grpc_encoding, "\"")));
  }
  if (absl::Status status = FindMethod(); !status.ok()) return FailCall(status);

  const bool unary = method_->kind == MethodKind::kUnary;
  if (session_->draining() && !unary) {
    method_ = nullptr;
    return FailCall(absl::UnavailableError("etcdserver: server stopped"));
  }
  reader_.Reset(state_->options.max_receive_message_bytes);
  const bool has_deadline = timeout != absl::InfiniteDuration();
  call_ = std::make_shared<GrpcCall>(state_->loop.mailbox(), this, std::move(head_.fields),
                                     has_deadline ? absl::Now() + timeout : absl::InfiniteFuture(),
                                     session_->peer());
  if (has_deadline) {
    deadline_timer_ = state_->loop.SetTimer(timeout, [this] {
      deadline_timer_ = EventLoop::TimerId();
      AbortCall(DeadlineError());
    });
  }
  if (method_->kind == MethodKind::kBidiStream) handler_ = method_->on_stream(call_);
}

absl::Status ServerStream::FindMethod() {
  method_ = state_->methods.Find(head_.path);
  if (method_ != nullptr) return absl::OkStatus();
  const std::string_view path = head_.path;
  const std::size_t slash = path.rfind('/');
  if (!path.starts_with('/') || slash == 0) {
    return absl::UnimplementedError(absl::StrCat("malformed method name: \"", head_.path, "\""));
  }
  const std::string service(path.substr(1, slash - 1));
  if (!state_->methods.HasService(service)) {
    return absl::UnimplementedError(absl::StrCat("unknown service ", service));
  }
  return absl::UnimplementedError(
      absl::StrCat("unknown method ", ToAbsl(path.substr(slash + 1)), " for service ", service));
}

void ServerStream::StartHttp() {
  HttpRequest request;
  request.method = head_.method;
  const std::size_t question = head_.path.find('?');
  request.path = head_.path.substr(0, question);
  if (question != std::string::npos) request.query = head_.path.substr(question + 1);
  http_slot_ = std::make_shared<HttpResponseSlot>();
  http_slot_->target = this;
  state_->routes.Handle(request, MakeHttpRespond(state_->loop.mailbox(), http_slot_));
}

void ServerStream::RefuseHttp(int status, std::string_view text) {
  HttpResponse response;
  response.status = status;
  response.body = std::string(text);
  if (IsGrpcContentType(head_.content_type)) {
    // A gRPC client looks here before it makes something up from the HTTP status.
    response.content_type = "application/grpc";
    response.headers.emplace_back("grpc-status", status == 431 ? "8" : "13");
    response.headers.emplace_back("grpc-message", HttpReason(status));
    response.body.clear();
  }
  if (status == 405) response.headers.emplace_back("allow", "POST");  // only calls get here
  OnHttpResponse(std::move(response));
}

void ServerStream::OnHttpResponse(HttpResponse response) {
  if (response_ended_) return;
  response_ended_ = true;
  headers_sent_ = true;
  const std::size_t body_bytes = response.body.size();
  OutputPart part;
  if (head_.method != "HEAD" && body_bytes > 0) {
    part.shared = std::make_shared<const std::string>(std::move(response.body));
    output_.Push(std::move(part));
  }
  session_->SubmitHttpResponse(this, response, body_bytes, !output_.empty());
}

void ServerStream::SendMessages(OutputParts* parts) {
  if (response_ended_ || parts->empty()) return;
  if (output_.empty()) last_output_ns_ = state_->loop.now_ns();
  for (OutputPart& part : *parts) output_.Push(std::move(part));
  if (!headers_sent_) {
    headers_sent_ = true;
    session_->SubmitGrpcHeaders(this);
  } else {
    ResumeBody();
  }
}

void ServerStream::FinishCall(const absl::Status& status) {
  if (response_ended_) return;
  EndResponse(status);
}

void ServerStream::FailCall(const absl::Status& status) { EndResponse(status); }

void ServerStream::AbortCall(const absl::Status& status) {
  if (response_ended_) return;
  CancelHandler();
  output_.DropAllBut(reserved_);
  reader_.Reset(0);
  CountPartial();
  request_ = std::string();
  EndResponse(status);
}

void ServerStream::EndResponse(const absl::Status& status) {
  response_ended_ = true;
  status_ = status;
  state_->loop.CancelTimer(&deadline_timer_);
  if (!headers_sent_) {
    headers_sent_ = true;
    session_->SubmitTrailersOnly(this, status);
  } else {
    ResumeBody();
  }
}

void ServerStream::ResumeBody() {
  if (std::exchange(body_deferred_, false)) session_->ResumeBody(this);
}

void ServerStream::CancelHandler() {
  if (call_ == nullptr || response_ended_) return;
  // Finish may have been called by another thread and still be on its way: then the handler must
  // not hear of a cancellation.
  const bool already_finished = call_->MarkEnded();
  if (already_finished) return;
  if (handler_ != nullptr) handler_->OnCancel();
  call_->TellCancelled();
}

void ServerStream::Drain() {
  if (method_ == nullptr || method_->kind == MethodKind::kUnary) return;
  AbortCall(absl::UnavailableError("etcdserver: server stopped"));
}

void ServerStream::TakeBody(std::size_t bytes, OutputBuffer* output) {
  output_.MoveTo(bytes, output);
  reserved_ = 0;
  last_output_ns_ = state_->loop.now_ns();
  if (call_ != nullptr) call_->OnTaken(bytes);
}

void ServerStream::SubmitTrailers() { session_->SubmitTrailers(this, status_); }

absl::Status ServerStream::CheckStall(std::int64_t now_ns) const {
  if (tolerates_stall()) return absl::OkStatus();
  const FrontOptions& options = state_->options;
  if (!output_.empty() &&
      absl::Nanoseconds(now_ns - last_output_ns_) > options.write_stall_timeout) {
    return absl::DeadlineExceededError("the client does not take the response");
  }
  if (!request_ended_ &&
      absl::Nanoseconds(now_ns - last_input_ns_) > options.receive_stall_timeout) {
    return absl::DeadlineExceededError("the request does not arrive");
  }
  return absl::OkStatus();
}

}  // namespace stele::server
