// Diagnostics through spdlog: JSON lines on stderr, or plain text on a terminal. Asynchronous and
// bounded: when stderr blocks, lines are dropped rather than requests.
#pragma once

#include <string>

namespace stele::server {

// `level` is one of etcd's: debug, info, warn, error, panic, fatal.
void StartLogging(const std::string& level);
// Writes what is queued. Any thread, while others log: what they say from then on is dropped.
void StopLogging();

}  // namespace stele::server
