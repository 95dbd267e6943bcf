// Makes a program that shows a difference as short as it will go.
#pragma once

#include <functional>

#include "tests/conformance/program.h"

namespace stele::conformance {

// True if two servers still answer differently.
using DiffersFn = std::function<bool(const Program&)>;

// Takes operations away, then parts of transactions, as long as the difference stays. Runs at most
// `attempts` programs.
Program ShrinkProgram(Program program, const DiffersFn& differs, int attempts);

}  // namespace stele::conformance
