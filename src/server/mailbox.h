// The inbox of a pump: any thread posts, the pump's owner takes all at once. What comes in while
// the owner works is taken together in its next pass, which is where batching comes from.
#pragma once

#include <functional>
#include <mutex>
#include <utility>
#include <vector>

namespace stele::server {

// Called after something was posted to an empty mailbox. Must not block.
using Wake = std::function<void()>;

template <class T>
class Mailbox {
 public:
  // `wake` may be empty (a simulator polls).
  explicit Mailbox(Wake wake = {}) : wake_(std::move(wake)) {}

  // REQUIRES: before any Post.
  void set_wake(Wake wake) { wake_ = std::move(wake); }

  void Post(T item) {
    bool was_empty = false;
    {
      const std::lock_guard lock(mutex_);
      was_empty = items_.empty();
      items_.push_back(std::move(item));
    }
    if (was_empty && wake_) wake_();
  }

  // Replaces `items`, whose storage is reused for the next round.
  void TakeAll(std::vector<T>* items) {
    items->clear();
    const std::lock_guard lock(mutex_);
    items_.swap(*items);
  }

  std::size_t size() const {
    const std::lock_guard lock(mutex_);
    return items_.size();
  }

 private:
  mutable std::mutex mutex_;
  std::vector<T> items_;
  Wake wake_;
};

}  // namespace stele::server
