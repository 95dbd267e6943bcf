#include "bench/load/put_workload.h"

#include <array>

#include "bench/load/grpc_frame.h"
#include "proto/rpc.pb.h"
#include "src/raft/check.h"

namespace stele::load {

PutWorkload::PutWorkload(const KeySequence::Options& keys, std::size_t value_size)
    : key_size_(keys.key_size),
      value_size_(value_size),
      keys_(keys),
      values_(value_size, keys.seed + 1) {
  etcdserverpb::PutRequest put;
  put.set_key(std::string(key_size_, 'k'));
  put.set_value(std::string(value_size_, 'v'));
  shape_ = FrameGrpcMessage(put.SerializeAsString());
  key_offset_ = FirstFieldOffset(key_size_);
  // Key and value are the only fields set and are written in order, so the value ends the message.
  value_offset_ = shape_.size() - value_size_;
  STELE_CHECK(shape_.compare(key_offset_, key_size_, put.key()) == 0);
  STELE_CHECK(key_offset_ + key_size_ <= value_offset_);
}

std::span<const std::string_view> PutWorkload::operations() const {
  static constexpr std::array<std::string_view, 1> kOperations = {"put"};
  return kOperations;
}

void PutWorkload::Prepare(Request* request) {
  if (request->shape != this) {
    request->shape = this;
    request->operation = 0;
    request->path = "/etcdserverpb.KV/Put";
    request->body = shape_;
  }
  KeySequence::Write(keys_.Next(), {request->body.data() + key_offset_, key_size_});
  values_.Fill({request->body.data() + value_offset_, value_size_});
}

}  // namespace stele::load
