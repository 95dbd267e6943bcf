// Planted bugs. Each breaks one safety rule of the core, so that the simulator can prove it would
// notice. Only tests and the simulator set anything but kNone.
//
// That a leader counts its own entries before they are durable is not among them: with one Ready in
// flight nothing leaves the leader before they are, so nobody could notice.
#pragma once

#include <cstdint>

namespace stele::raft {

enum class Mutation : std::uint8_t {
  kNone,
  kCommitOldTerm,      // entries of older terms are committed by counting (Raft paper, Figure 8)
  kAckBeforePersist,   // append acks leave before the entries are durable
  kVoteBeforePersist,  // votes leave before they are durable
  kVoteNotPersisted,   // the vote is left out of the hard state
};

}  // namespace stele::raft
