#include "src/server/url.h"

#include <charconv>

#include "absl/strings/str_split.h"
#include "fmt/format.h"

namespace stele::server {

std::string Url::HostPort() const {
  return host.find(':') == std::string::npos ? fmt::format("{}:{}", host, port)
                                             : fmt::format("[{}]:{}", host, port);
}

absl::StatusOr<Url> ParseUrl(std::string_view text) {
  const auto invalid = [&](std::string_view why) {
    return absl::InvalidArgumentError(fmt::format("'{}' {}", text, why));
  };
  constexpr std::string_view kScheme = "http://";
  if (text.starts_with("https://")) {
    return invalid("asks for TLS, which is not implemented yet; use http://");
  }
  if (!text.starts_with(kScheme)) return invalid("is not of the form http://host:port");
  std::string_view authority = text.substr(kScheme.size());
  if (authority.ends_with('/')) authority.remove_suffix(1);
  if (authority.find_first_of("/?#@") != std::string_view::npos) {
    return invalid("has more than a host and a port");
  }
  const std::size_t colon = authority.rfind(':');
  if (colon == std::string_view::npos) return invalid("has no port");
  std::string_view host = authority.substr(0, colon);
  const std::string_view port = authority.substr(colon + 1);
  if (host.starts_with('[')) {
    if (!host.ends_with(']')) return invalid("has an unfinished IPv6 address");
    host = host.substr(1, host.size() - 2);
  } else if (host.find(':') != std::string_view::npos) {
    return invalid("has an IPv6 address without brackets");
  }
  if (host.empty()) return invalid("has no host");
  Url url;
  url.host = std::string(host);
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), url.port);
  if (port.empty() || error != std::errc() || end != port.data() + port.size()) {
    return invalid("has no valid port");
  }
  return url;
}

std::vector<std::string> SplitList(std::string_view text) {
  return absl::StrSplit(absl::string_view(text.data(), text.size()), ',', absl::SkipWhitespace());
}

}  // namespace stele::server
