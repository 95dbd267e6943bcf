#include "src/server/front/http2_session.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "src/raft/check.h"
#include "src/server/front/absl_view.h"
#include "src/server/front/grpc_headers.h"
#include "src/server/front/http2_callbacks.h"
#include "src/server/front/server_stream.h"

namespace stele::server {
namespace {

constexpr std::size_t kSpareStreamsMax = 16;
constexpr std::size_t kOutboundAcksMax = 1000;
constexpr std::size_t kSettingsEntriesMax = 32;
constexpr std::size_t kContinuationsMax = 8;
constexpr std::uint32_t kHeaderTableBytes = 4096;
constexpr std::uint64_t kNoLimit = 1'000'000'000;

nghttp2_nv StaticField(std::string_view name, std::string_view value) {
  return {reinterpret_cast<std::uint8_t*>(const_cast<char*>(name.data())),
          reinterpret_cast<std::uint8_t*>(const_cast<char*>(value.data())), name.size(),
          value.size(), NGHTTP2_NV_FLAG_NO_COPY_NAME | NGHTTP2_NV_FLAG_NO_COPY_VALUE};
}

nghttp2_nv CopiedField(std::string_view name, std::string_view value) {
  nghttp2_nv field = StaticField(name, value);
  field.flags = NGHTTP2_NV_FLAG_NONE;
  return field;
}

// Decimal text of a number between 0 and 16, with static life.
std::string_view StatusCodeText(absl::StatusCode code) {
  static constexpr std::array<std::string_view, 17> kTexts = {
      "0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11", "12", "13", "14", "15", "16"};
  const auto number = static_cast<std::size_t>(code);
  return kTexts[number < kTexts.size() ? number : 2];
}

constexpr auto kStatus200 = std::pair<std::string_view, std::string_view>(":status", "200");
constexpr std::string_view kGrpcContentType = "application/grpc";

}  // namespace

Http2Session::Http2Session(ConnectionHost* host, FrontLoopState* state)
    : host_(host),
      state_(state),
      flood_guard_(state->options.control_frame_burst, state->options.control_frame_per_second,
                   state->options.keepalive_min_client_interval),
      stream_resets_(state->options.stream_reset_burst, state->options.stream_reset_per_second),
      opened_ns_(state->loop.now_ns()),
      last_input_ns_(opened_ns_),
      last_stream_ns_(opened_ns_) {
  const FrontOptions& options = state->options;
  nghttp2_option* option = nullptr;
  STELE_CHECK(nghttp2_option_new(&option) == 0);
  nghttp2_option_set_no_closed_streams(option, 1);
  // The library's own checks refuse an :authority with a scheme in front, which grpc-go sends when
  // its target has one; RequestHead checks what must hold.
  nghttp2_option_set_no_http_messaging(option, 1);
  nghttp2_option_set_max_outbound_ack(option, kOutboundAcksMax);
  nghttp2_option_set_max_settings(option, kSettingsEntriesMax);
  nghttp2_option_set_max_continuations(option, kContinuationsMax);
  nghttp2_option_set_max_deflate_dynamic_table_size(option, kHeaderTableBytes);
  // Our own limit (AdmitFrame) replaces nghttp2's, which also counts the resets that grpc-js sends
  // after every finished call.
  nghttp2_option_set_stream_reset_rate_limit(option, kNoLimit, kNoLimit);
  STELE_CHECK(nghttp2_session_server_new2(&session_, Callbacks::Table(), this, option) == 0);
  nghttp2_option_del(option);

  const std::array<nghttp2_settings_entry, 4> settings = {{
      {NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, options.max_concurrent_streams},
      {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, options.stream_window_bytes},
      {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE,
       static_cast<std::uint32_t>(options.max_header_list_bytes)},
      {NGHTTP2_SETTINGS_HEADER_TABLE_SIZE, kHeaderTableBytes},
  }};
  STELE_CHECK(
      nghttp2_submit_settings(session_, NGHTTP2_FLAG_NONE, settings.data(), settings.size()) == 0);
  STELE_CHECK(nghttp2_session_set_local_window_size(
                  session_, NGHTTP2_FLAG_NONE, 0,
                  static_cast<std::int32_t>(options.connection_window_bytes)) == 0);
}

Http2Session::~Http2Session() {
  Abandon();
  nghttp2_session_del(session_);
}

bool Http2Session::Receive(std::string_view bytes) {
  last_input_ns_ = state_->loop.now_ns();
  ping_sent_ns_ = 0;
  if (failed_) return true;  // only waiting for the goodbye to be written
  const ssize_t taken = nghttp2_session_mem_recv(
      session_, reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
  if (taken >= 0) return true;
  if (taken == NGHTTP2_ERR_CALLBACK_FAILURE && failed_) return true;
  return false;
}

bool Http2Session::Produce(OutputBuffer* output) {
  output_ = output;
  bool alive = true;
  while (output->size() < kOutputHighWater) {
    const std::uint8_t* bytes = nullptr;
    const ssize_t count = nghttp2_session_mem_send(session_, &bytes);
    if (count < 0) alive = false;
    if (count <= 0) break;
    output->Append({reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(count)});
  }
  output_ = nullptr;
  if (!alive || failed_) return false;
  if (draining_ && last_stream_named_ && streams_.empty()) return false;
  return nghttp2_session_want_read(session_) != 0 || nghttp2_session_want_write(session_) != 0;
}

void Http2Session::Drain() {
  if (draining_) return;
  draining_ = true;
  drain_started_ns_ = state_->loop.now_ns();
  // Two steps, so that calls already on their way are still served: first a notice without a limit,
  // and after the round trip that the ping measures the real last stream.
  nghttp2_submit_shutdown_notice(session_);
  nghttp2_submit_ping(session_, NGHTTP2_FLAG_NONE, nullptr);
  for (const auto& stream : streams_) stream->Drain();
  host_->Wake();
}

void Http2Session::FinalGoAway() {
  if (!draining_ || last_stream_named_) return;
  last_stream_named_ = true;
  nghttp2_submit_goaway(session_, NGHTTP2_FLAG_NONE,
                        nghttp2_session_get_last_proc_stream_id(session_), NGHTTP2_NO_ERROR,
                        nullptr, 0);
  host_->Wake();
}

void Http2Session::Abandon() {
  while (!streams_.empty()) CloseStream(streams_.back().get());
}

void Http2Session::Terminate(std::uint32_t error_code, std::string_view reason) {
  if (failed_) return;
  failed_ = true;
  nghttp2_submit_goaway(session_, NGHTTP2_FLAG_NONE,
                        nghttp2_session_get_last_proc_stream_id(session_), error_code,
                        reinterpret_cast<const std::uint8_t*>(reason.data()), reason.size());
  host_->Wake();
}

bool Http2Session::CheckTimeouts(std::int64_t now_ns, std::int64_t output_stalled_ns) {
  const FrontOptions& options = state_->options;
  const auto passed = [now_ns](std::int64_t since_ns, absl::Duration limit) {
    return absl::Nanoseconds(now_ns - since_ns) > limit;
  };
  if (!settings_received_ && passed(opened_ns_, options.header_timeout)) return false;
  if (header_block_since_ns_ != 0 && passed(header_block_since_ns_, options.header_timeout)) {
    return false;
  }
  if (draining_ && passed(drain_started_ns_, absl::Seconds(1))) FinalGoAway();
  if (streams_.empty() && passed(last_stream_ns_, options.http2_idle_timeout)) {
    Terminate(NGHTTP2_NO_ERROR, "idle");
  }
  bool only_long_streams = !streams_.empty();
  for (const std::unique_ptr<ServerStream>& stream : streams_) {
    const absl::Status stall = stream->CheckStall(now_ns);
    only_long_streams = only_long_streams && stream->tolerates_stall();
    if (stall.ok()) continue;
    stream->AbortCall(stall);
    // The window may be shut for good, so the status may never leave: the reset will.
    nghttp2_submit_rst_stream(session_, NGHTTP2_FLAG_NONE, stream->id(), NGHTTP2_CANCEL);
    host_->Wake();
  }
  if (output_stalled_ns != 0 && !only_long_streams &&
      passed(output_stalled_ns, options.write_stall_timeout)) {
    return false;
  }
  return CheckKeepalive(now_ns);
}

bool Http2Session::CheckKeepalive(std::int64_t now_ns) {
  const FrontOptions& options = state_->options;
  if (ping_sent_ns_ != 0) {
    return absl::Nanoseconds(now_ns - ping_sent_ns_) <= options.keepalive_timeout;
  }
  if (absl::Nanoseconds(now_ns - last_input_ns_) > options.keepalive_interval) {
    ping_sent_ns_ = now_ns;
    nghttp2_submit_ping(session_, NGHTTP2_FLAG_NONE, nullptr);
    host_->Wake();
  }
  return true;
}

void Http2Session::OpenStream(std::int32_t id) {
  // The GOAWAY that waits to be sent tells the client that this stream was not looked at, so that
  // it may send the request to another member: then it must not be carried out here.
  if (last_stream_named_) return;
  std::unique_ptr<ServerStream> stream;
  if (spare_streams_.empty()) {
    stream = std::make_unique<ServerStream>(this, state_);
  } else {
    stream = std::move(spare_streams_.back());
    spare_streams_.pop_back();
  }
  stream->Open(id);
  stream->slot = streams_.size();
  nghttp2_session_set_stream_user_data(session_, id, stream.get());
  streams_.push_back(std::move(stream));
}

void Http2Session::CloseStream(ServerStream* stream) {
  const std::size_t slot = stream->slot;
  std::unique_ptr<ServerStream> closed = std::move(streams_[slot]);
  if (slot + 1 != streams_.size()) {
    streams_[slot] = std::move(streams_.back());
    streams_[slot]->slot = slot;
  }
  streams_.pop_back();
  if (streams_.empty()) last_stream_ns_ = state_->loop.now_ns();
  closed->Close();
  if (spare_streams_.size() < kSpareStreamsMax) spare_streams_.push_back(std::move(closed));
}

int Http2Session::OnFrame(const nghttp2_frame& frame) {
  auto* stream = static_cast<ServerStream*>(
      nghttp2_session_get_stream_user_data(session_, frame.hd.stream_id));
  const bool end = (frame.hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;
  switch (frame.hd.type) {
    case NGHTTP2_HEADERS:
      header_block_since_ns_ = 0;
      flood_guard_.OnWork();
      if (stream == nullptr) return 0;
      if (frame.headers.cat == NGHTTP2_HCAT_REQUEST) {
        if (!stream->HasWellFormedHead()) {
          nghttp2_submit_rst_stream(session_, NGHTTP2_FLAG_NONE, frame.hd.stream_id,
                                    NGHTTP2_PROTOCOL_ERROR);
          return 0;
        }
        stream->OnHeadersEnd();
      }
      if (end) stream->OnRequestEnd();
      return 0;
    case NGHTTP2_DATA:
      if (stream != nullptr && end) stream->OnRequestEnd();
      return 0;
    case NGHTTP2_SETTINGS:
      settings_received_ = true;
      return 0;
    case NGHTTP2_PING:
      if ((frame.hd.flags & NGHTTP2_FLAG_ACK) != 0) {
        FinalGoAway();
      } else if (!flood_guard_.OnPing(state_->loop.now_ns(), !streams_.empty())) {
        Terminate(NGHTTP2_ENHANCE_YOUR_CALM, "too_many_pings");
        return NGHTTP2_ERR_CALLBACK_FAILURE;
      }
      return 0;
    default:
      return 0;
  }
}

bool Http2Session::AdmitFrame(const nghttp2_frame_hd& header) {
  const bool request = header.type == NGHTTP2_HEADERS || header.type == NGHTTP2_CONTINUATION;
  const bool body = header.type == NGHTTP2_DATA &&
                    (header.length > 0 || (header.flags & NGHTTP2_FLAG_END_STREAM) != 0);
  if (request) return true;  // counted when complete
  if (body) {
    flood_guard_.OnWork();
    return true;
  }
  const std::int64_t now_ns = state_->loop.now_ns();
  const bool interrupts =
      header.type == NGHTTP2_RST_STREAM &&
      nghttp2_session_get_stream_user_data(session_, header.stream_id) != nullptr;
  if (interrupts) {
    if (stream_resets_.Take(now_ns)) return true;
    Terminate(NGHTTP2_ENHANCE_YOUR_CALM, "too many stream resets");
    return false;
  }
  if (flood_guard_.OnControlFrame(now_ns)) return true;
  Terminate(NGHTTP2_ENHANCE_YOUR_CALM, "too many control frames");
  return false;
}

void Http2Session::OnFrameSent(const nghttp2_frame& frame) {
  if (frame.hd.type != NGHTTP2_HEADERS) return;
  flood_guard_.OnDataSent();
  flood_guard_.OnWork();
  if ((frame.hd.flags & NGHTTP2_FLAG_END_STREAM) == 0) return;
  const auto* stream = static_cast<const ServerStream*>(
      nghttp2_session_get_stream_user_data(session_, frame.hd.stream_id));
  if (stream == nullptr || stream->request_ended()) return;
  // The answer is complete, so the client need not send the rest of its request.
  nghttp2_submit_rst_stream(session_, NGHTTP2_FLAG_NONE, frame.hd.stream_id, NGHTTP2_NO_ERROR);
}

void Http2Session::SendBody(ServerStream* stream, const std::uint8_t* frame_header,
                            std::size_t bytes) {
  constexpr std::size_t kFrameHeaderBytes = 9;
  output_->Append({reinterpret_cast<const char*>(frame_header), kFrameHeaderBytes});
  stream->TakeBody(bytes, output_);
  flood_guard_.OnDataSent();
  flood_guard_.OnWork();
}

void Http2Session::ResumeBody(ServerStream* stream) {
  nghttp2_session_resume_data(session_, stream->id());
  host_->Wake();
}

void Http2Session::SubmitGrpcHeaders(ServerStream* stream) {
  const std::array<nghttp2_nv, 2> fields = {StaticField(kStatus200.first, kStatus200.second),
                                            StaticField("content-type", kGrpcContentType)};
  nghttp2_data_provider body = Callbacks::Body(stream);
  nghttp2_submit_response(session_, stream->id(), fields.data(), fields.size(), &body);
  host_->Wake();
}

void Http2Session::SubmitTrailersOnly(ServerStream* stream, const absl::Status& status) {
  const std::string message = PercentEncode(ToStd(status.message()));
  std::array<nghttp2_nv, 5> fields = {StaticField(kStatus200.first, kStatus200.second),
                                      StaticField("content-type", kGrpcContentType),
                                      StaticField("grpc-status", StatusCodeText(status.code()))};
  std::size_t count = 3;
  if (!message.empty()) fields[count++] = CopiedField("grpc-message", message);
  if (status.code() == absl::StatusCode::kUnimplemented) {
    fields[count++] = StaticField("grpc-accept-encoding", "identity");
  }
  nghttp2_submit_response(session_, stream->id(), fields.data(), count, nullptr);
  host_->Wake();
}

void Http2Session::SubmitTrailers(ServerStream* stream, const absl::Status& status) {
  const std::string message = PercentEncode(ToStd(status.message()));
  std::array<nghttp2_nv, 2> fields = {StaticField("grpc-status", StatusCodeText(status.code()))};
  std::size_t count = 1;
  if (!message.empty()) fields[count++] = CopiedField("grpc-message", message);
  nghttp2_submit_trailer(session_, stream->id(), fields.data(), count);
}

void Http2Session::SubmitHttpResponse(ServerStream* stream, const HttpResponse& response,
                                      std::size_t content_length, bool has_body) {
  const std::string status = std::to_string(response.status);
  const std::string length = std::to_string(content_length);
  std::vector<nghttp2_nv> fields = {CopiedField(":status", status),
                                    CopiedField("content-type", response.content_type),
                                    CopiedField("content-length", length)};
  for (const auto& [name, value] : response.headers) fields.push_back(CopiedField(name, value));
  nghttp2_data_provider body = Callbacks::Body(stream);
  nghttp2_submit_response(session_, stream->id(), fields.data(), fields.size(),
                          has_body ? &body : nullptr);
  host_->Wake();
}

}  // namespace stele::server
