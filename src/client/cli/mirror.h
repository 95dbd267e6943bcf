// Copies the keys under a prefix to another cluster and then follows their changes.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "src/client/client.h"

namespace stele::cli {

struct MirrorPlan {
  std::string prefix;         // what is copied; empty: everything
  std::string dest_prefix;    // what stands there instead of `prefix`
  int64_t revision = 0;       // follow from this revision on without copying first; 0: copy first
  int64_t txn_ops_max = 128;  // the destination's limit (steled's and etcd's --max-txn-ops)
};

class Mirror {
 public:
  Mirror(client::Client& source, client::Client& destination, MirrorPlan plan);

  // Runs until something cannot be gone on with. What the destination gets, it gets in the order of
  // the source's revisions, the changes of one revision together, if they fit into one txn. While
  // the destination is away this waits; changes are sent again then, which does no harm.
  absl::Status Run();

  // How many keys and changes have arrived so far.
  int64_t mirrored() const { return mirrored_; }

 private:
  // Copies what there is; answers its revision.
  absl::StatusOr<int64_t> CopyAll();
  absl::Status Follow(int64_t start_revision);

  void AddPut(const mvccpb::KeyValue& kv);
  void AddDelete(const mvccpb::KeyValue& kv);
  // Sends what was added, if anything was.
  absl::Status Send();
  std::string DestinationKey(const std::string& key) const;

  client::Client& source_;
  client::Client& destination_;
  const MirrorPlan plan_;
  etcdserverpb::TxnRequest pending_;
  std::atomic<int64_t> mirrored_ = 0;
  bool connected_ = false;  // the destination has answered once
};

}  // namespace stele::cli
