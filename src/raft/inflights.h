// The appends that were sent to one follower and not yet acknowledged: a window bounded in messages
// and bytes, so that a slow follower cannot make the leader queue without end.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "src/raft/types.h"

namespace stele::raft {

class Inflights {
 public:
  Inflights(std::size_t appends_max, std::uint64_t bytes_max)
      : appends_max_(appends_max), bytes_max_(bytes_max) {}

  bool Full() const { return count_ == appends_max_ || (count_ > 0 && bytes_ >= bytes_max_); }
  std::size_t count() const { return count_; }
  std::uint64_t bytes() const { return bytes_; }

  // An append that ends with `last_index` was sent. REQUIRES: !Full(), last_index ascends.
  void Add(Index last_index, std::uint64_t bytes);
  // Everything up to `match_index` is acknowledged.
  void FreeTo(Index match_index);
  void Clear();

 private:
  struct Sent {
    Index last_index;
    std::uint64_t bytes = 0;
  };
  void Grow();

  std::size_t appends_max_;
  std::uint64_t bytes_max_;
  std::vector<Sent> ring_;  // grows on demand up to appends_max_
  std::size_t first_ = 0;   // position of the oldest in ring_
  std::size_t count_ = 0;
  std::uint64_t bytes_ = 0;  // sum over the window; 0 when it is empty
};

}  // namespace stele::raft
