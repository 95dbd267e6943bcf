// Many seeds at once, on several threads: each world is its own, so they share nothing.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "tests/sim/world.h"

namespace stele::sim {

struct Totals {
  std::uint64_t seeds = 0;
  std::uint64_t repeated = 0;  // run twice, to the same end
  Micros simulated = 0;
  std::uint64_t events = 0;
  MarkCounts counts{};
  double processor_seconds = 0;  // over all threads
  double wall_seconds = 0;
  std::uint64_t failed = 0;

  double SimulatedSeconds() const { return static_cast<double>(simulated) / kSecond; }
  std::uint64_t Faults() const;
  void Add(const RunResult& result);
};

struct SeedRange {
  RunOptions options;  // but for the seed
  std::uint64_t first = 1;
  std::uint64_t count = 0;         // at least so many, in order ...
  Micros simulated_min = 0;        // ... and then until this is reached
  std::uint64_t repeat_every = 0;  // every so many seeds is run twice; 0: none
  int threads = 1;
  bool keep_going = false;
};

// `failed` is called for each seed that broke a promise or did not repeat, one at a time.
using OnFailed = std::function<void(const RunOptions&, const RunResult&, const std::string& why)>;
Totals RunSeeds(const SeedRange& range, const OnFailed& failed);

// The processor time of the calling thread.
double ThreadSeconds();

// For programs that run many worlds: memory that one has freed is kept for the next instead of
// being given back to the kernel, which costs a twentieth of the time.
void KeepMemory();

}  // namespace stele::sim
