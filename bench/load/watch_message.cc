#include "bench/load/watch_message.h"

namespace stele::load {
namespace {

// Field numbers of WatchResponse, Event and KeyValue.
constexpr std::uint64_t kCreated = 3;
constexpr std::uint64_t kCanceled = 4;
constexpr std::uint64_t kCancelReason = 6;
constexpr std::uint64_t kEvents = 11;
constexpr std::uint64_t kEventKv = 2;
constexpr std::uint64_t kKvValue = 5;

// One field after the other of a serialised message.
class FieldScan {
 public:
  explicit FieldScan(std::string_view bytes) : rest_(bytes) {}

  // False at the end, or when the bytes make no sense: then broken() is true.
  bool Next() {
    if (rest_.empty()) return false;
    const std::uint64_t tag = Varint();
    number = tag >> 3;
    text = {};
    value = 0;
    switch (tag & 7) {
      case 0:
        value = Varint();
        break;
      case 1:
        Skip(8);
        break;
      case 2:
        text = Take(Varint());
        break;
      case 5:
        Skip(4);
        break;
      default:
        broken_ = true;
    }
    return !broken_;
  }
  bool broken() const { return broken_; }

  std::uint64_t number = 0;
  std::uint64_t value = 0;  // of a number
  std::string_view text;    // of bytes, strings and messages

 private:
  std::uint64_t Varint() {
    std::uint64_t result = 0;
    for (unsigned shift = 0; shift < 64 && !rest_.empty(); shift += 7) {
      const auto byte = static_cast<unsigned char>(rest_.front());
      rest_.remove_prefix(1);
      result |= std::uint64_t{byte & 0x7fU} << shift;
      if ((byte & 0x80U) == 0) return result;
    }
    broken_ = true;
    return 0;
  }
  std::string_view Take(std::uint64_t size) {
    if (size > rest_.size()) {
      broken_ = true;
      return {};
    }
    const std::string_view taken = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return taken;
  }
  void Skip(std::uint64_t size) { Take(size); }

  std::string_view rest_;
  bool broken_ = false;
};

// The content of field `number` of the message, empty if it is not set.
std::string_view FieldOf(std::string_view message, std::uint64_t number) {
  FieldScan scan(message);
  while (scan.Next()) {
    if (scan.number == number) return scan.text;
  }
  return {};
}

}  // namespace

std::optional<WatchMessage> ReadWatchMessage(std::string_view bytes,
                                             std::vector<std::string_view>* values) {
  WatchMessage message;
  FieldScan scan(bytes);
  while (scan.Next()) {
    if (scan.number == kEvents) {
      ++message.events;
      if (values != nullptr) values->push_back(FieldOf(FieldOf(scan.text, kEventKv), kKvValue));
    } else if (scan.number == kCreated) {
      message.created = scan.value != 0;
    } else if (scan.number == kCanceled) {
      message.canceled = scan.value != 0;
    } else if (scan.number == kCancelReason) {
      message.cancel_reason = scan.text;
    }
  }
  if (scan.broken()) return std::nullopt;
  return message;
}

}  // namespace stele::load
