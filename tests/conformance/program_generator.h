// Makes programs from seeds: the same seed makes the same program.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tests/conformance/program.h"

namespace stele::conformance {

// What the generators avoid because releases of etcd answer differently there; cases decide about
// these (docs/conformance.md lists them).
struct ProgramShape {
  int operations = 100;
};

Program GenerateProgram(std::uint64_t seed, const ProgramShape& shape);

// The leases that programs use.
std::vector<std::int64_t> ProgramLeases();

}  // namespace stele::conformance
