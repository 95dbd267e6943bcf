// A digest of what apply has done since the first entry: members that have applied the same entries
// to the same state have the same digest, and it is very unlikely that others have. It covers what
// came out (versions, revisions, previous owners, answers), not just what went in, so a state that
// was wrong when an entry was applied shows.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "src/raft/types.h"
#include "src/storage/state_machine/state_machine.h"

namespace stele::storage {

// What one entry led to.
struct EntryEffects {
  raft::EntryId id;
  int answer_code = 0;  // of the command's status
  std::int64_t current_revision = 0;
  std::span<const EventBatch> events;
  std::span<const LeaseChange> lease_changes;
  std::string_view members;  // the member table, serialised, if the entry changed it
  std::string_view alarms;   // the same of the alarms
};

// The digest behind the entry, given the one before it. Pure.
StateDigest Extend(const StateDigest& before, const EntryEffects& effects);

}  // namespace stele::storage
