// Which changes of the members a leader lets through, and which config each leads to.
#include "src/server/membership/member_rules.h"

#include <gtest/gtest.h>

#include <string>

#include "src/raft/conf_change.h"
#include "src/server/api/errors.h"

namespace stele::server {
namespace {

// A cluster as its leader, member 1, sees it.
class Scene {
 public:
  Scene& Voter(std::uint64_t id, bool started = true, bool active = true) {
    return Add(id, started, active, false, false, 1000);
  }
  Scene& Learner(std::uint64_t id, std::uint64_t match, bool started = true, bool active = true) {
    return Add(id, started, active, true, false, match);
  }
  Scene& VoterToBe(std::uint64_t id, std::uint64_t match, bool started = true) {
    return Add(id, started, true, true, true, match);
  }
  Scene& Removed(std::uint64_t id) {
    facts_.removed.push_back(id);
    return *this;
  }
  Scene& Lenient() {
    rules_.strict = false;
    return *this;
  }

  absl::StatusOr<raft::ConfState> Plan(const stelepb::Command& change, bool by_itself = false) {
    return PlanConfChange(rules_, facts_, change, by_itself);
  }
  raft::Status& raft() { return facts_.raft; }

 private:
  Scene& Add(std::uint64_t id, bool started, bool active, bool learner, bool to_be,
             std::uint64_t match) {
    stelepb::MemberRecord member;
    member.set_id(id);
    if (started) member.set_name("m" + std::to_string(id));
    member.add_peer_urls("http://m:" + std::to_string(id));
    member.set_is_learner(learner);
    member.set_voter_when_ready(to_be);
    facts_.members.push_back(member);
    facts_.raft.id = {1};
    facts_.raft.last_index = {10'000};
    raft::ConfState& conf = facts_.raft.conf_state;
    (learner ? conf.learners : conf.voters).push_back({id});
    facts_.raft.peers.push_back(
        {{id}, {match}, {}, raft::ProgressState::kReplicate, active, learner});
    return *this;
  }

  MemberRules rules_;
  MemberFacts facts_;
};

stelepb::Command AddOf(std::uint64_t id, bool voter, const std::string& url = "http://new:1") {
  stelepb::Command change;
  stelepb::MemberRecord* member = change.mutable_member_add()->mutable_member();
  member->set_id(id);
  member->add_peer_urls(url);
  member->set_is_learner(true);
  member->set_voter_when_ready(voter);
  return change;
}
stelepb::Command RemoveOf(std::uint64_t id) {
  stelepb::Command change;
  change.mutable_member_remove()->set_member_id(id);
  return change;
}
stelepb::Command PromoteOf(std::uint64_t id) {
  stelepb::Command change;
  change.mutable_member_promote()->set_member_id(id);
  return change;
}

using Conf = raft::ConfState;

TEST(MemberRulesTest, EveryNewMemberBeginsAsALearner) {
  EXPECT_EQ(*Scene().Voter(1).Voter(3).Plan(AddOf(2, true)),
            (Conf{{{1}, {3}}, {}, {{2}}, {}, false}));
  EXPECT_EQ(*Scene().Voter(1).Voter(3).Voter(4).Plan(AddOf(2, false)),
            (Conf{{{1}, {3}, {4}}, {}, {{2}}, {}, false}));
}

TEST(MemberRulesTest, FromOneToTwoIsAlwaysPossible) {
  EXPECT_TRUE(Scene().Voter(1).Plan(AddOf(2, true)).ok());
  EXPECT_TRUE(Scene().Voter(1, /*started=*/false).Plan(AddOf(2, true)).ok());
  EXPECT_TRUE(Scene().Voter(1).Plan(AddOf(2, false)).ok());
}

TEST(MemberRulesTest, AVoterIsNotAddedWhileTooFewHaveStarted) {
  Scene scene;
  scene.Voter(1).VoterToBe(2, 0, /*started=*/false);
  EXPECT_EQ(scene.Plan(AddOf(3, true)).status(), MemberNotEnoughStartedError());
  EXPECT_TRUE(Scene().Voter(1).VoterToBe(2, 0).Plan(AddOf(3, true)).ok());
  EXPECT_TRUE(scene.Lenient().Plan(AddOf(3, true)).ok());
}

TEST(MemberRulesTest, NothingIsAddedWhileTooFewAreAlive) {
  Scene scene;
  scene.Voter(1).Voter(2).Voter(3, true, /*active=*/false);
  EXPECT_EQ(scene.Plan(AddOf(4, true)).status(), UnhealthyError());
  EXPECT_EQ(scene.Plan(AddOf(4, false)).status(), UnhealthyError());
  EXPECT_TRUE(scene.Lenient().Plan(AddOf(4, true)).ok());
}

TEST(MemberRulesTest, IdsUrlsAndLearnersAreLimited) {
  Scene scene;
  scene.Voter(1).Removed(9);
  EXPECT_EQ(scene.Plan(AddOf(1, true)).status(), MemberExistsError());
  EXPECT_EQ(scene.Plan(AddOf(9, true)).status(), MemberExistsError());
  EXPECT_EQ(scene.Plan(AddOf(2, true, "http://m:1")).status(), PeerUrlExistsError());
  EXPECT_EQ(Scene().Voter(1).Learner(2, 0).Plan(AddOf(3, false)).status(), TooManyLearnersError());
  EXPECT_TRUE(Scene().Voter(1).Learner(2, 0).Plan(AddOf(3, true)).ok());
  EXPECT_TRUE(Scene().Voter(1).VoterToBe(2, 0).Plan(AddOf(3, false)).ok());
}

TEST(MemberRulesTest, RemovingKeepsAQuorumOfTheRest) {
  EXPECT_EQ(*Scene().Voter(1).Voter(2).Voter(3).Plan(RemoveOf(2)),
            (Conf{{{1}, {3}}, {}, {}, {}, false}));
  EXPECT_EQ(Scene().Voter(1).Plan(RemoveOf(8)).status(), MemberNotFoundError());
  EXPECT_EQ(Scene().Voter(1).Plan(RemoveOf(1)).status(), MemberNotEnoughStartedError());
  EXPECT_FALSE(Scene().Voter(1).Lenient().Plan(RemoveOf(1)).ok()) << "nobody would be left";
  Scene one_down;
  one_down.Voter(1).Voter(2).Voter(3, true, /*active=*/false);
  EXPECT_TRUE(one_down.Plan(RemoveOf(3)).ok()) << "the dead one may go";
  EXPECT_EQ(one_down.Plan(RemoveOf(2)).status(), UnhealthyError());
  EXPECT_EQ(one_down.Plan(RemoveOf(1)).status(), UnhealthyError());
  EXPECT_TRUE(one_down.Lenient().Plan(RemoveOf(2)).ok());
  Scene unstarted;
  unstarted.Voter(1).Voter(2).VoterToBe(3, 0, /*started=*/false);
  EXPECT_EQ(unstarted.Plan(RemoveOf(2)).status(), MemberNotEnoughStartedError());
  EXPECT_TRUE(unstarted.Plan(RemoveOf(3)).ok());
  EXPECT_TRUE(Scene().Voter(1).Learner(2, 0, false, false).Plan(RemoveOf(2)).ok());
}

TEST(MemberRulesTest, ALearnerIsPromotedWhenItIsInSync) {
  EXPECT_EQ(*Scene().Voter(1).Learner(2, 9'000).Plan(PromoteOf(2)),
            (Conf{{{1}, {2}}, {}, {}, {}, false}));
  EXPECT_EQ(Scene().Voter(1).Learner(2, 8'999).Plan(PromoteOf(2)).status(), LearnerNotReadyError());
  EXPECT_EQ(Scene().Voter(1).Learner(2, 9'999, true, false).Plan(PromoteOf(2)).status(),
            LearnerNotReadyError());
  EXPECT_EQ(Scene().Voter(1).Learner(2, 9'999, false).Plan(PromoteOf(2)).status(),
            LearnerNotReadyError());
  EXPECT_EQ(Scene().Voter(1).Plan(PromoteOf(1)).status(), MemberNotLearnerError());
  EXPECT_EQ(Scene().Voter(1).Plan(PromoteOf(2)).status(), MemberNotFoundError());
}

TEST(MemberRulesTest, TheLeaderPromotesAVoterToBeByItself) {
  EXPECT_EQ(Scene().Voter(1).VoterToBe(2, 9'999).Plan(PromoteOf(2)).status(),
            MemberNotLearnerError())
      << "for clients it is a voter already";
  EXPECT_TRUE(Scene().Voter(1).VoterToBe(2, 9'000).Plan(PromoteOf(2), true).ok());
  EXPECT_EQ(Scene().Voter(1).VoterToBe(2, 8'999).Plan(PromoteOf(2), true).status(),
            LearnerNotReadyError());
}

TEST(MemberRulesTest, AMemberIsReplacedUnderItsOwnUrls) {
  stelepb::Command change;
  change.mutable_member_replace()->set_old_member_id(3);
  stelepb::MemberRecord* next = change.mutable_member_replace()->mutable_new_member();
  next->set_id(4);
  next->add_peer_urls("http://m:3");
  Scene scene;
  scene.Voter(1).Voter(2).Voter(3, true, /*active=*/false);
  EXPECT_EQ(*scene.Plan(change), (Conf{{{1}, {2}}, {}, {{4}}, {}, false}));
  next->set_peer_urls(0, "http://m:2");
  EXPECT_EQ(scene.Plan(change).status(), PeerUrlExistsError());
  change.mutable_member_replace()->set_old_member_id(7);
  EXPECT_EQ(scene.Plan(change).status(), MemberNotFoundError());
}

TEST(MemberRulesTest, NothingChangesInAJointConfig) {
  Scene scene;
  scene.Voter(1).Voter(2);
  scene.raft().conf_state.voters_outgoing = {{1}};
  EXPECT_TRUE(absl::IsAborted(scene.Plan(RemoveOf(2)).status()));
}

TEST(MemberRulesTest, TheBestSuccessorIsTheFurthestLivingVoter) {
  Scene scene;
  scene.Voter(1).Voter(2).Voter(3).Learner(4, 9'999);
  scene.raft().peers[2].match_index = {2000};
  EXPECT_EQ(BestSuccessor(scene.raft()).value, 3U);
  scene.raft().peers[2].recently_active = false;
  EXPECT_EQ(BestSuccessor(scene.raft()).value, 2U);
  EXPECT_EQ(BestSuccessor(Scene().Voter(1).Learner(2, 9'999).raft()), raft::kNoNode);
}

}  // namespace
}  // namespace stele::server
