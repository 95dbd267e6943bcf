// What a run tells people and programs.
#pragma once

#include <string>

#include "bench/load/options.h"
#include "bench/load/run.h"

namespace stele::load {

// A latency with microsecond resolution and a unit fit for reading: "412 us", "36.102 ms".
std::string FormatLatency(double nanoseconds);

std::string FormatTable(const Options& options, const RunResult& result);

// Times are numbers in microseconds (names end in _us) or seconds (_s).
std::string FormatJson(const Options& options, const RunResult& result);

std::string FormatProgress(const Progress& progress);

}  // namespace stele::load
