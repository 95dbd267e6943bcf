// Reads the head of an HTTP/1.1 request. Strict: what two programs could read differently (a bare
// LF, folded lines, spaces around names, two lengths, a length with a transfer coding) is an error,
// because such differences are how requests are smuggled past proxies.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "src/server/front/request_head.h"

namespace stele::server {

struct Http1Head {
  RequestHead head;
  std::uint64_t content_length = 0;
  bool keep_alive = true;
  bool expects_continue = false;
};

struct Http1Parse {
  enum class Outcome { kIncomplete, kComplete, kError };
  Outcome outcome = Outcome::kIncomplete;
  std::size_t bytes = 0;  // of kComplete: the head's length
  int http_status = 0;    // of kError: the answer before closing
};

// Looks at the start of `input`; fills `result` if complete.
Http1Parse ParseHttp1Head(std::string_view input, std::size_t max_head_bytes, Http1Head* result);

}  // namespace stele::server
