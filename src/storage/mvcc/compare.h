// Evaluates the compares of a transaction.
#pragma once

#include "absl/status/statusor.h"
#include "proto/rpc.pb.h"
#include "src/storage/mvcc/key_source.h"

namespace stele::storage {

// With range_end, true if every key in the interval compares true. A key that does not exist (or an
// interval without keys) compares false by value, and as 0 by everything else.
absl::StatusOr<bool> EvaluateCompare(const KeySource& source, const etcdserverpb::Compare& compare);

}  // namespace stele::storage
