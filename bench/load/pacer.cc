#include "bench/load/pacer.h"

#include <algorithm>

namespace stele::load {

std::optional<std::int64_t> Pacer::TakeStart(std::int64_t now_ns) {
  const std::int64_t next = NextStart(now_ns);
  if (next > now_ns) return std::nullopt;
  ++started_;
  return open_loop() ? next : now_ns;
}

std::int64_t Pacer::NextStart(std::int64_t now_ns) const {
  if (started_ >= plan_.total) return kNever;
  const std::int64_t next = open_loop() ? DueInstant() : now_ns;
  return next < plan_.end_ns ? next : kNever;
}

std::uint64_t Pacer::Overdue(std::int64_t now_ns) const {
  if (!open_loop()) return 0;
  const std::int64_t until = std::min(now_ns, plan_.end_ns);
  const double due = static_cast<double>(until - plan_.start_ns) / plan_.interval_ns;
  const std::uint64_t planned =
      std::min(static_cast<std::uint64_t>(std::max(due, 0.0)), plan_.total);
  return planned > started_ ? planned - started_ : 0;
}

}  // namespace stele::load
