#include "bench/load/range_workload.h"

#include <array>

#include "bench/load/grpc_frame.h"
#include "proto/rpc.pb.h"
#include "src/raft/check.h"

namespace stele::load {

RangeWorkload::RangeWorkload(const KeySequence::Options& keys, bool serializable)
    : key_size_(keys.key_size), keys_(keys) {
  etcdserverpb::RangeRequest range;
  range.set_key(std::string(key_size_, 'k'));
  range.set_serializable(serializable);
  shape_ = FrameGrpcMessage(range.SerializeAsString());
  key_offset_ = FirstFieldOffset(key_size_);
  STELE_CHECK(shape_.compare(key_offset_, key_size_, range.key()) == 0);
}

std::span<const std::string_view> RangeWorkload::operations() const {
  static constexpr std::array<std::string_view, 1> kOperations = {"range"};
  return kOperations;
}

void RangeWorkload::Prepare(Request* request) {
  if (request->shape != this) {
    request->shape = this;
    request->operation = 0;
    request->path = "/etcdserverpb.KV/Range";
    request->body = shape_;
  }
  KeySequence::Write(keys_.Next(), {request->body.data() + key_offset_, key_size_});
}

}  // namespace stele::load
