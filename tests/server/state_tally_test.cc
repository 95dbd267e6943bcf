#include "src/server/state_tally.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace stele::server {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr raft::NodeId kA{1};
constexpr raft::NodeId kB{2};
constexpr raft::NodeId kC{3};
constexpr raft::NodeId kLearner{4};
constexpr raft::Index kAt{1024};
constexpr storage::StateDigest kRight{1, 1};
constexpr storage::StateDigest kWrong{1, 2};

class StateTallyTest : public ::testing::Test {
 protected:
  std::vector<StateTally::Verdict> Note(raft::NodeId member, const storage::StateDigest& digest,
                                        raft::Index index = kAt) {
    return tally_.Note(index, member, digest, {kA, kB, kC});
  }

  StateTally tally_;
};

TEST_F(StateTallyTest, NothingIsClearBeforeAMajorityAgrees) {
  EXPECT_THAT(Note(kA, kRight), IsEmpty());
  EXPECT_THAT(Note(kB, kWrong), IsEmpty());
  EXPECT_THAT(Note(kLearner, kWrong), IsEmpty()) << "a learner has no voice";
}

TEST_F(StateTallyTest, TheOneThatDiffersIsTold) {
  Note(kA, kRight);
  Note(kC, kWrong);
  const auto verdicts = Note(kB, kRight);
  ASSERT_THAT(verdicts, SizeIs(3));
  for (const auto& verdict : verdicts) {
    EXPECT_EQ(verdict.agrees, verdict.member != kC);
    EXPECT_EQ(verdict.index, kAt);
  }
}

TEST_F(StateTallyTest, TheLeaderItselfMayBeTheOneThatDiffers) {
  Note(kA, kWrong);  // who leads makes no difference here
  Note(kB, kRight);
  const auto verdicts = Note(kC, kRight);
  ASSERT_THAT(verdicts, SizeIs(3));
  EXPECT_EQ(verdicts[0].member, kA);
  EXPECT_FALSE(verdicts[0].agrees);
}

TEST_F(StateTallyTest, LateReportsGetAVerdictAndEachOnlyOnce) {
  Note(kA, kRight);
  Note(kB, kRight);
  const auto late = Note(kC, kWrong);
  ASSERT_THAT(late, SizeIs(1));
  EXPECT_FALSE(late[0].agrees);
  EXPECT_THAT(Note(kC, kWrong), IsEmpty());
  const auto learner = Note(kLearner, kWrong);
  ASSERT_THAT(learner, SizeIs(1));
  EXPECT_FALSE(learner[0].agrees);
}

TEST_F(StateTallyTest, RoundsAreIndependent) {
  Note(kA, kRight);
  EXPECT_THAT(Note(kB, kRight, kAt.Next()), IsEmpty());
}

}  // namespace
}  // namespace stele::server
