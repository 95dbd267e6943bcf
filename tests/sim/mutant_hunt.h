// Plants every bug, one after the other, and counts how long it takes until a check notices.
#pragma once

namespace stele::sim {

// Prints a table, a line for each bug. False when one was not found within `budget_seconds` of
// processor time.
bool HuntMutants(double budget_seconds, int threads);

}  // namespace stele::sim
