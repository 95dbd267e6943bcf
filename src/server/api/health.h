// grpc.health.v1.Health for the service name "", which is what clients and probes ask for.
#pragma once

#include "src/server/api/method_rows.h"
#include "src/server/api/ports.h"

namespace stele::server {

void AddHealthMethods(const NodeFacts* facts, MethodRows* rows);

}  // namespace stele::server
