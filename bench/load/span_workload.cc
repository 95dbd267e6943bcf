#include "bench/load/span_workload.h"

#include <algorithm>

#include "bench/load/grpc_frame.h"
#include "proto/rpc.pb.h"
#include "src/raft/check.h"

namespace stele::load {
namespace {

// One number for each possible start.
KeySequence::Options StartsOf(KeySequence::Options keys, std::uint64_t stride) {
  keys.key_space = (keys.key_space + stride - 1) / stride;
  return keys;
}

}  // namespace

SpanWorkload::SpanWorkload(const KeySequence::Options& keys, const Options& options)
    : options_(options),
      key_space_(keys.key_space),
      key_size_(keys.key_size),
      starts_(StartsOf(keys, options.stride)) {
  etcdserverpb::RangeRequest range;
  range.set_key(std::string(key_size_, 'k'));
  range.set_range_end(std::string(key_size_, 'e'));
  range.set_limit(options_.limit);
  range.set_count_only(options_.count_only);
  range.set_serializable(options_.serializable);
  shape_ = FrameGrpcMessage(range.SerializeAsString());
  key_offset_ = FirstFieldOffset(key_size_);
  const std::size_t field_head = key_offset_ - kGrpcPrefixBytes;
  end_offset_ = key_offset_ + key_size_ + field_head;
  STELE_CHECK(shape_.compare(key_offset_, key_size_, range.key()) == 0);
  STELE_CHECK(shape_.compare(end_offset_, key_size_, range.range_end()) == 0);
}

void SpanWorkload::Prepare(Request* request) {
  if (request->shape != this) {
    request->shape = this;
    request->operation = 0;
    request->path = "/etcdserverpb.KV/Range";
    request->body = shape_;
  }
  char* body = request->body.data();
  const std::uint64_t start = starts_.Next() * options_.stride;
  const std::uint64_t end =
      options_.span_keys == 0 ? key_space_ : std::min(start + options_.span_keys, key_space_);
  KeySequence::Write(start, {body + key_offset_, key_size_});
  // The end is exclusive and must have as many digits as a key: the last key with its last byte one
  // higher, ':' after '9'.
  KeySequence::Write(end - 1, {body + end_offset_, key_size_});
  ++body[end_offset_ + key_size_ - 1];
}

}  // namespace stele::load
