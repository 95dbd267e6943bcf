// Little-endian integers in byte strings: how every number of the log is stored.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <type_traits>

namespace stele::storage::wal {

static_assert(std::endian::native == std::endian::little, "numbers are copied as they are");

template <class Number>
requires std::is_unsigned_v<Number>
void StoreAt(char* at, Number value) { std::memcpy(at, &value, sizeof(value)); }

template <class Number>
requires std::is_unsigned_v<Number> Number LoadAt(const char* at) {
  Number value;
  std::memcpy(&value, at, sizeof(value));
  return value;
}

template <class Number>
requires std::is_unsigned_v<Number>
void AppendFixed(std::string* out, Number value) {
  char bytes[sizeof(value)];
  StoreAt(bytes, value);
  out->append(bytes, sizeof(bytes));
}

// Takes numbers from the front of a byte string. Reading past its end gives zeros and is
// remembered.
class FixedReader {
 public:
  explicit FixedReader(std::string_view bytes) : rest_(bytes) {}

  template <class Number>
  requires std::is_unsigned_v<Number> Number Take() {
    if (rest_.size() < sizeof(Number)) {
      overrun_ = true;
      rest_ = {};
      return 0;
    }
    const auto value = LoadAt<Number>(rest_.data());
    rest_.remove_prefix(sizeof(Number));
    return value;
  }

  std::string_view rest() const { return rest_; }
  bool overrun() const { return overrun_; }

 private:
  std::string_view rest_;
  bool overrun_ = false;
};

}  // namespace stele::storage::wal
