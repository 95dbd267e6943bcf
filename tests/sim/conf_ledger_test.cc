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

const NodeId n1{1};
const NodeId n2{2};
const NodeId n3{3};
const NodeId n4{4};

TEST(ConfLedgerTest, AQuorumIsMoreThanHalfOfEachSide) {
  EXPECT_TRUE(IsQuorumOf(Voters({n1}), {n1}));
  EXPECT_FALSE(IsQuorumOf(Voters({n1, n2}), {n1}));
  EXPECT_TRUE(IsQuorumOf(Voters({n1, n2, n3}), {n1, n3}));
  EXPECT_FALSE(IsQuorumOf(Voters({n1, n2, n3, n4}), {n1, n3}));
  EXPECT_FALSE(IsQuorumOf(Voters({n1, n2, n3}), {n1, n4}));
  EXPECT_FALSE(IsQuorumOf(Voters({n4}, {n1, n2, n3}), {n1, n2}));
  EXPECT_TRUE(IsQuorumOf(Voters({n4}, {n1, n2, n3}), {n1, n2, n4}));
}

TEST(ConfLedgerTest, KnowsWhichQuorumsMeet) {
  EXPECT_TRUE(QuorumsMeet(Voters({n1, n2, n3}), Voters({n1, n2, n3, n4})));
  EXPECT_TRUE(QuorumsMeet(Voters({n1, n2}), Voters({n2})));
  EXPECT_FALSE(QuorumsMeet(Voters({n1, n2}), Voters({n3})));
  EXPECT_FALSE(QuorumsMeet(Voters({n1, n2, n3}), Voters({n1})));
  EXPECT_TRUE(QuorumsMeet(Voters({n1, n2}), Voters({n3, n4}, {n1, n2})));
  EXPECT_TRUE(QuorumsMeet(Voters({n3, n4}, {n1, n2}), Voters({n3, n4})));
}

// Whatever an operator may ask for and the core would allow keeps quorums meeting.
TEST(ConfLedgerTest, PlansThatMayFollowKeepQuorumsMeeting) {
  RandomStream random(3, "plans");
  ConfState now = Voters({n1, n2, n3});
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
