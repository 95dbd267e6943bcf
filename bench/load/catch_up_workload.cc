#include "bench/load/catch_up_workload.h"

#include <array>

#include "bench/load/grpc_frame.h"
#include "bench/load/watch_message.h"
#include "fmt/format.h"
#include "proto/rpc.pb.h"

namespace stele::load {

CatchUpWorkload::CatchUpWorkload(const KeySequence::Options& keys, std::int64_t start_revision,
                                 std::uint64_t history)
    : history_(history) {
  etcdserverpb::WatchRequest request;
  etcdserverpb::WatchCreateRequest* create = request.mutable_create_request();
  create->set_key(std::string(keys.key_size, '0'));
  create->set_range_end(std::string(1, ':'));  // the byte after '9': every key is a number
  create->set_start_revision(start_revision);
  shape_ = FrameGrpcMessage(request.SerializeAsString());
}

std::span<const std::string_view> CatchUpWorkload::operations() const {
  static constexpr std::array<std::string_view, 1> kOperations = {"catchup"};
  return kOperations;
}

void CatchUpWorkload::Prepare(Request* request) {
  request->path = "/etcdserverpb.Watch/Watch";
  request->body = shape_;
  request->received = 0;
}

Verdict CatchUpWorkload::OnMessage(Request* request, std::string_view message,
                                   std::string* failure) {
  const std::optional<WatchMessage> answer = ReadWatchMessage(message, nullptr);
  if (!answer.has_value()) {
    *failure = "the answer cannot be parsed";
    return Verdict::kFailed;
  }
  if (answer->canceled) {
    *failure = fmt::format("canceled: {}", answer->cancel_reason);
    return Verdict::kFailed;
  }
  events_ += answer->events;
  request->received += answer->events;
  return request->received >= history_ ? Verdict::kDone : Verdict::kMore;
}

}  // namespace stele::load
