// What a history lacks when nobody can look into the members, worked out from what clients saw: the
// sequence of revisions, when each had happened at the latest, and the lives of leases.
#pragma once

#include <cstdint>

#include "tests/history/history.h"

namespace stele::process {

// Fills history->revisions from all watches of everything, with the time at which somebody first
// saw each revision or a later one.
void FindRevisions(history::History* history);

// Fills history->leases. REQUIRES: FindRevisions. `none_left_since` is a time at which a member
// said that there are no leases; 0 if none did.
//
// A revision that only deletes, takes all keys of one lease along and has no other maker is the end
// of that lease. Whatever cannot be known exactly is taken so that a correct server is never
// blamed.
void FindLeaseLives(std::int64_t none_left_since, history::History* history);

}  // namespace stele::process
