#include "src/server/front/request_head.h"

#include "src/server/front/grpc_headers.h"

namespace stele::server {
namespace {

constexpr std::size_t kFieldOverhead = 32;
constexpr std::size_t kKeptCapacity = 1024;

void ClearString(std::string* text) {
  text->clear();
  if (text->capacity() > kKeptCapacity) *text = std::string();
}

bool IsFieldName(std::string_view name) {
  if (name.empty()) return false;
  return std::all_of(name.begin(), name.end(), [](char c) {
    const bool upper = c >= 'A' && c <= 'Z';
    return c > ' ' && c < 0x7f && !upper && c != ':';
  });
}

bool IsFieldValue(std::string_view value) {
  return value.find_first_of(std::string_view("\0\r\n", 3)) == std::string_view::npos;
}

}  // namespace

void RequestHead::Clear() {
  for (std::string* text :
       {&method, &path, &content_type, &grpc_timeout, &grpc_encoding, &fields}) {
    ClearString(text);
  }
  list_bytes = 0;
  regular_seen = malformed = false;
}

void RequestHead::Add(std::string_view name, std::string_view value) {
  list_bytes += name.size() + value.size() + kFieldOverhead;
  if (!IsFieldValue(value)) malformed = true;
  if (name.starts_with(':')) return AddPseudo(name, value);
  if (!IsFieldName(name)) malformed = true;
  if (malformed) return;  // `fields` relies on what was checked
  regular_seen = true;
  if (name == "content-type") {
    content_type = value;
  } else if (name == "grpc-timeout") {
    grpc_timeout = value;
  } else if (name == "grpc-encoding") {
    grpc_encoding = value;
  } else if (name != "te" && name != "grpc-accept-encoding") {
    fields.append(name).push_back('\0');
    fields.append(value).push_back('\0');
  }
}

void RequestHead::AddPseudo(std::string_view name, std::string_view value) {
  if (regular_seen) malformed = true;
  if (name == ":method") {
    malformed |= !method.empty();
    method = value;
  } else if (name == ":path") {
    malformed |= !path.empty();
    path = value;
  } else if (name != ":scheme" && name != ":authority") {
    malformed = true;
  }
}

std::optional<std::string> FindField(std::string_view fields, std::string_view name) {
  while (!fields.empty()) {
    const std::size_t name_end = fields.find('\0');
    const std::size_t value_end = fields.find('\0', name_end + 1);
    const std::string_view value = fields.substr(name_end + 1, value_end - name_end - 1);
    if (fields.substr(0, name_end) == name) {
      return name.ends_with("-bin") ? DecodeBinaryHeader(value) : std::optional<std::string>(value);
    }
    fields.remove_prefix(value_end + 1);
  }
  return std::nullopt;
}

Route RouteRequest(const RequestHead& head, bool is_http2) {
  if (is_http2 && IsGrpcContentType(head.content_type)) {
    if (head.method == "POST") return {Destination::kGrpc, 0};
    return {Destination::kRefuse, 405};
  }
  // Whether there is something at the path comes before how it is asked for, so that is theirs.
  if (head.method != "POST") return {Destination::kHttpRoutes, 0};
  // The JSON gateway enters here: POST below /v3/.
  if (head.path.starts_with("/v3/")) return {Destination::kRefuse, 501};
  if (is_http2) return {Destination::kRefuse, 415};
  return {Destination::kHttpRoutes, 0};
}

}  // namespace stele::server
