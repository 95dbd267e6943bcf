// The observer's arithmetic of quorums, against the definition.

#include "tests/sim/conf_ledger.h"

#include <set>
#include <vector>

#include "gtest/gtest.h"
#include "src/raft/conf_change.h"
#include "tests/sim/conf_plan.h"
#include "tests/sim/random_stream.h"

namespace stele::sim {
namespace {

using raft::ConfState;
using raft::NodeId;

ConfState Voters(std::vector<NodeId> voters, std::vector<NodeId> outgoing = {}) {
  ConfState conf;
  conf.voters = std::move(voters);
  conf.voters_outgoing = std::move(outgoing);
  return conf;
}

bool IsQuorumOf(const ConfState& conf, const std::set<NodeId>& set) {
  return IsQuorum(conf, [&](NodeId id) { return set.contains(id); });
}

const NodeId kN1{1};
const NodeId kN2{2};
const NodeId kN3{3};
const NodeId kN4{4};

TEST(ConfLedgerTest, AQuorumIsMoreThanHalfOfEachSide) {
  EXPECT_TRUE(IsQuorumOf(Voters({kN1}), {kN1}));
  EXPECT_FALSE(IsQuorumOf(Voters({kN1, kN2}), {kN1}));
  EXPECT_TRUE(IsQuorumOf(Voters({kN1, kN2, kN3}), {kN1, kN3}));
  EXPECT_FALSE(IsQuorumOf(Voters({kN1, kN2, kN3, kN4}), {kN1, kN3}));
  EXPECT_FALSE(IsQuorumOf(Voters({kN1, kN2, kN3}), {kN1, kN4}));
  EXPECT_FALSE(IsQuorumOf(Voters({kN4}, {kN1, kN2, kN3}), {kN1, kN2}));
  EXPECT_TRUE(IsQuorumOf(Voters({kN4}, {kN1, kN2, kN3}), {kN1, kN2, kN4}));
}

TEST(ConfLedgerTest, KnowsWhichQuorumsMeet) {
  EXPECT_TRUE(QuorumsMeet(Voters({kN1, kN2, kN3}), Voters({kN1, kN2, kN3, kN4})));
  EXPECT_TRUE(QuorumsMeet(Voters({kN1, kN2}), Voters({kN2})));
  EXPECT_FALSE(QuorumsMeet(Voters({kN1, kN2}), Voters({kN3})));
  EXPECT_FALSE(QuorumsMeet(Voters({kN1, kN2, kN3}), Voters({kN1})));
  EXPECT_TRUE(QuorumsMeet(Voters({kN1, kN2}), Voters({kN3, kN4}, {kN1, kN2})));
  EXPECT_TRUE(QuorumsMeet(Voters({kN3, kN4}, {kN1, kN2}), Voters({kN3, kN4})));
}

// Whatever an operator may ask for and the core would allow keeps quorums meeting.
TEST(ConfLedgerTest, PlansThatMayFollowKeepQuorumsMeeting) {
  RandomStream random(3, "plans");
  ConfState now = Voters({kN1, kN2, kN3});
  std::uint64_t machines = 3;
  int steps = 0;
  for (int i = 0; i < 2000; ++i) {
    const auto plan = DrawConfPlan(now, machines, &random);
    if (!plan) continue;
    const ConfState next = NextConf(now, *plan);
    if (!raft::IsValidSuccessor(now, next)) continue;
    ASSERT_TRUE(QuorumsMeet(now, next));
    for (const auto* ids : {&next.voters, &next.learners}) {
      for (const NodeId id : *ids) machines = std::max(machines, id.value);
    }
    now = next;
    ++steps;
  }
  EXPECT_GT(steps, 50);
}

}  // namespace
}  // namespace stele::sim
