// Which keys are attached to a lease: an index in kMeta, kept in step with every change of a key,
// so that neither a restart nor a revoke searches the store.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "src/storage/engine/engine.h"

namespace stele::storage {

// The engine key that says so; its value is empty.
std::string AttachmentKey(std::int64_t lease, std::string_view key);

// Sorted.
absl::StatusOr<std::vector<std::string>> AttachedKeys(const EngineSnapshot& snapshot,
                                                      std::int64_t lease);

}  // namespace stele::storage
