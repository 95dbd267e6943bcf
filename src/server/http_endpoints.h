// GET /health, /version and /metrics.
#pragma once

#include <functional>
#include <string>

#include "src/server/api/ports.h"
#include "src/server/front/http_routes.h"
#include "src/server/metrics.h"

namespace stele::server {

class HttpEndpoints final : public HttpRoutes {
 public:
  // Everything outlives the endpoints. `metrics` may be called by any thread.
  HttpEndpoints(const NodeFacts* facts, Reader* reader, std::function<MetricValues()> metrics);

  void Handle(const HttpRequest& request, HttpRespond respond) override;

 private:
  void Health(const HttpRequest& request, HttpRespond respond);
  std::string AlarmReason(const HttpRequest& request) const;

  const NodeFacts* const facts_;
  Reader* const reader_;
  const std::function<MetricValues()> metrics_;
};

}  // namespace stele::server
