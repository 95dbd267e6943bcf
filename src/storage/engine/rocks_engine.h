// The engine on RocksDB: one database, one column family per Family, no log of its own.
//
// Damage that RocksDB notices comes out as an error of the call that met it; an engine that failed
// to write is to be closed.
#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "src/storage/engine/engine.h"
#include "src/storage/engine/rocks_options.h"

namespace stele::storage {

// Opens or creates the database in `dir`, whose parent must exist. The directory is locked until
// the engine is gone. Snapshots must not outlive the engine.
absl::StatusOr<std::unique_ptr<Engine>> OpenRocksEngine(const std::string& dir,
                                                        const RocksEngineOptions& options);

}  // namespace stele::storage
