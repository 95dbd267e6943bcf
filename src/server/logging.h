// Diagnostics through spdlog: JSON lines, or plain text on a terminal and where it is asked for.
// Asynchronous and bounded: when an output blocks, lines are dropped rather than requests.
#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"

namespace stele::server {

struct LogOptions {
  // One of etcd's: debug, info, warn, error, panic, fatal.
  std::string level = "info";
  // "json" or "console". A terminal gets plain text, unless JSON was asked for by name.
  std::string format = "json";
  bool format_given = false;
  // "default" and "stderr" (also "systemd/journal", which reads it), "stdout", or paths of files.
  std::vector<std::string> outputs = {"default"};
};

// The error is one line that names the file that cannot be opened. REQUIRES: once a process.
absl::Status StartLogging(const LogOptions& options);
// Opens files by their names again: somebody has renamed them. A file that cannot be opened is
// written to as before. Any thread.
void ReopenLogs();
// Writes what is queued. Any thread, while others log: what they say from then on is dropped.
void StopLogging();

}  // namespace stele::server
