// Pure judges of a history: they decide whether what clients saw can be explained by one sequence
// of revisions that keeps the promises of the API. Every function returns one line for each
// violation found (at most a few dozen, then a count), and nothing if all is well.
//
// All of them expect a history that began with an empty store and whose writes, reads and watches
// cover the same keys, with nobody else writing.
#pragma once

#include <string>
#include <vector>

#include "tests/process/history.h"

namespace stele::process {

using Violations = std::vector<std::string>;

// Of one watcher: revisions rise, no event comes twice, no event is missing (every revision from 2
// to the last has one), and the events of one revision arrive in one response.
Violations CheckWatch(const WatchRecord& watch);

// All watchers received the same events in the same order.
Violations CheckWatchesAgree(const std::vector<WatchRecord>& watches);

// Create revision, version and previous value of every event follow from the events before it.
Violations CheckEventContents(const WatchRecord& watch);

// Every acknowledged write is in `events` at its revision with exactly its changes, every unknown
// one is there at most once, no refused one is, and there is no event without a write.
Violations CheckWritesHappened(const std::vector<WriteRecord>& writes,
                               const std::vector<EventRecord>& events);

// A write that began after another was acknowledged has a higher revision.
Violations CheckRealTimeOrder(const std::vector<WriteRecord>& writes,
                              const std::vector<EventRecord>& events);

// Every read shows exactly the keys of its revision, never a write that began after it ended, and,
// if linearizable, every write that was acknowledged before it began.
Violations CheckReads(const History& history, const std::vector<EventRecord>& events);

// All of the above, with the longest watch as the sequence of revisions.
Violations CheckHistory(const History& history);

}  // namespace stele::process
