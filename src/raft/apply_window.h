// How far the committed entries were handed out and applied, and how many bytes are between.
#pragma once

#include <cstdint>
#include <deque>

#include "src/raft/check.h"
#include "src/raft/types.h"

namespace stele::raft {

class ApplyWindow {
 public:
  ApplyWindow(Index applied_index, std::uint64_t bytes_max)
      : applied_index_(applied_index), handed_out_index_(applied_index), bytes_max_(bytes_max) {}

  Index applied_index() const { return applied_index_; }
  Index handed_out_index() const { return handed_out_index_; }
  // How many bytes may be handed out now; 0 when none.
  std::uint64_t bytes_free() const { return bytes_ < bytes_max_ ? bytes_max_ - bytes_ : 0; }

  // Entries up to `last_index` with `bytes` payload bytes were handed out.
  void HandOut(Index last_index, std::uint64_t bytes) {
    STELE_CHECK(last_index > handed_out_index_);
    handed_out_index_ = last_index;
    batches_.push_back({last_index, bytes});
    bytes_ += bytes;
  }
  // A snapshot stands for everything up to `index`.
  void SkipTo(Index index) {
    STELE_CHECK(index > handed_out_index_);
    handed_out_index_ = index;
  }
  // News that a snapshot has overtaken are no news.
  void OnApplied(Index index) {
    if (index <= applied_index_) return;
    STELE_CHECK(index <= handed_out_index_);
    applied_index_ = index;
    while (!batches_.empty() && batches_.front().last_index <= index) {
      bytes_ -= batches_.front().bytes;
      batches_.pop_front();
    }
  }

 private:
  struct Batch {
    Index last_index;
    std::uint64_t bytes = 0;
  };
  std::deque<Batch> batches_;  // handed out and not completely applied
  Index applied_index_;        // <= handed_out_index_
  Index handed_out_index_;     // <= the commit index
  std::uint64_t bytes_max_;
  std::uint64_t bytes_ = 0;  // sum over batches_
};

}  // namespace stele::raft
