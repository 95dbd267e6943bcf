#include "src/server/front/http1_parser.h"

#include <algorithm>
#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"
#include "src/server/front/absl_view.h"

namespace stele::server {
namespace {

constexpr std::size_t kTargetBytesMax = 8 * 1024;
constexpr std::size_t kMethodBytesMax = 32;
constexpr std::string_view kLineEnd = "\r\n";
constexpr std::string_view kHeadEnd = "\r\n\r\n";

Http1Parse Error(int status) { return {Http1Parse::Outcome::kError, 0, status}; }

bool IsToken(std::string_view text) {
  static constexpr std::string_view kMarks = "!#$%&'*+-.^_`|~";
  return !text.empty() && std::ranges::all_of(text, [](char c) {
    return absl::ascii_isalnum(static_cast<unsigned char>(c)) ||
           kMarks.find(c) != std::string_view::npos;
  });
}

bool IsFieldValue(std::string_view text) {
  return std::ranges::all_of(text, [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte == '\t' || (byte >= 0x20 && byte != 0x7f);
  });
}

bool IsTarget(std::string_view text) {
  return text.starts_with('/') &&
         std::ranges::all_of(text, [](char c) { return c > ' ' && c != 0x7f; });
}

// 0 if the line is fine.
int ParseRequestLine(std::string_view line, Http1Head* result) {
  const std::size_t first = line.find(' ');
  const std::size_t last = line.rfind(' ');
  if (first == std::string_view::npos || first == last) return 400;
  const std::string_view method = line.substr(0, first);
  const std::string_view target = line.substr(first + 1, last - first - 1);
  const std::string_view version = line.substr(last + 1);
  if (method.size() > kMethodBytesMax || !IsToken(method)) return 400;
  if (target.size() > kTargetBytesMax) return 414;
  if (!IsTarget(target)) return 400;
  if (version != "HTTP/1.1" && version != "HTTP/1.0") {
    return version.starts_with("HTTP/") ? 505 : 400;
  }
  result->keep_alive = version == "HTTP/1.1";
  result->head.method = method;
  result->head.path = target;
  return 0;
}

// What the fields seen so far say about each other.
struct Seen {
  int hosts = 0;
  int lengths = 0;
  bool transfer_encoding = false;
};

int ParseField(std::string_view line, Seen* seen, Http1Head* result) {
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos) return 400;
  const std::string name = absl::AsciiStrToLower(ToAbsl(line.substr(0, colon)));
  const std::string_view value = ToStd(absl::StripAsciiWhitespace(ToAbsl(line.substr(colon + 1))));
  if (!IsToken(name) || !IsFieldValue(value)) return 400;
  result->head.Add(name, value);
  if (name == "host") {
    ++seen->hosts;
  } else if (name == "content-length") {
    const bool digits =
        !value.empty() && value.size() <= 18 && std::ranges::all_of(value, [](char c) {
          return absl::ascii_isdigit(static_cast<unsigned char>(c));
        });
    if (!digits || !absl::SimpleAtoi(ToAbsl(value), &result->content_length)) return 400;
    ++seen->lengths;
  } else if (name == "transfer-encoding") {
    seen->transfer_encoding = true;
  } else if (name == "connection") {
    for (const absl::string_view option : absl::StrSplit(ToAbsl(value), ',')) {
      if (absl::EqualsIgnoreCase(absl::StripAsciiWhitespace(option), "close")) {
        result->keep_alive = false;
      }
    }
  } else if (name == "expect") {
    if (!absl::EqualsIgnoreCase(ToAbsl(value), "100-continue")) return 417;
    result->expects_continue = true;
  }
  return 0;
}

}  // namespace

Http1Parse ParseHttp1Head(std::string_view input, std::size_t max_head_bytes, Http1Head* result) {
  const std::size_t end = input.substr(0, max_head_bytes).find(kHeadEnd);
  const std::size_t line_end = input.find(kLineEnd);
  if (end == std::string_view::npos) {
    const bool long_line = std::min(line_end, input.size()) > kTargetBytesMax + 64;
    if (long_line) return Error(414);
    if (input.size() >= max_head_bytes) return Error(431);
    return {};
  }
  *result = Http1Head();
  if (const int status = ParseRequestLine(input.substr(0, line_end), result); status != 0) {
    return Error(status);
  }
  Seen seen;
  std::size_t position = line_end + kLineEnd.size();
  while (position < end + kLineEnd.size()) {
    const std::size_t next = input.find(kLineEnd, position);
    const int status = ParseField(input.substr(position, next - position), &seen, result);
    if (status != 0) return Error(status);
    position = next + kLineEnd.size();
  }
  // A transfer coding is refused rather than decoded: no route takes a body.
  if (seen.transfer_encoding) return Error(seen.lengths > 0 ? 400 : 501);
  if (seen.lengths > 1 || seen.hosts > 1) return Error(400);
  if (seen.hosts == 0 && input.substr(0, line_end).ends_with("HTTP/1.1")) {
    return Error(400);
  }
  return {Http1Parse::Outcome::kComplete, end + kHeadEnd.size(), 0};
}

}  // namespace stele::server
