// Values of gRPC's HTTP headers, as pure functions.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/time/time.h"

namespace stele::server {

// "application/grpc", alone, with "+proto" or with parameters.
bool IsGrpcContentType(std::string_view value);

// grpc-timeout: one to eight digits and a unit of H, M, S, m, u, n. nullopt if malformed. No value
// of this form overflows.
std::optional<absl::Duration> ParseGrpcTimeout(std::string_view value);
// The largest value not above `timeout` in the finest unit that fits eight digits.
std::string FormatGrpcTimeout(absl::Duration timeout);

// grpc-message: everything but printable ASCII without '%' becomes %XX. Decoding never fails:
// malformed escapes stay as they are.
std::string PercentEncode(std::string_view text);
std::string PercentDecode(std::string_view text);

// A "-bin" header's value, with or without padding; nullopt if it is not base64.
std::optional<std::string> DecodeBinaryHeader(std::string_view value);
std::string EncodeBinaryHeader(std::string_view bytes);

// The status of a response from its grpc-status and grpc-message values.
absl::Status ParseGrpcStatus(std::string_view code, std::string_view message);

// The status a gRPC client derives from an HTTP status when grpc-status is missing.
absl::Status StatusFromHttp(int http_status);

}  // namespace stele::server
