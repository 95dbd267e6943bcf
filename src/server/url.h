// URLs as flags give them: http://host:port.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace stele::server {

struct Url {
  std::string host;  // without brackets for IPv6
  std::uint16_t port = 0;

  std::string HostPort() const;  // with brackets for IPv6
};

// The error says what is wrong with `text`, for a line that names the flag before it.
absl::StatusOr<Url> ParseUrl(std::string_view text);

// Splits at commas; empty parts are dropped.
std::vector<std::string> SplitList(std::string_view text);

}  // namespace stele::server
