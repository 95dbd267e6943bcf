// Short, stable texts for values of the core: test scripts, the simulator's event lines, logging.
// Entries are index/term, so 5/2 is the entry at index 5 of term 2.
#pragma once

#include <string>

#include "src/raft/message.h"
#include "src/raft/raw_node.h"
#include "src/raft/ready.h"
#include "src/raft/trace.h"
#include "src/raft/types.h"

namespace stele::raft {

std::string Describe(EntryId id);
std::string Describe(Role role);
std::string Describe(ProgressState state);
std::string Describe(ProposeResult result);
std::string Describe(const ConfState& conf);
std::string Describe(const Entry& entry);  // with at most 32 bytes of its data
std::string Describe(const Message& message);
std::string Describe(const ReadState& read);
std::string Describe(const TraceEvent& event);

}  // namespace stele::raft
