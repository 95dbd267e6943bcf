// The judge of a history: decides whether what clients saw can be explained by one sequence of
// revisions that keeps the promises of the API. Every response carries the revision at which it
// is true, so nothing has to be searched for: O(n log n) over millions of operations.
//
// Everything that changes keys has to be in the history: operations and leases.
//
//   operations: an acknowledged write happened exactly once, at its revision, with exactly its
//   changes and its reply; a refused one never, one of unknown outcome at most once; whatever began
//   after an answer has at least the answer's revision; reads, comparisons, previous versions and
//   counts are those of the state at their revision.
//   watches: only what was asked for, in order, once, whole revisions, nothing left out, resumable
//   anywhere; progress never runs ahead; canceled for compaction if and only if compacted.
//   leases: no key goes before the last promise ran out, every key goes soon after.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tests/history/history.h"
#include "tests/history/report.h"
#include "tests/history/revision_model.h"

namespace stele::history {

// All of the below.
Violations CheckHistory(const History& history);

void CheckOperations(const History& history, const RevisionModel& model, Report* report);
void CheckWatches(const History& history, const RevisionModel& model, Report* report);
void CheckLeases(const History& history, const RevisionModel& model, Report* report);

// The sequence of revisions that a watcher of all keys from the first revision on saw; for runs
// that have no better witness.
std::vector<RevisionRecord> RevisionsSeenBy(const WatchRecord& watch);

// The first violation with what happened around it, for people; empty if there is none.
std::string Explain(const History& history, const Violations& violations);

}  // namespace stele::history
