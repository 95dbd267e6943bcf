#include "src/server/flags/go_value.h"

#include <charconv>
#include <limits>
#include <string>

#include "absl/strings/str_replace.h"
#include "fmt/format.h"

namespace stele::server {
namespace {

absl::Status NotA(std::string_view text, std::string_view what) {
  return absl::InvalidArgumentError(fmt::format("'{}' is not {}", text, what));
}

struct Digits {
  int base = 10;
  std::string text;  // without prefix and underscores
};

// The base is in the prefix, as in Go's literals, and underscores may separate digits. The result
// has no digits if `text` is malformed.
Digits SplitBase(std::string_view text) {
  Digits digits;
  bool after_digit = false;  // or behind the prefix
  if (text.size() > 1 && text[0] == '0') {
    const char letter = static_cast<char>(text[1] | 0x20);
    const bool has_letter = letter == 'x' || letter == 'b' || letter == 'o';
    digits.base = letter == 'x' ? 16 : letter == 'b' ? 2 : 8;
    text.remove_prefix(has_letter ? 2 : 1);
    after_digit = true;
  }
  for (const char c : text) {
    if (c == '_' && !after_digit) return {};
    after_digit = c != '_';
    if (after_digit) digits.text.push_back(c);
  }
  if (!after_digit) digits.text.clear();
  return digits;
}

absl::StatusOr<std::uint64_t> Magnitude(std::string_view text, std::string_view whole,
                                        std::string_view what) {
  const Digits digits = SplitBase(text);
  const char* const end = digits.text.data() + digits.text.size();
  std::uint64_t value = 0;
  const auto [stop, error] = std::from_chars(digits.text.data(), end, value, digits.base);
  if (error == std::errc::result_out_of_range) return NotA(whole, "in range");
  if (error != std::errc() || stop != end) return NotA(whole, what);
  return value;
}

}  // namespace

absl::StatusOr<bool> ParseGoBool(std::string_view text) {
  for (const std::string_view yes : {"1", "t", "T", "TRUE", "true", "True"}) {
    if (text == yes) return true;
  }
  for (const std::string_view no : {"0", "f", "F", "FALSE", "false", "False"}) {
    if (text == no) return false;
  }
  return NotA(text, "true or false");
}

absl::StatusOr<std::int64_t> ParseGoInt(std::string_view text) {
  std::string_view rest = text;
  const bool negative = rest.starts_with('-');
  if (negative || rest.starts_with('+')) rest.remove_prefix(1);
  absl::StatusOr<std::uint64_t> magnitude = Magnitude(rest, text, "a whole number");
  if (!magnitude.ok()) return magnitude.status();
  constexpr auto kMax = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  if (*magnitude > kMax + (negative ? 1 : 0)) return NotA(text, "in range");
  return static_cast<std::int64_t>(negative ? ~*magnitude + 1 : *magnitude);
}

absl::StatusOr<std::uint64_t> ParseGoUint(std::string_view text) {
  return Magnitude(text, text, "a whole number from 0 on");
}

absl::StatusOr<absl::Duration> ParseGoDuration(std::string_view text) {
  constexpr std::string_view kWhat = "a duration such as 300ms or 1h30m";
  // Both ways to write a mu.
  const std::string ascii = absl::StrReplaceAll(absl::string_view(text.data(), text.size()),
                                                {{"\u00b5s", "us"}, {"\u03bcs", "us"}});
  absl::Duration value;
  if (ascii.find("inf") != std::string::npos || !absl::ParseDuration(ascii, &value)) {
    return NotA(text, kWhat);
  }
  const absl::Duration longest = absl::Nanoseconds(std::numeric_limits<std::int64_t>::max());
  if (value > longest || value < -longest) return NotA(text, "in range");
  return value;
}

}  // namespace stele::server
