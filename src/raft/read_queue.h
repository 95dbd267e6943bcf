// Linearizable reads that wait for a confirmation (ReadIndex, thesis section 6.4). Reads that wait
// when a round starts share that round as one batch; an answer to a round serves its batch and all
// before it, because those reads were asked earlier still.
#pragma once

#include <cstdint>
#include <deque>
#include <vector>

#include "src/raft/types.h"

namespace stele::raft {

struct QueuedRead {
  NodeId origin;  // this node, or the follower that asked on behalf of its own reads
  std::uint64_t request_id = 0;
};

struct ReadBatch {
  std::uint64_t round = 0;
  Index read_index;  // leader: the commit index when the round started; follower: unused
  std::vector<QueuedRead> reads;
};

class ReadQueue {
 public:
  explicit ReadQueue(std::uint64_t reads_max) : reads_max_(reads_max) {}

  bool HasWaiting() const { return !waiting_.empty(); }  // not yet in a round
  bool HasBatches() const { return !batches_.empty(); }
  std::uint64_t size() const { return size_; }

  // Returns false when there are too many.
  bool Add(QueuedRead read);
  // REQUIRES: `round` is new. The batch may be empty: a follower asks once more that way.
  void StartBatch(std::uint64_t round, Index read_index);

  // Leader: the batches of all rounds up to `round`, oldest first.
  std::vector<ReadBatch> TakeConfirmed(std::uint64_t round);
  // Follower: the batches up to the one with exactly this round; none when there is no such. An
  // answer to an earlier life of this node therefore serves nothing.
  std::vector<ReadBatch> TakeAnswered(std::uint64_t round);
  // Everything, waiting or not: to be refused.
  std::vector<QueuedRead> TakeAll();

 private:
  std::vector<ReadBatch> TakeFirst(std::size_t count);

  std::vector<QueuedRead> waiting_;
  std::deque<ReadBatch> batches_;  // ascending by round
  std::uint64_t reads_max_;
  std::uint64_t size_ = 0;  // reads in waiting_ and batches_
};

}  // namespace stele::raft
