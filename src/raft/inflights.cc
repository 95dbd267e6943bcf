#include "src/raft/inflights.h"

#include <algorithm>
#include <utility>

#include "src/raft/check.h"

namespace stele::raft {
namespace {
constexpr std::size_t kRingSizeMin = 8;
}  // namespace

void Inflights::Grow() {
  std::vector<Sent> larger(std::min(appends_max_, std::max(kRingSizeMin, ring_.size() * 2)));
  for (std::size_t i = 0; i < count_; ++i) larger[i] = ring_[(first_ + i) % ring_.size()];
  ring_ = std::move(larger);
  first_ = 0;
}

void Inflights::Add(Index last_index, std::uint64_t bytes) {
  STELE_CHECK(!Full());
  if (count_ == ring_.size()) Grow();
  STELE_CHECK_IMPLIES(count_ > 0,
                      ring_[(first_ + count_ - 1) % ring_.size()].last_index < last_index);
  ring_[(first_ + count_) % ring_.size()] = {last_index, bytes};
  ++count_;
  bytes_ += bytes;
}

void Inflights::FreeTo(Index match_index) {
  while (count_ > 0 && ring_[first_].last_index <= match_index) {
    bytes_ -= ring_[first_].bytes;
    first_ = (first_ + 1) % ring_.size();
    --count_;
  }
  STELE_CHECK_IMPLIES(count_ == 0, bytes_ == 0);
}

void Inflights::Clear() {
  first_ = 0;
  count_ = 0;
  bytes_ = 0;
}

}  // namespace stele::raft
