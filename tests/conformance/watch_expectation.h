// How many events a watch must have been told of.
#pragma once

#include <cstdint>
#include <vector>

#include "proto/rpc.pb.h"

namespace stele::conformance {

class WatchExpectation {
 public:
  WatchExpectation() = default;
  // A watch that was created when the store was at `revision` and had forgotten what is below
  // `compacted`. Revisions are absolute.
  WatchExpectation(const etcdserverpb::WatchCreateRequest& request, std::int64_t revision,
                   std::int64_t compacted);

  // It will be told that its start is compacted, and nothing else.
  bool doomed() const { return doomed_; }

  // True if a store at `revision` has not yet reached the start that was asked for.
  bool waits_for(std::int64_t revision) const { return request_.start_revision() > revision; }

  // `history` are all events since the watch was created or before. To be called with a history
  // that only grows: what was counted once is not looked at again.
  std::size_t Count(const std::vector<mvccpb::Event>& history);

 private:
  bool Wants(const mvccpb::Event& event) const;

  etcdserverpb::WatchCreateRequest request_;
  std::int64_t start_ = 0;
  bool doomed_ = false;
  std::size_t looked_at_ = 0;
  std::size_t count_ = 0;
};

}  // namespace stele::conformance
