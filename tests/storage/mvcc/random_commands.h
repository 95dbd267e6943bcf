// Random commands over few keys, so that they meet each other often.
#pragma once

#include <cstdint>
#include <random>
#include <string>

#include "proto/command.pb.h"

namespace stele::storage {

class RandomCommands {
 public:
  explicit RandomCommands(std::uint64_t seed) : random_(seed) {}

  // Revisions in it are chosen around the range [compacted, current].
  stelepb::Command Next(std::uint64_t term, std::int64_t compacted, std::int64_t current);
  etcdserverpb::RangeRequest Range(std::int64_t compacted, std::int64_t current);
  void Interval(std::string* key, std::string* range_end);
  std::string Key();
  std::int64_t LeaseId() { return static_cast<std::int64_t>(Below(5)) + 1; }
  std::uint64_t Below(std::uint64_t bound) { return random_() % bound; }
  bool OneIn(std::uint64_t n) { return Below(n) == 0; }

 private:
  etcdserverpb::PutRequest Put();
  etcdserverpb::DeleteRangeRequest DeleteRange();
  etcdserverpb::Compare Compare(std::int64_t current);
  etcdserverpb::TxnRequest Txn(int depth, std::int64_t compacted, std::int64_t current);
  std::int64_t RevisionNear(std::int64_t compacted, std::int64_t current);

  std::mt19937_64 random_;
};

}  // namespace stele::storage
