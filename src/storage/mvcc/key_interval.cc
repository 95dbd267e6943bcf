#include "src/storage/mvcc/key_interval.h"

namespace stele::storage {

namespace {
constexpr std::string_view kFromKey("\0", 1);
}

KeyInterval::KeyInterval(std::string_view key, std::string_view range_end)
    : begin_(key), single_(range_end.empty()), unbounded_(range_end == kFromKey) {
  if (single_) {
    end_.reserve(key.size() + 1);
    end_.append(key);
    end_.push_back('\0');
  } else if (!unbounded_) {
    end_ = range_end;
  }
}

KeyInterval KeyInterval::From(std::string_view key) const {
  return {key, unbounded_ ? kFromKey : std::string_view(end_)};
}

bool KeyInterval::Contains(std::string_view key) const {
  return key >= begin_ && (unbounded_ || key < end_);
}

}  // namespace stele::storage
