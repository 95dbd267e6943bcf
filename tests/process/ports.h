// Ports on the loopback interface for servers that will be started, killed and started again.
#pragma once

#include <vector>

namespace stele::process {

// `count` different ports that were free a moment ago. They lie below the range from which the
// kernel takes the ports of outgoing connections: while a killed server is down, nobody else's
// connection (nor a client that connects to itself) may take its port. Another program still can,
// so the caller must be ready to start over with other ports.
std::vector<int> FreePorts(int count);

}  // namespace stele::process
