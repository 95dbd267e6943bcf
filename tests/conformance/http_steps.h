// The steps of a case that speak HTTP, or HTTP/2 frames, by themselves.
#pragma once

#include <string>
#include <vector>

#include "tests/conformance/case_runner.h"
#include "tests/conformance/expansion.h"

namespace stele::conformance {

// Runs a step of the action kHttp, kBytes or kFrames on the server at `address`, and counts and
// records in `result`. Returns nothing if the answer is as expected, else lines for people.
std::vector<std::string> RunHttpStep(const Step& step, const std::string& address,
                                     const Bindings& bindings, CaseResult* result);

}  // namespace stele::conformance
