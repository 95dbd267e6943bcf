#include "bench/load/txn_workload.h"

#include <array>

#include "bench/load/grpc_frame.h"
#include "proto/rpc.pb.h"
#include "src/raft/check.h"

namespace stele::load {
namespace {

// One number for each group of keys that a transaction writes; a last, incomplete one wraps around.
KeySequence::Options GroupsOf(KeySequence::Options keys, std::uint64_t puts) {
  keys.key_space = (keys.key_space + puts - 1) / puts;
  return keys;
}

}  // namespace

TxnWorkload::TxnWorkload(const KeySequence::Options& keys, std::size_t value_size,
                         std::uint64_t puts)
    : key_space_(keys.key_space),
      key_size_(keys.key_size),
      value_size_(value_size),
      puts_(puts),
      groups_(GroupsOf(keys, puts)),
      values_(value_size, keys.seed + 1) {
  STELE_CHECK(puts_ >= 1 && puts_ <= key_space_);
  etcdserverpb::TxnRequest txn;
  std::size_t put_message_bytes = 0;
  for (std::uint64_t i = 0; i < puts_; ++i) {
    etcdserverpb::PutRequest* put = txn.add_success()->mutable_request_put();
    put->set_key(std::string(key_size_, 'k'));
    put->set_value(std::string(value_size_, 'v'));
    put_message_bytes = put->ByteSizeLong();
  }
  const std::string message = txn.SerializeAsString();
  shape_ = FrameGrpcMessage(message);
  // Only `success` is set, and all its elements have the same size.
  STELE_CHECK(message.size() % puts_ == 0);
  put_bytes_ = message.size() / puts_;
  const std::size_t field_head = FirstFieldOffset(key_size_) - kGrpcPrefixBytes;
  key_offset_ = kGrpcPrefixBytes + put_bytes_ - put_message_bytes + field_head;
  value_offset_ = kGrpcPrefixBytes + put_bytes_ - value_size_;
  STELE_CHECK(shape_.compare(key_offset_, key_size_, std::string(key_size_, 'k')) == 0);
}

std::span<const std::string_view> TxnWorkload::operations() const {
  static constexpr std::array<std::string_view, 1> kOperations = {"txn"};
  return kOperations;
}

void TxnWorkload::Prepare(Request* request) {
  if (request->shape != this) {
    request->shape = this;
    request->operation = 0;
    request->path = "/etcdserverpb.KV/Txn";
    request->body = shape_;
  }
  const std::uint64_t first = groups_.Next() * puts_;
  for (std::uint64_t i = 0; i < puts_; ++i) {
    char* put = request->body.data() + i * put_bytes_;
    KeySequence::Write((first + i) % key_space_, {put + key_offset_, key_size_});
    values_.Fill({put + value_offset_, value_size_});
  }
}

}  // namespace stele::load
