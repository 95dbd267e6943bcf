#include "bench/load/error_counts.h"

namespace stele::load {

void ErrorCounts::Add(const ErrorCounts& other) {
  for (const auto& [kind, times] : other.by_kind_) Count(kind, times);
}

void ErrorCounts::Count(std::string_view kind, std::uint64_t times) {
  total_ += times;
  if (const auto found = by_kind_.find(kind); found != by_kind_.end()) {
    found->second += times;
    return;
  }
  const bool full = by_kind_.size() >= kKindsMax;
  by_kind_[std::string(full ? kOther : kind)] += times;
}

}  // namespace stele::load
