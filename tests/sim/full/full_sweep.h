// The script of the full tier whose disk operations fail one after the other (disk_sweep.h):
// elections, writes, leases that are renewed and run out, compaction, watches, segment rolls and
// snapshots on three members. Changes of the members are in the raft tier's script.
#pragma once

#include <vector>

#include "tests/sim/disk_sweep.h"

namespace stele::sim {

SweptRun RunFullScript(const std::vector<Fault>& more, bool tells);

}  // namespace stele::sim
