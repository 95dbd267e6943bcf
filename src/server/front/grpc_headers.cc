#include "src/server/front/grpc_headers.h"

#include <algorithm>
#include <cstdint>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "src/server/front/absl_view.h"

namespace stele::server {
namespace {

constexpr std::size_t kTimeoutDigitsMax = 8;
constexpr std::int64_t kTimeoutValueMax = 99'999'999;

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

std::optional<absl::Duration> TimeoutUnit(char unit) {
  switch (unit) {
    case 'H':
      return absl::Hours(1);
    case 'M':
      return absl::Minutes(1);
    case 'S':
      return absl::Seconds(1);
    case 'm':
      return absl::Milliseconds(1);
    case 'u':
      return absl::Microseconds(1);
    case 'n':
      return absl::Nanoseconds(1);
    default:
      return std::nullopt;
  }
}

}  // namespace

bool IsGrpcContentType(std::string_view value) {
  constexpr std::string_view kType = "application/grpc";
  constexpr std::string_view kProto = "+proto";
  if (!value.starts_with(kType)) return false;
  value.remove_prefix(kType.size());
  if (value.starts_with(kProto)) value.remove_prefix(kProto.size());
  return value.empty() || value.front() == ';' || value.front() == ' ';
}

std::optional<absl::Duration> ParseGrpcTimeout(std::string_view value) {
  if (value.size() < 2 || value.size() > kTimeoutDigitsMax + 1) return std::nullopt;
  const std::optional<absl::Duration> unit = TimeoutUnit(value.back());
  if (!unit.has_value()) return std::nullopt;
  value.remove_suffix(1);
  std::int64_t count = 0;
  for (const char c : value) {
    if (!absl::ascii_isdigit(static_cast<unsigned char>(c))) return std::nullopt;
    count = count * 10 + (c - '0');
  }
  return *unit * count;  // saturates instead of overflowing
}

std::string FormatGrpcTimeout(absl::Duration timeout) {
  if (timeout <= absl::ZeroDuration()) return "0n";
  for (const char unit : {'n', 'u', 'm', 'S', 'M'}) {
    const std::int64_t count = timeout / *TimeoutUnit(unit);
    if (count <= kTimeoutValueMax) return std::to_string(count) + unit;
  }
  return absl::StrCat(std::min(kTimeoutValueMax, timeout / absl::Hours(1)), "H");
}

std::string PercentEncode(std::string_view text) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  std::string encoded;
  encoded.reserve(text.size());
  for (const char c : text) {
    if (c >= ' ' && c <= '~' && c != '%') {
      encoded.push_back(c);
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    encoded.push_back('%');
    encoded.push_back(kHex[byte >> 4]);
    encoded.push_back(kHex[byte & 15]);
  }
  return encoded;
}

std::string PercentDecode(std::string_view text) {
  std::string decoded;
  decoded.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool escape = text[i] == '%' && i + 2 < text.size() && HexDigit(text[i + 1]) >= 0 &&
                        HexDigit(text[i + 2]) >= 0;
    if (!escape) {
      decoded.push_back(text[i]);
      continue;
    }
    decoded.push_back(static_cast<char>(HexDigit(text[i + 1]) * 16 + HexDigit(text[i + 2])));
    i += 2;
  }
  return decoded;
}

std::optional<std::string> DecodeBinaryHeader(std::string_view value) {
  while (value.ends_with('=')) value.remove_suffix(1);
  // The decoder below wants padding or none at all; without is what most clients send.
  std::string decoded;
  if (value.size() % 4 == 1) return std::nullopt;
  std::string padded(value);
  padded.append((4 - padded.size() % 4) % 4, '=');
  if (!absl::Base64Unescape(padded, &decoded)) return std::nullopt;
  return decoded;
}

std::string EncodeBinaryHeader(std::string_view bytes) {
  std::string encoded = absl::Base64Escape(ToAbsl(bytes));
  while (!encoded.empty() && encoded.back() == '=') encoded.pop_back();
  return encoded;
}

absl::Status ParseGrpcStatus(std::string_view code, std::string_view message) {
  int number = 0;
  if (!absl::SimpleAtoi(ToAbsl(code), &number) || number < 0 || number > 16) {
    return absl::UnknownError(absl::StrCat("malformed grpc-status: '", ToAbsl(code), "'"));
  }
  return absl::Status(static_cast<absl::StatusCode>(number), PercentDecode(message));
}

absl::Status StatusFromHttp(int http_status) {
  const std::string text = absl::StrCat("unexpected HTTP status ", http_status);
  switch (http_status) {
    case 400:
      return absl::InternalError(text);
    case 401:
      return absl::UnauthenticatedError(text);
    case 403:
      return absl::PermissionDeniedError(text);
    case 404:
      return absl::UnimplementedError(text);
    case 429:
    case 502:
    case 503:
    case 504:
      return absl::UnavailableError(text);
    default:
      return absl::UnknownError(text);
  }
}

}  // namespace stele::server
