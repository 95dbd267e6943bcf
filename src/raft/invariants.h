// What must hold of one node's state, and of every step from one state to the next. The checks are
// cheap and run after every call of RawNode; those that walk the log run when Config asks for it.
// Truths about the whole cluster are checked outside, in tests.
#pragma once

#include "src/raft/types.h"

namespace stele::raft {

struct StateView {
  NodeId id;
  Role role = Role::kFollower;
  Term term;
  NodeId vote;
  NodeId leader;
  Index first_index;
  EntryId last_entry;
  Index commit_index;
  Index handed_out_index;
  Index applied_index;
  Index durable_index;
  Index conf_index;  // where the current config holds from
  Term commit_term;
  Term durable_term;  // of the hard state
  NodeId durable_vote;
};

// Aborts when `state` is impossible.
void CheckInvariants(const StateView& state);

// Aborts when no sequence of protocol steps leads from `before` to `after`.
void CheckTransition(const StateView& before, const StateView& after);

}  // namespace stele::raft
