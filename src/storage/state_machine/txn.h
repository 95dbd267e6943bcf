// Runs a transaction against whatever can answer its operations.
#pragma once

#include <cstdint>

#include "absl/status/status.h"
#include "proto/rpc.pb.h"
#include "src/storage/mvcc/key_source.h"

namespace stele::storage {

class TxnStore {
 public:
  virtual ~TxnStore() = default;
  // The state that compares see.
  virtual const KeySource& Latest() const = 0;
  virtual std::int64_t RevisionNow() const = 0;
  // Each fills the header's revision.
  virtual absl::Status Range(const etcdserverpb::RangeRequest& request,
                             etcdserverpb::RangeResponse* response) = 0;
  virtual absl::Status Put(etcdserverpb::PutRequest* request,
                           etcdserverpb::PutResponse* response) = 0;
  virtual absl::Status DeleteRange(const etcdserverpb::DeleteRangeRequest& request,
                                   etcdserverpb::DeleteRangeResponse* response) = 0;
};

// All compares, nested ones included, are evaluated before the first operation. Stops at the first
// operation that fails: the caller then undoes what was done.
absl::Status RunTxn(TxnStore& store, etcdserverpb::TxnRequest* request,
                    etcdserverpb::TxnResponse* response);

// Whether any range in it, on any path, asks for a revision.
bool HasRangeAtRevision(const etcdserverpb::TxnRequest& request);

}  // namespace stele::storage
