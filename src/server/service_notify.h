// Tells the service manager about our state (sd_notify's protocol); does nothing without one.
#pragma once

#include <string_view>

namespace stele::server {

void NotifyServiceManager(std::string_view state);  // "READY=1", "STOPPING=1", "STATUS=..."

}  // namespace stele::server
