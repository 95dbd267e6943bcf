#include "src/server/front/http1_session.h"

#include <algorithm>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "src/server/front/absl_view.h"
#include "src/server/front/http_reason.h"

namespace stele::server {

Http1Session::Http1Session(ConnectionHost* host, FrontLoopState* state)
    : host_(host), state_(state), request_since_ns_(state->loop.now_ns()) {}

Http1Session::~Http1Session() { Abandon(); }

bool Http1Session::Receive(std::string_view bytes) {
  input_.append(bytes);
  Advance();
  return true;
}

bool Http1Session::OnInputEnd() {
  input_ended_ = true;
  return waiting_ || !output_.empty();
}

bool Http1Session::Produce(OutputBuffer* output) {
  output->Append(output_);
  output_.clear();
  if (!waiting_ && !closing_) Advance();
  output->Append(output_);
  output_.clear();
  return !closing_ && !(input_ended_ && !waiting_);
}

bool Http1Session::CheckTimeouts(std::int64_t now_ns, std::int64_t output_stalled_ns) {
  const FrontOptions& options = state_->options;
  if (output_stalled_ns != 0 &&
      absl::Nanoseconds(now_ns - output_stalled_ns) > options.write_stall_timeout) {
    return false;
  }
  if (waiting_) return true;
  const bool within = head_begun_ || first_request_ || body_to_discard_ > 0;
  const absl::Duration limit = within ? options.header_timeout : options.http1_idle_timeout;
  return absl::Nanoseconds(now_ns - request_since_ns_) <= limit;
}

void Http1Session::Drain() {
  if (!waiting_) closing_ = true;
  request_.keep_alive = false;
  host_->Wake();
}

void Http1Session::Abandon() {
  if (slot_ != nullptr) slot_->target = nullptr;
  slot_.reset();
}

void Http1Session::Advance() {
  while (!waiting_ && !closing_ && !input_.empty()) {
    if (body_to_discard_ > 0) {
      const std::size_t taken =
          static_cast<std::size_t>(std::min<std::uint64_t>(body_to_discard_, input_.size()));
      input_.erase(0, taken);
      body_to_discard_ -= taken;
      continue;
    }
    if (!head_begun_) {
      head_begun_ = true;
      request_since_ns_ = state_->loop.now_ns();
    }
    const Http1Parse parse =
        ParseHttp1Head(input_, state_->options.max_header_list_bytes, &request_);
    if (parse.outcome == Http1Parse::Outcome::kIncomplete) return;
    if (parse.outcome == Http1Parse::Outcome::kError) {
      request_ = Http1Head();
      request_.keep_alive = false;
      return Refuse(parse.http_status);
    }
    input_.erase(0, parse.bytes);
    StartRequest();
  }
}

void Http1Session::StartRequest() {
  head_begun_ = false;
  first_request_ = false;
  if (request_.content_length > state_->options.max_http_body_bytes) {
    request_.keep_alive = false;
    return Refuse(413);
  }
  // Asked whether to send a body that nobody wants: answer at once, and the client may not send it.
  if (request_.expects_continue) request_.keep_alive = false;
  body_to_discard_ = request_.content_length;
  const Route route = RouteRequest(request_.head, /*is_http2=*/false);
  if (route.destination != Destination::kHttpRoutes) return Refuse(route.http_status);

  HttpRequest request;
  request.method = request_.head.method;
  const std::string& target = request_.head.path;
  const std::size_t question = target.find('?');
  request.path = target.substr(0, question);
  if (question != std::string::npos) request.query = target.substr(question + 1);
  waiting_ = true;
  slot_ = std::make_shared<HttpResponseSlot>();
  slot_->target = this;
  state_->routes.Handle(request, MakeHttpRespond(state_->loop.mailbox(), slot_));
}

void Http1Session::Refuse(int status) {
  HttpResponse response;
  response.status = status;
  response.body = absl::StrCat(ToAbsl(HttpReason(status)), "\n");
  AppendResponse(response, request_.head.method != "HEAD");
}

void Http1Session::OnHttpResponse(HttpResponse response) {
  waiting_ = false;
  slot_.reset();
  AppendResponse(response, request_.head.method != "HEAD");
  host_->Wake();
}

void Http1Session::AppendResponse(const HttpResponse& response, bool with_body) {
  absl::StrAppend(&output_, "HTTP/1.1 ", response.status, " ", ToAbsl(HttpReason(response.status)),
                  "\r\n", "Content-Type: ", response.content_type, "\r\n",
                  "Content-Length: ", response.body.size(), "\r\n");
  for (const auto& [name, value] : response.headers) {
    absl::StrAppend(&output_, name, ": ", value, "\r\n");
  }
  if (!request_.keep_alive) {
    absl::StrAppend(&output_, "Connection: close\r\n");
    closing_ = true;
  }
  absl::StrAppend(&output_, "\r\n");
  if (with_body) output_.append(response.body);
  request_since_ns_ = state_->loop.now_ns();
}

}  // namespace stele::server
