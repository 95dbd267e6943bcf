#include "src/server/reads.h"

#include <iterator>
#include <mutex>
#include <utility>

#include "src/server/api/errors.h"

namespace stele::server {
namespace {

template <class T>
void MoveAll(std::vector<T>* from, std::vector<T>* to) {
  if (to->empty()) {
    to->swap(*from);
  } else {
    to->insert(to->end(), std::make_move_iterator(from->begin()),
               std::make_move_iterator(from->end()));
  }
  from->clear();
}

}  // namespace

Reads::Reads(const Options& options, const Clock* clock, TakeView take_view)
    : options_(options), clock_(clock), take_view_(std::move(take_view)) {}

void Reads::set_wakes(Wake raft, Wake self) {
  wake_raft_ = std::move(raft);
  wake_self_ = std::move(self);
}

void Reads::Linearizable(Done done) {
  std::unique_lock lock(mutex_);
  if (stopped_) {
    lock.unlock();
    return done(StoppedError());
  }
  const bool first = wanting_.empty();
  wanting_.push_back({std::move(done), clock_->Now()});
  lock.unlock();
  if (first && wake_raft_) wake_raft_();
}

std::uint64_t Reads::StartRound() {
  const std::lock_guard lock(mutex_);
  if (wanting_.empty()) return 0;
  const std::uint64_t round_id = next_round_id_++;
  Round& round = rounds_[round_id];
  round.reads.swap(wanting_);
  round.asked_at = clock_->Now();
  return round_id;
}

void Reads::RoundRefused(std::uint64_t round_id) {
  const std::lock_guard lock(mutex_);
  auto round = rounds_.find(round_id);
  if (round == rounds_.end()) return;
  MoveAll(&round->second.reads, &refused_);
  rounds_.erase(round);
}

void Reads::OnReadState(const raft::ReadState& state) {
  if (state.rejected) return RoundRefused(state.request_id);
  const std::lock_guard lock(mutex_);
  auto round = rounds_.find(state.request_id);
  if (round == rounds_.end()) return;
  const bool hurries = options_.mutation == raft::Mutation::kReadBeforeApplied;
  if (state.read_index <= applied_index_ || hurries) {
    MakeReady(std::move(round->second.reads));
  } else {
    confirmed_.emplace(state.read_index, std::move(round->second.reads));
  }
  rounds_.erase(round);
}

void Reads::OnTick() {
  std::vector<Read> overdue;
  bool wanting = false;
  {
    const std::lock_guard lock(mutex_);
    const absl::Duration now = clock_->Now();
    MoveAll(&refused_, &wanting_);
    for (auto round = rounds_.begin(); round != rounds_.end();) {
      // A lost question or answer. The late answer of this round is ignored: its id is gone.
      if (now - round->second.asked_at < options_.retry_interval) {
        ++round;
        continue;
      }
      MoveAll(&round->second.reads, &wanting_);
      round = rounds_.erase(round);
    }
    const auto drop_overdue = [&](std::vector<Read>* reads) {
      std::vector<Read> kept;
      for (Read& read : *reads) {
        (now - read.since >= options_.request_timeout ? overdue : kept).push_back(std::move(read));
      }
      reads->swap(kept);
    };
    if (!wanting_.empty()) drop_overdue(&wanting_);
    for (auto group = confirmed_.begin(); group != confirmed_.end();) {
      drop_overdue(&group->second);
      group = group->second.empty() ? confirmed_.erase(group) : std::next(group);
    }
    wanting = !wanting_.empty();
  }
  for (Read& read : overdue) read.done(TimeoutError());
  if (wanting && wake_raft_) wake_raft_();
}

void Reads::OnApplied(raft::Index applied_index) {
  const std::lock_guard lock(mutex_);
  applied_index_ = applied_index;
  while (!confirmed_.empty() && confirmed_.begin()->first <= applied_index) {
    MakeReady(std::move(confirmed_.begin()->second));
    confirmed_.erase(confirmed_.begin());
  }
}

void Reads::MakeReady(std::vector<Read> reads) {
  const bool first = ready_.empty();
  MoveAll(&reads, &ready_);
  if (first && wake_self_) wake_self_();
}

bool Reads::RunOnce() {
  std::vector<Read> ready;
  {
    const std::lock_guard lock(mutex_);
    ready.swap(ready_);
  }
  if (ready.empty()) return false;
  const View view = take_view_();
  for (Read& read : ready) read.done(view);
  return true;
}

void Reads::Shutdown() {
  std::vector<Read> abandoned;
  {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
    MoveAll(&wanting_, &abandoned);
    MoveAll(&refused_, &abandoned);
    MoveAll(&ready_, &abandoned);
    for (auto& [id, round] : rounds_) MoveAll(&round.reads, &abandoned);
    for (auto& [index, reads] : confirmed_) MoveAll(&reads, &abandoned);
    rounds_.clear();
    confirmed_.clear();
  }
  for (Read& read : abandoned) read.done(StoppedError());
}

}  // namespace stele::server
