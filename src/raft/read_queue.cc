#include "src/raft/read_queue.h"

#include <algorithm>
#include <cstddef>
#include <utility>

#include "src/raft/check.h"

namespace stele::raft {

bool ReadQueue::Add(QueuedRead read) {
  if (size_ >= reads_max_) return false;
  waiting_.push_back(read);
  ++size_;
  return true;
}

void ReadQueue::StartBatch(std::uint64_t round, Index read_index) {
  STELE_CHECK_IMPLIES(HasBatches(), batches_.back().round < round);
  batches_.push_back({round, read_index, std::exchange(waiting_, {})});
}

std::vector<ReadBatch> ReadQueue::TakeFirst(std::size_t count) {
  std::vector<ReadBatch> taken;
  for (; count > 0; --count) {
    size_ -= batches_.front().reads.size();
    taken.push_back(std::move(batches_.front()));
    batches_.pop_front();
  }
  return taken;
}

std::vector<ReadBatch> ReadQueue::TakeConfirmed(std::uint64_t round) {
  std::size_t count = 0;
  while (count < batches_.size() && batches_[count].round <= round) ++count;
  return TakeFirst(count);
}

std::vector<ReadBatch> ReadQueue::TakeAnswered(std::uint64_t round) {
  for (std::size_t i = 0; i < batches_.size(); ++i) {
    if (batches_[i].round == round) return TakeFirst(i + 1);
  }
  return {};
}

std::vector<QueuedRead> ReadQueue::TakeAll() {
  std::vector<QueuedRead> reads;
  for (const ReadBatch& batch : batches_) {
    reads.insert(reads.end(), batch.reads.begin(), batch.reads.end());
  }
  reads.insert(reads.end(), waiting_.begin(), waiting_.end());
  STELE_CHECK(reads.size() == size_);
  batches_.clear();
  waiting_.clear();
  size_ = 0;
  return reads;
}

}  // namespace stele::raft
