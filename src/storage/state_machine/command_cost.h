// What a command may add to the store, in etcd's coin: bytes of keys and values and a fixed charge
// for what surrounds them. Pure.
#pragma once

#include <cstdint>

#include "proto/command.pb.h"
#include "proto/rpc.pb.h"

namespace stele::storage {

inline constexpr std::int64_t kLeaseCost = 64;

std::int64_t CostOf(const etcdserverpb::PutRequest& request);
// The more expensive branch, nested transactions included.
std::int64_t CostOf(const etcdserverpb::TxnRequest& request);
// 0: it makes nothing larger.
std::int64_t CostOf(const stelepb::Command& command);

}  // namespace stele::storage
