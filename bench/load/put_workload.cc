#include "bench/load/put_workload.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "bench/load/grpc_frame.h"
#include "proto/rpc.pb.h"
#include "src/raft/check.h"

namespace stele::load {
namespace {

constexpr std::size_t kPoolBytesMin = 1U << 20;

}  // namespace

PutWorkload::PutWorkload(const KeySequence::Options& keys, std::size_t value_size)
    : key_size_(keys.key_size), value_size_(value_size), keys_(keys), random_(keys.seed + 1) {
  pool_.resize(std::max(kPoolBytesMin, 2 * value_size));
  for (char& byte : pool_) byte = static_cast<char>(random_.Next() >> 56);

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
  const std::size_t cut = random_.Below(pool_.size() - value_size_ + 1);
  std::memcpy(request->body.data() + value_offset_, pool_.data() + cut, value_size_);
}

}  // namespace stele::load
