// What the connections of one loop share. Used by the loop's thread only.
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "src/server/api/call.h"
#include "src/server/front/event_loop.h"
#include "src/server/front/http_routes.h"
#include "src/server/front/options.h"

namespace stele::server {

struct FrontLoopState {
  const FrontOptions& options;
  const MethodTable& methods;
  HttpRoutes& routes;
  EventLoop& loop;
  // Request messages that arrived in part, over all streams.
  std::size_t partial_request_bytes = 0;
};

}  // namespace stele::server
