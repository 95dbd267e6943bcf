// The Election service: the head of a queue of keys leads, and its value tells who that is.
#pragma once

#include "src/server/api/method_rows.h"
#include "src/server/api/queue_entry.h"

namespace stele::server {

// Adds the rows of v3electionpb.Election.
void AddElectionMethods(const QueuePorts& ports, MethodRows* rows);

}  // namespace stele::server
