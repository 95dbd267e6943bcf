// How far long work is: one line that is drawn over, on a terminal only. Scripts see nothing of it.
//
// Thread-safe.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

namespace stele::cli {

class Progress {
 public:
  // Draws on the standard error. `total` is how much there is to do.
  Progress(std::string title, int64_t total);
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  ~Progress() { Clear(); }

  // More is done. Draws ten times a second at most.
  void Advance(int64_t done);

  // Takes the line away, before something else is printed.
  void Clear();

 private:
  void Draw();

  const std::string title_;
  const int64_t total_;
  const bool shown_;
  std::atomic<int64_t> done_ = 0;
  absl::Mutex mutex_;
  absl::Time next_draw_ ABSL_GUARDED_BY(mutex_);
  bool drawn_ ABSL_GUARDED_BY(mutex_) = false;
};

// "defragmenting  3 / 5  60%"
std::string ProgressLine(const std::string& title, int64_t done, int64_t total);

}  // namespace stele::cli
