// Text forms that scripts know from etcd's command line, which is written in Go: quoted strings,
// durations, numbers with a base prefix, sizes for people. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace stele::cli {

// `bytes` in double quotes with backslash escapes; printable characters of valid UTF-8 stay.
std::string Quote(std::string_view bytes);

// Reads a double-quoted string at the start of `text`; answers the bytes and how much was read.
absl::StatusOr<std::pair<std::string, size_t>> Unquote(std::string_view text);

// Every byte as \xNN.
std::string HexEscape(std::string_view bytes);

// "1.5s", "300ms", "1h2m3.5s", "0". The message of the error says what is wrong.
absl::StatusOr<absl::Duration> DurationFromText(const std::string& text);

// "5.002850274s", "1.318259ms", "2m0s".
std::string DurationText(absl::Duration duration);

// A signed 64-bit number in `base`; base 0 takes 0x, 0o, 0b and 0 prefixes.
absl::StatusOr<int64_t> ParseInt(const std::string& text, int base);

// An unsigned one in hexadecimal without a prefix, as ids are written.
absl::StatusOr<uint64_t> ParseHexId(const std::string& text);

// "29 kB", "1.2 MB": powers of a thousand.
std::string FormatByteSize(uint64_t bytes);

}  // namespace stele::cli
