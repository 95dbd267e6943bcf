#include "src/client/cli/go_text.h"

#include <array>
#include <cctype>
#include <cerrno>
#include <charconv>
#include <cmath>
#include <cstdlib>

#include "absl/status/status.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "src/client/cli/utf8.h"

namespace stele::cli {
namespace {

struct SimpleEscape {
  char letter;
  char byte;
};

constexpr std::array<SimpleEscape, 9> kEscapes = {{{'a', '\a'},
                                                   {'b', '\b'},
                                                   {'f', '\f'},
                                                   {'n', '\n'},
                                                   {'r', '\r'},
                                                   {'t', '\t'},
                                                   {'v', '\v'},
                                                   {'\\', '\\'},
                                                   {'"', '"'}}};

std::string QuoteRune(const Rune& rune, std::string_view bytes) {
  for (const SimpleEscape& escape : kEscapes) {
    if (rune.valid && rune.code_point == static_cast<unsigned char>(escape.byte)) {
      return {'\\', escape.letter};
    }
  }
  if (!rune.valid) return absl::StrFormat("\\x%02x", static_cast<unsigned char>(bytes[0]));
  if (IsPrintable(rune.code_point)) return std::string(bytes.substr(0, rune.length));
  const auto number = static_cast<uint32_t>(rune.code_point);
  if (number < ' ' || number == 0x7f) return absl::StrFormat("\\x%02x", number);
  if (number < 0x10000) return absl::StrFormat("\\u%04x", number);
  return absl::StrFormat("\\U%08x", number);
}

void AppendUtf8(uint32_t number, std::string& out) {
  const auto append = [&out](uint32_t byte) { out.push_back(static_cast<char>(byte)); };
  if (number < 0x80) return append(number);
  if (number < 0x800) {
    append(0xc0U | (number >> 6U));
  } else {
    if (number < 0x10000) {
      append(0xe0U | (number >> 12U));
    } else {
      append(0xf0U | (number >> 18U));
      append(0x80U | ((number >> 12U) & 0x3fU));
    }
    append(0x80U | ((number >> 6U) & 0x3fU));
  }
  append(0x80U | (number & 0x3fU));
}

// Reads the numeric escape whose letter is at text[at]; answers how many characters it takes, 0
// when it is none.
size_t NumericEscape(std::string_view text, size_t at, std::string& out) {
  size_t digits = 0;
  int base = 16;
  size_t start = at + 1;
  switch (text[at]) {
    case 'x':
      digits = 2;
      break;
    case 'u':
      digits = 4;
      break;
    case 'U':
      digits = 8;
      break;
    default:
      digits = 3;
      base = 8;
      start = at;
  }
  if (start + digits > text.size()) return 0;
  const std::string number(text.substr(start, digits));
  char* end = nullptr;
  const auto value = static_cast<uint32_t>(std::strtoul(number.c_str(), &end, base));
  if (end != number.c_str() + number.size() || std::isxdigit(number[0]) == 0) return 0;
  if (digits >= 4) {
    AppendUtf8(value, out);
  } else {
    if (value > 0xff) return 0;
    out.push_back(static_cast<char>(value));
  }
  return start - at + digits;
}

absl::Status NotQuoted() { return absl::InvalidArgumentError("not a quoted string"); }

absl::Status BadDuration(const std::string& why, const std::string& text) {
  return absl::InvalidArgumentError(absl::StrCat("time: ", why, " duration ", Quote(text)));
}

// The length of one unit, zero for an unknown name.
absl::Duration UnitLength(const std::string& unit) {
  if (unit == "ns") return absl::Nanoseconds(1);
  if (unit == "us" || unit == "\u00b5s" || unit == "\u03bcs") return absl::Microseconds(1);
  if (unit == "ms") return absl::Milliseconds(1);
  if (unit == "s") return absl::Seconds(1);
  if (unit == "m") return absl::Minutes(1);
  if (unit == "h") return absl::Hours(1);
  return absl::ZeroDuration();
}

// `value` of a unit of `unit` nanoseconds as a decimal without trailing zeros.
std::string Decimal(int64_t nanoseconds, int64_t unit, int digits) {
  std::string text = absl::StrFormat("%d.%0*d", nanoseconds / unit, digits, nanoseconds % unit);
  while (text.back() == '0') text.pop_back();
  if (text.back() == '.') text.pop_back();
  return text;
}

}  // namespace

std::string Quote(std::string_view bytes) {
  std::string out = "\"";
  while (!bytes.empty()) {
    const Rune rune = DecodeRune(bytes);
    out += QuoteRune(rune, bytes);
    bytes.remove_prefix(rune.length);
  }
  return out + "\"";
}

absl::StatusOr<std::pair<std::string, size_t>> Unquote(std::string_view text) {
  if (text.empty() || text[0] != '"') return NotQuoted();
  std::string out;
  for (size_t at = 1; at < text.size(); ++at) {
    if (text[at] == '"') return std::make_pair(out, at + 1);
    if (text[at] != '\\') {
      out.push_back(text[at]);
      continue;
    }
    if (++at == text.size()) break;
    bool simple = false;
    for (const SimpleEscape& escape : kEscapes) {
      if (escape.letter != text[at]) continue;
      out.push_back(escape.byte);
      simple = true;
    }
    if (simple) continue;
    const size_t length = NumericEscape(text, at, out);
    if (length == 0) return NotQuoted();
    at += length - 1;
  }
  return NotQuoted();
}

std::string HexEscape(std::string_view bytes) {
  std::string out;
  for (const char byte : bytes) {
    absl::StrAppendFormat(&out, "\\x%02x", static_cast<unsigned char>(byte));
  }
  return out;
}

absl::StatusOr<absl::Duration> DurationFromText(const std::string& text) {
  std::string rest = text;
  const bool negative = !rest.empty() && rest[0] == '-';
  if (!rest.empty() && (rest[0] == '-' || rest[0] == '+')) rest.erase(0, 1);
  if (rest == "0") return absl::ZeroDuration();
  if (rest.empty()) return BadDuration("invalid", text);
  absl::Duration total;
  while (!rest.empty()) {
    const size_t number_end = std::min(rest.find_first_not_of("0123456789."), rest.size());
    double number = 0;
    if (number_end == 0 || !absl::SimpleAtod(rest.substr(0, number_end), &number)) {
      return BadDuration("invalid", text);
    }
    const size_t unit_end = std::min(rest.find_first_of("0123456789.", number_end), rest.size());
    const std::string unit = rest.substr(number_end, unit_end - number_end);
    if (unit.empty()) return BadDuration("missing unit in", text);
    const absl::Duration length = UnitLength(unit);
    if (length == absl::ZeroDuration()) {
      return BadDuration(absl::StrCat("unknown unit ", Quote(unit), " in"), text);
    }
    total += number * length;
    rest.erase(0, unit_end);
  }
  return negative ? -total : total;
}

std::string DurationText(absl::Duration duration) {
  const int64_t nanoseconds = absl::ToInt64Nanoseconds(duration);
  constexpr int64_t kMicrosecond = 1'000;
  constexpr int64_t kMillisecond = 1'000'000;
  constexpr int64_t kSecond = 1'000'000'000;
  if (nanoseconds == 0) return "0s";
  if (nanoseconds < 0) return absl::StrCat("-", DurationText(-duration));
  if (nanoseconds < kMicrosecond) return absl::StrCat(nanoseconds, "ns");
  if (nanoseconds < kMillisecond) return Decimal(nanoseconds, kMicrosecond, 3) + "\u00b5s";
  if (nanoseconds < kSecond) return Decimal(nanoseconds, kMillisecond, 6) + "ms";
  const int64_t minutes = nanoseconds / (60 * kSecond);
  std::string out;
  if (minutes >= 60) absl::StrAppend(&out, minutes / 60, "h");
  if (minutes > 0) absl::StrAppend(&out, minutes % 60, "m");
  return out + Decimal(nanoseconds % (60 * kSecond), kSecond, 9) + "s";
}

absl::StatusOr<int64_t> ParseInt(const std::string& text, int base) {
  const auto failure = [&text](const char* why) {
    return absl::InvalidArgumentError(
        absl::StrCat("strconv.ParseInt: parsing ", Quote(text), ": ", why));
  };
  // strtoll would skip blanks and accept a 0x prefix where only digits are meant.
  const size_t digits = text.find_first_not_of("+-");
  const bool starts_well = digits <= 1 && std::isxdigit(static_cast<unsigned char>(text[digits]));
  if (!starts_well || (base == 16 && text.find_first_of("xX") != std::string::npos)) {
    return failure("invalid syntax");
  }
  errno = 0;
  char* end = nullptr;
  const long long value = std::strtoll(text.c_str(), &end, base);
  if (end != text.c_str() + text.size()) return failure("invalid syntax");
  if (errno == ERANGE) return failure("value out of range");
  return value;
}

absl::StatusOr<uint64_t> ParseHexId(const std::string& text) {
  const auto failure = [&text](const char* why) {
    return absl::InvalidArgumentError(
        absl::StrCat("strconv.ParseUint: parsing ", Quote(text), ": ", why));
  };
  uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, 16);
  if (text.empty() || end != text.data() + text.size()) return failure("invalid syntax");
  if (error == std::errc::result_out_of_range) return failure("value out of range");
  return value;
}

std::string FormatByteSize(uint64_t bytes) {
  constexpr std::array<const char*, 7> kUnits = {"B", "kB", "MB", "GB", "TB", "PB", "EB"};
  if (bytes < 10) return absl::StrCat(bytes, " B");
  auto scaled = static_cast<double>(bytes);
  size_t unit = 0;
  while (scaled >= 1000 && unit + 1 < kUnits.size()) {
    scaled /= 1000;
    ++unit;
  }
  scaled = std::floor(scaled * 10 + 0.5) / 10;
  return absl::StrFormat("%.*f %s", scaled < 10 ? 1 : 0, scaled, kUnits.at(unit));
}

}  // namespace stele::cli
