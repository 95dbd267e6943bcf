#include "src/client/endpoints.h"

#include <utility>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

namespace stele::client {
namespace {

constexpr int kDefaultPort = 2379;
constexpr int kPortMax = 65535;

absl::Status Unusable(const std::string& text, const std::string& why) {
  return absl::InvalidArgumentError(absl::StrCat("endpoint \"", text, "\" ", why));
}

// Splits host and port; the port is empty when there is none. An IPv6 address needs its brackets.
std::pair<std::string, std::string> SplitPort(const std::string& address) {
  const size_t colon = address.rfind(':');
  const size_t bracket = address.rfind(']');
  const bool has_port =
      colon != std::string::npos && (bracket == std::string::npos || colon > bracket);
  if (!has_port) return {address, ""};
  return {address.substr(0, colon), address.substr(colon + 1)};
}

}  // namespace

absl::StatusOr<Endpoint> ParseEndpoint(const std::string& text) {
  std::string address = text;
  if (const size_t scheme_end = address.find("://"); scheme_end != std::string::npos) {
    const std::string scheme = address.substr(0, scheme_end);
    if (scheme == "https") return Unusable(text, "asks for TLS, which is not supported yet");
    if (scheme != "http") return Unusable(text, "has a scheme that is not http");
    address = address.substr(scheme_end + 3);
  }
  address = std::string(absl::StripSuffix(address, "/"));
  if (absl::StrContains(address, "/")) return Unusable(text, "must not have a path");
  auto [host, port] = SplitPort(address);
  if (host.empty()) return Unusable(text, "has no host");
  if (port.empty()) port = std::to_string(kDefaultPort);
  int number = 0;
  if (!absl::SimpleAtoi(port, &number) || number <= 0 || number > kPortMax) {
    return Unusable(text, "has no valid port");
  }
  return Endpoint{text, absl::StrCat(host, ":", number)};
}

absl::StatusOr<std::vector<Endpoint>> ParseEndpoints(const std::string& list) {
  std::vector<Endpoint> endpoints;
  for (const auto& part : absl::StrSplit(list, ',')) {
    const std::string text(absl::StripAsciiWhitespace(part));
    if (text.empty()) continue;
    auto endpoint = ParseEndpoint(text);
    if (!endpoint.ok()) return endpoint.status();
    endpoints.push_back(*std::move(endpoint));
  }
  if (endpoints.empty()) return absl::InvalidArgumentError("no endpoint is given");
  return endpoints;
}

}  // namespace stele::client
