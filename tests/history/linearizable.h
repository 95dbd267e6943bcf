// A search for a linear order of operations on one register (Wing and Gong, with Lowe's memory of
// what was tried). It knows nothing of revisions, so it cross-checks the judge that does.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "tests/history/history.h"
#include "tests/history/revision_model.h"

namespace stele::history {

struct RegisterOperation {
  bool writes = false;
  std::string value;       // written or seen; empty: the key is absent
  std::int64_t start = 0;  // INT64_MIN: unknown
  std::int64_t end = 0;    // INT64_MAX: unknown
};

enum class Linearizable : std::uint8_t { kYes, kNo, kGaveUp };

// `steps_max` bounds the search.
Linearizable SearchOrder(const std::vector<RegisterOperation>& operations, std::string initial,
                         std::size_t steps_max);

// What happened to one key between two revisions (the first excluded): every change of it, and the
// linearizable reads of it alone.
struct RegisterWindow {
  std::string initial;
  std::vector<RegisterOperation> operations;
};
RegisterWindow CutWindow(const History& history, const RevisionModel& model, const std::string& key,
                         std::int64_t from, std::int64_t to);

}  // namespace stele::history
