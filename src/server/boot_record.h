// The file that remembers, beside the log and the store, who this member is, how often it was
// started and how far its log had come (proto/boot.proto has the fields).
#pragma once

#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "proto/boot.pb.h"
#include "src/storage/file_system.h"

namespace stele::server {

// Nothing if there is no such file; kDataLoss, naming it, if its bytes are not what was written.
absl::StatusOr<std::optional<stelepb::BootRecord>> ReadBootRecord(storage::FileSystem* fs,
                                                                  const std::string& member_dir);

// Durable when this returns; a crash leaves the former record or this one.
absl::Status WriteBootRecord(storage::FileSystem* fs, const std::string& member_dir,
                             const stelepb::BootRecord& record);

}  // namespace stele::server
