// The Lock service: mutual exclusion by a queue of keys, for clients that do not bring their own.
// A lock ends with its lease, whoever believes to hold it.
#pragma once

#include "src/server/api/method_rows.h"
#include "src/server/api/queue_entry.h"

namespace stele::server {

// Adds the rows of v3lockpb.Lock.
void AddLockMethods(const QueuePorts& ports, MethodRows* rows);

}  // namespace stele::server
