#include "src/raft/conf_history.h"

#include <utility>

#include "src/raft/check.h"

namespace stele::raft {

ConfHistory::ConfHistory(Index index, ConfState conf) { Reset(index, std::move(conf)); }

const ConfState& ConfHistory::At(Index index) const {
  STELE_CHECK(steps_.front().index <= index);
  auto step = steps_.rbegin();
  while (step->index > index) ++step;
  return step->conf;
}

void ConfHistory::Append(Index index, ConfState conf) {
  STELE_CHECK(index > current_index());
  steps_.push_back({index, std::move(conf)});
}

bool ConfHistory::TruncateFrom(Index index) {
  STELE_CHECK(steps_.front().index < index);
  const std::size_t before = steps_.size();
  while (steps_.back().index >= index) steps_.pop_back();
  return steps_.size() != before;
}

void ConfHistory::CompactTo(Index index) {
  while (steps_.size() > 1 && steps_[1].index <= index) steps_.erase(steps_.begin());
}

void ConfHistory::Reset(Index index, ConfState conf) {
  steps_.clear();
  steps_.push_back({index, std::move(conf)});
}

}  // namespace stele::raft
