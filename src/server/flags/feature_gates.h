// --feature-gates: etcd's switches of features under way, by name.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"

namespace stele::server {

// Looks at "Name=true,Name=false,...". Each gate that is set to what Stele does not do anyway adds
// a warning. The error is the cause alone.
absl::Status CheckFeatureGates(std::string_view text, std::vector<std::string>* warnings);

}  // namespace stele::server
