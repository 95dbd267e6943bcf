// The ReadView over an engine snapshot.
#pragma once

#include <memory>

#include "src/storage/engine/engine.h"
#include "src/storage/mvcc/read_memory.h"
#include "src/storage/state_machine/state_machine.h"
#include "src/storage/state_machine/stored_state.h"

namespace stele::storage {

// `state` is what the snapshot's own state record says; `memory` is of the same store.
std::shared_ptr<const ReadView> MakeSnapshotView(std::shared_ptr<const EngineSnapshot> snapshot,
                                                 const StoredState& state,
                                                 std::shared_ptr<ReadMemory> memory);

}  // namespace stele::storage
