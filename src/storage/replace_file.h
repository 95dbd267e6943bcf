// Small files that are read and replaced as a whole.
#pragma once

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "src/storage/file_system.h"

namespace stele::storage {

// Puts `bytes` in place of <dir>/<name>, durable when this returns. A crash leaves the former
// content or the new one, whole; a failure may have done either.
absl::Status ReplaceFile(FileSystem* fs, const std::string& dir, const std::string& name,
                         std::string_view bytes);

}  // namespace stele::storage
