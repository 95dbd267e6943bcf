#include "src/client/cli/progress.h"

#include <unistd.h>

#include <cstdio>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"

namespace stele::cli {
namespace {

constexpr absl::Duration kDrawInterval = absl::Milliseconds(100);
constexpr char kClearLine[] = "\r\x1b[K";

}  // namespace

std::string ProgressLine(const std::string& title, int64_t done, int64_t total) {
  return absl::StrCat(title, "  ", done, " / ", total, "  ", total == 0 ? 100 : 100 * done / total,
                      "%");
}

Progress::Progress(std::string title, int64_t total)
    : title_(std::move(title)),
      total_(total),
      shown_(isatty(STDERR_FILENO) == 1),
      next_draw_(absl::InfinitePast()) {
  if (shown_) Draw();
}

void Progress::Advance(int64_t done) {
  done_ += done;
  if (shown_) Draw();
}

void Progress::Clear() {
  absl::MutexLock lock(&mutex_);
  if (!drawn_) return;
  std::fputs(kClearLine, stderr);
  std::fflush(stderr);
  drawn_ = false;
  next_draw_ = absl::InfinitePast();
}

void Progress::Draw() {
  absl::MutexLock lock(&mutex_);
  const absl::Time now = absl::Now();
  if (now < next_draw_) return;
  next_draw_ = now + kDrawInterval;
  drawn_ = true;
  std::fprintf(stderr, "%s%s", kClearLine, ProgressLine(title_, done_, total_).c_str());
  std::fflush(stderr);
}

}  // namespace stele::cli
