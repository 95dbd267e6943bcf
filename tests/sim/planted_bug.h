// Bugs that the simulator must find: each breaks one rule on which safety or progress rests. Most
// are planted in the daemon's own code (src/raft/mutation.h), some in the simulator's model of it.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "src/raft/mutation.h"

namespace stele::sim {

enum class ModelBug : std::uint8_t {
  kNone,
  kReadWithoutRound,    // a member answers a linearizable read from what it has
  kReleaseUnflushed,    // the log goes up to what is applied, not what is on disk
  kSnapshotNotDurable,  // a received snapshot is installed before it is on disk
  kStateDrifts,         // one member applies something else
};

struct PlantedBug {
  std::string_view name;
  raft::Mutation mutation = raft::Mutation::kNone;
  ModelBug model = ModelBug::kNone;
  // The test that notices it where the simulator would need too long; empty: the simulator does.
  std::string_view finder = {};

  static const PlantedBug kNone;
};

inline const PlantedBug PlantedBug::kNone{"none"};

// All but kNone.
std::span<const PlantedBug> PlantedBugs();
// Null when there is none of that name; "none" is one.
const PlantedBug* FindPlantedBug(std::string_view name);

}  // namespace stele::sim
