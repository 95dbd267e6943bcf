// The alarms that members have raised and nobody has cleared yet: replicated facts, a member and a
// kind each.
//
// A copy in memory answers "is there one", which every command asks. Belongs to the apply thread;
// readers use ReadAlarms on their own snapshot.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/btree_set.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "proto/rpc.pb.h"
#include "src/storage/engine/engine.h"

namespace stele::storage {

class AlarmTable {
 public:
  absl::Status Open(const EngineSnapshot& snapshot);

  // By any member.
  bool IsRaised(etcdserverpb::AlarmType type) const;
  bool Contains(const etcdserverpb::AlarmMember& alarm) const;
  // Both do nothing if it is so already; Clear says whether it was there.
  void Raise(const etcdserverpb::AlarmMember& alarm, WriteBatch* batch);
  bool Clear(const etcdserverpb::AlarmMember& alarm, WriteBatch* batch);

  // The whole table as bytes, for the digest of the state; never empty.
  std::string Serialised() const;

 private:
  // Kind and member, so that alarms of one kind are neighbours.
  absl::btree_set<std::pair<int, std::uint64_t>> alarms_;
};

// By kind, then by member.
absl::StatusOr<std::vector<etcdserverpb::AlarmMember>> ReadAlarms(const EngineSnapshot& snapshot);

}  // namespace stele::storage
