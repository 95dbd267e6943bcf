// A run written down: what the seed drew and what the nemesis did, so that it can be repeated
// without drawing, edited, and made smaller. What remains by chance (delays, losses, torn writes)
// comes from the seed as before.
//
//   # any text
//   seed 62
//   seconds 28.600000
//   bug commit-old-term
//   swarm harshness=3 tick=40000 ...
//   12.345678 crash member=2 until=13.100000
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "tests/sim/world.h"

namespace stele::sim {

// The schedule of a run that was made with `options`. `comment` may have several lines.
std::string ScheduleText(const RunOptions& options, const RunResult& result,
                         std::string_view comment);

// Options that repeat the run. Nothing, and what is wrong in `error`, for another text.
std::optional<RunOptions> ScheduleFromText(std::string_view text, std::string* error);

}  // namespace stele::sim
