// The Cluster service.
#pragma once

#include "src/server/api/method_rows.h"
#include "src/server/api/ports.h"

namespace stele::server {

// Adds the rows of etcdserverpb.Cluster that exist so far: MemberList.
void AddClusterMethods(const NodeFacts* facts, Reader* reader, MethodRows* rows);

}  // namespace stele::server
