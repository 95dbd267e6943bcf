// Records as one line of text, for violations.
#pragma once

#include <cstdint>
#include <string>

#include "tests/history/history.h"

namespace stele::history {

std::string Describe(const KeyVersion& kv);
std::string Describe(const EventRecord& event);
std::string Describe(const Operation& operation);
std::string Describe(const RevisionRecord& record);

// What happened around `revision`: the revisions next to it and the operations that claim to have
// made them, at most about twenty lines.
std::string Window(const History& history, std::int64_t revision);

}  // namespace stele::history
