// KV/RangeStream: a range of any size in pieces, all from one view that stays as it was however
// long the client takes, whatever is written or compacted meanwhile.
#pragma once

#include <cstddef>

#include "src/server/api/method_rows.h"
#include "src/server/api/ports.h"

namespace stele::server {

// About how large a piece may become.
struct RangeStreamLimits {
  std::size_t piece_bytes = 1'572'864;
};

void AddRangeStreamMethod(const RangeStreamLimits& limits, const ClientPorts& ports,
                          MethodRows* rows);

}  // namespace stele::server
