#include "src/server/lease/lease_keeper.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>
#include <optional>

#include "src/server/api/errors.h"
#include "tests/server/fake_clock.h"

namespace stele::server {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

// A store that holds leases and nothing else.
class LeaseView final : public storage::ReadView {
 public:
  explicit LeaseView(std::vector<storage::LeaseChange> leases) : leases_(std::move(leases)) {}
  raft::Index applied_index() const override { return {}; }
  std::int64_t current_revision() const override { return 1; }
  std::int64_t compact_revision() const override { return -1; }
  absl::Status Range(const etcdserverpb::RangeRequest&,
                     etcdserverpb::RangeResponse*) const override {
    return absl::UnimplementedError("");
  }
  absl::Status ReadOnlyTxn(const etcdserverpb::TxnRequest&,
                           etcdserverpb::TxnResponse*) const override {
    return absl::UnimplementedError("");
  }
  absl::Status ReadEvents(std::string_view, std::string_view, std::int64_t, bool, std::size_t,
                          std::size_t, std::vector<storage::EventBatch>*,
                          std::int64_t*) const override {
    return absl::UnimplementedError("");
  }
  std::optional<storage::LeaseChange> Lease(std::int64_t) const override { return std::nullopt; }
  std::vector<storage::LeaseChange> Leases() const override { return leases_; }
  std::vector<std::string> LeaseKeys(std::int64_t) const override { return {}; }
  std::vector<stelepb::MemberRecord> Members() const override { return {}; }

 private:
  const std::vector<storage::LeaseChange> leases_;
};

class FakeProposer final : public Proposer {
 public:
  void Propose(stelepb::Command* command, Done done) override {
    commands.push_back(*command);
    dones.push_back(std::move(done));
  }
  std::vector<stelepb::Command> commands;
  std::vector<Done> dones;
};

// Linearizable reads wait until the test confirms leadership.
class FakeReader final : public Reader {
 public:
  void Linearizable(Done done) override { waiting.push_back(std::move(done)); }
  View Serializable() override { return std::make_shared<LeaseView>(leases); }
  void Confirm() {
    std::vector<Done> all;
    all.swap(waiting);
    for (Done& done : all) done(Serializable());
  }
  std::vector<storage::LeaseChange> leases;
  std::vector<Done> waiting;
};

class FakeForwarder final : public LeaseForwarder {
 public:
  void Ask(raft::NodeId leader, std::int64_t, bool, LeaseClock::Done done) override {
    asked.push_back(leader.value);
    dones.push_back(std::move(done));
  }
  std::vector<std::uint64_t> asked;
  std::vector<LeaseClock::Done> dones;
};

class LeaseKeeperTest : public ::testing::Test {
 protected:
  LeaseKeeperTest() : keeper_({}, &clock_, &proposer_, &reader_, &forwarder_) {}

  void BecomeLeader(std::uint64_t term) {
    keeper_.OnRoleChange({raft::Role::kLeader, raft::NodeId{1}, raft::Term{term}});
    Run();
  }
  void Follow(std::uint64_t leader) {
    keeper_.OnRoleChange({raft::Role::kFollower, raft::NodeId{leader}, raft::Term{9}});
    Run();
  }
  void Grant(std::int64_t id, std::int64_t ttl) {
    keeper_.OnLeaseChanges({{storage::LeaseChange::Kind::kGranted, id, ttl}});
    Run();
  }
  void Revoked(std::int64_t id) {
    keeper_.OnLeaseChanges({{storage::LeaseChange::Kind::kRevoked, id, 0}});
    Run();
  }
  void Ask(std::int64_t id, bool renew, bool from_peer = false) {
    auto done = [this](const absl::StatusOr<LeaseAnswer>& answer) { answers_.push_back(answer); };
    if (from_peer) {
      keeper_.AnswerPeer(id, renew, done);
    } else {
      keeper_.Ask(id, renew, done);
    }
    Run();
  }
  void Run() {
    while (keeper_.RunOnce()) {
    }
  }
  // In steps that a running process would take, so that it does not look like a pause.
  void Pass(absl::Duration time) {
    for (absl::Duration left = time; left > absl::ZeroDuration(); left -= absl::Milliseconds(250)) {
      clock_.Advance(std::min(left, absl::Milliseconds(250)));
      Run();
    }
  }

  FakeClock clock_;
  FakeProposer proposer_;
  FakeReader reader_;
  FakeForwarder forwarder_;
  LeaseKeeper keeper_;
  std::vector<absl::StatusOr<LeaseAnswer>> answers_;
};

TEST_F(LeaseKeeperTest, TheLeaderProposesTheRevokeOfWhatRanOut) {
  BecomeLeader(4);
  Grant(7, 10);
  Pass(absl::Seconds(10) - absl::Milliseconds(250));
  EXPECT_THAT(proposer_.commands, IsEmpty());
  Pass(absl::Milliseconds(250));
  ASSERT_EQ(proposer_.commands.size(), 1u);
  EXPECT_EQ(proposer_.commands[0].lease_revoke().id(), 7);
  EXPECT_EQ(proposer_.commands[0].lease_revoke().expired_in_term(), 4u);
}

TEST_F(LeaseKeeperTest, LeasesAreListedSoonestFirst) {
  std::vector<std::int64_t> listed;
  const auto list = [&] {
    keeper_.List([&listed](std::vector<std::int64_t> ids) { listed = std::move(ids); });
    Run();
  };
  BecomeLeader(4);
  list();
  EXPECT_THAT(listed, IsEmpty());
  Grant(1, 60);
  Grant(2, 10);
  Grant(3, 30);
  list();
  EXPECT_THAT(listed, ElementsAre(2, 3, 1));
  Revoked(3);
  list();
  EXPECT_THAT(listed, ElementsAre(2, 1));
}

TEST_F(LeaseKeeperTest, AFollowerNeverProposes) {
  Follow(2);
  Grant(7, 2);
  Pass(absl::Seconds(60));
  EXPECT_THAT(proposer_.commands, IsEmpty());
}

TEST_F(LeaseKeeperTest, ARenewalIsAnsweredOnlyAfterLeadershipIsConfirmed) {
  BecomeLeader(4);
  Grant(7, 10);
  Pass(absl::Seconds(9));
  Ask(7, true);
  EXPECT_THAT(answers_, IsEmpty());
  reader_.Confirm();
  Run();
  ASSERT_EQ(answers_.size(), 1u);
  EXPECT_EQ(answers_[0]->granted_seconds, 10);
  Pass(absl::Seconds(9));
  EXPECT_THAT(proposer_.commands, IsEmpty()) << "it was given its whole TTL again";
}

TEST_F(LeaseKeeperTest, RemainingTimeIsInWholeSecondsRoundedDown) {
  BecomeLeader(4);
  Grant(7, 10);
  Pass(absl::Milliseconds(1250));
  Ask(7, false);
  reader_.Confirm();
  Run();
  EXPECT_EQ(answers_.at(0)->remaining_seconds, 8);
  EXPECT_EQ(answers_.at(0)->granted_seconds, 10);
}

TEST_F(LeaseKeeperTest, AnUnknownLeaseIsNotFound) {
  BecomeLeader(4);
  Ask(8, true);
  reader_.Confirm();
  Run();
  EXPECT_FALSE(answers_.at(0)->found);
}

TEST_F(LeaseKeeperTest, WhoeverAsksForADyingLeaseLearnsOfItsDeath) {
  BecomeLeader(4);
  Grant(7, 2);
  Pass(absl::Seconds(2));
  Ask(7, true);
  reader_.Confirm();
  Run();
  EXPECT_THAT(answers_, IsEmpty());
  Revoked(7);
  Pass(absl::Milliseconds(250));
  reader_.Confirm();
  Run();
  ASSERT_EQ(answers_.size(), 1u);
  EXPECT_FALSE(answers_[0]->found);
}

TEST_F(LeaseKeeperTest, AFollowerAsksItsLeaderAndAsksAgainWhenThatFails) {
  Follow(2);
  Ask(7, true);
  EXPECT_THAT(forwarder_.asked, ElementsAre(2));
  forwarder_.dones[0](absl::UnavailableError("connection lost"));
  Follow(3);
  Pass(absl::Milliseconds(250));
  EXPECT_THAT(forwarder_.asked, ElementsAre(2, 3));
  forwarder_.dones[1](LeaseAnswer{true, 5, 5});
  Run();
  EXPECT_EQ(answers_.at(0)->granted_seconds, 5);
}

TEST_F(LeaseKeeperTest, AQuestionOfAnotherMemberIsNeverPassedOn) {
  Follow(2);
  Ask(7, true, /*from_peer=*/true);
  EXPECT_THAT(forwarder_.asked, IsEmpty());
  EXPECT_EQ(answers_.at(0).status(), NotLeaderError());
}

TEST_F(LeaseKeeperTest, WithoutALeaderAQuestionWaitsAndTimesOut) {
  Ask(7, true);
  Pass(absl::Seconds(7) + absl::Milliseconds(250));
  ASSERT_EQ(answers_.size(), 1u);
  EXPECT_EQ(answers_[0].status(), TimeoutError());
}

TEST_F(LeaseKeeperTest, ANewLeaderGivesEveryLeaseItsWholeTtlAndAnElectionTimeout) {
  Follow(2);
  Grant(7, 10);
  Pass(absl::Seconds(9));
  BecomeLeader(5);
  Pass(absl::Seconds(10));
  EXPECT_THAT(proposer_.commands, IsEmpty());
  Pass(absl::Seconds(1));
  EXPECT_EQ(proposer_.commands.size(), 1u);
}

TEST_F(LeaseKeeperTest, AfterAPauseOfTheProcessNobodyDiesForNotHavingRenewed) {
  BecomeLeader(4);
  Grant(7, 10);
  clock_.Advance(absl::Seconds(30));
  Run();
  EXPECT_THAT(proposer_.commands, IsEmpty());
  Pass(absl::Seconds(10));
  EXPECT_EQ(proposer_.commands.size(), 1u);
}

TEST_F(LeaseKeeperTest, ALostRevokeIsProposedAgain) {
  BecomeLeader(4);
  Grant(7, 2);
  Pass(absl::Seconds(2));
  storage::CommandResult lost;
  lost.status = TimeoutError();
  proposer_.dones.at(0)(lost);
  Pass(absl::Seconds(1));
  EXPECT_EQ(proposer_.commands.size(), 2u);
}

// Seed 76 of the full tier: what a leader proposed in one term failed when it led in another, after
// a renewal there had been answered.
TEST_F(LeaseKeeperTest, ARevokeThatFailsInALaterTermKillsNobody) {
  BecomeLeader(4);
  Grant(7, 5);
  Pass(absl::Seconds(5));
  ASSERT_EQ(proposer_.commands.size(), 1u);
  Follow(2);
  BecomeLeader(10);
  Ask(7, true);
  reader_.Confirm();
  Run();
  ASSERT_TRUE(answers_.at(0)->found);
  storage::CommandResult lost;
  lost.status = TimeoutError();
  proposer_.dones.at(0)(lost);
  Pass(absl::Seconds(5) - absl::Milliseconds(250));
  EXPECT_EQ(proposer_.commands.size(), 1u) << "it was promised five seconds";
}

TEST_F(LeaseKeeperTest, AfterAPauseARevokeUnderWayStillCounts) {
  BecomeLeader(4);
  Grant(7, 2);
  Pass(absl::Seconds(2));
  ASSERT_EQ(proposer_.commands.size(), 1u);
  clock_.Advance(absl::Seconds(30));
  Ask(7, true);
  reader_.Confirm();
  Run();
  EXPECT_THAT(answers_, IsEmpty()) << "the revoke may be applied at any moment";
}

TEST_F(LeaseKeeperTest, AReplacedStoreBringsItsOwnLeases) {
  BecomeLeader(4);
  Grant(7, 2);
  reader_.leases = {{storage::LeaseChange::Kind::kGranted, 8, 5}};
  keeper_.OnStoreReplaced();
  Run();
  Pass(absl::Seconds(6));
  ASSERT_EQ(proposer_.commands.size(), 1u);
  EXPECT_EQ(proposer_.commands[0].lease_revoke().id(), 8);
}

}  // namespace
}  // namespace stele::server
