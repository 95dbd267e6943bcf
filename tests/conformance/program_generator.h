// Makes programs from seeds: the same seed makes the same program.
#pragma once

#include <cstdint>

#include "tests/conformance/program.h"

namespace stele::conformance {

struct ProgramShape {
  int operations = 100;
};

Program GenerateProgram(std::uint64_t seed, const ProgramShape& shape);

}  // namespace stele::conformance
