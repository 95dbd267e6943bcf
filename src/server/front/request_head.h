// The head of a request as HTTP/2 or HTTP/1.1 brought it, and where such a request goes.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace stele::server {

struct RequestHead {
  std::string method;
  std::string path;  // with the query
  std::string content_type;
  std::string grpc_timeout;
  std::string grpc_encoding;
  // The other headers, each as name NUL value NUL, lower-case names: one allocation, whatever their
  // number.
  std::string fields;
  std::size_t list_bytes = 0;  // as RFC 9113 6.5.2 counts: names + values + 32 a field
  bool regular_seen = false;   // a field whose name does not begin with a colon
  bool malformed = false;      // a field that RFC 9113 8.2 and 8.3 forbid was added

  void Clear();
  void Add(std::string_view name, std::string_view value);
  void AddPseudo(std::string_view name, std::string_view value);
  // Whether this can be a request at all. What the client says about :authority is its own affair.
  bool IsWellFormed() const { return !malformed && !method.empty() && !path.empty(); }
};

// The value of `name` among fields as RequestHead stores them; a "-bin" value is decoded.
std::optional<std::string> FindField(std::string_view fields, std::string_view name);

enum class Destination {
  kGrpc,
  kHttpRoutes,
  kRefuse,
};

struct Route {
  Destination destination = Destination::kRefuse;
  int http_status = 0;  // of kRefuse
};

// The one place that tells gRPC, plain HTTP and (once it exists) the JSON gateway apart.
// `is_http2`: gRPC exists only there.
Route RouteRequest(const RequestHead& head, bool is_http2);

}  // namespace stele::server
