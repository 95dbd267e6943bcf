#include "src/server/api/quota.h"

#include <gtest/gtest.h>

#include <memory>
#include <utility>
#include <vector>

#include "src/server/api/errors.h"
#include "src/storage/engine/mem_engine.h"
#include "src/storage/state_machine/command_cost.h"
#include "tests/server/watch/fake_call.h"

namespace stele::server {
namespace {

namespace pb = etcdserverpb;

class Facts final : public NodeFacts {
 public:
  std::uint64_t cluster_id() const override { return 1; }
  std::uint64_t member_id() const override { return 7; }
  std::uint64_t raft_term() const override { return 1; }
  bool has_leader() const override { return true; }
  NodeStatus Status() const override { return {}; }
  std::uint64_t store_bytes() const override { return bytes; }

  std::uint64_t bytes = 0;
};

// Applies what is proposed when the test says so.
class StoreOfOne final : public Proposer, public Reader {
 public:
  StoreOfOne() : store_(*storage::StateMachine::Open(&engine_, {})) {}

  void Propose(stelepb::Command* command, Proposer::Done done) override {
    command->set_request_id(++proposed_);
    waiting_.emplace_back(command->SerializeAsString(), std::move(done));
  }
  void Linearizable(Reader::Done done) override { done(store_->View()); }
  View Serializable() override { return store_->View(); }

  void ApplyAll() {
    for (auto& [bytes, done] : std::exchange(waiting_, {})) {
      storage::ApplyOutput output;
      const raft::EntryId id{store_->applied_index().Next(), raft::Term{1}};
      ASSERT_TRUE(store_->Apply({{id, raft::EntryType::kNormal, bytes}}, &output).ok());
      done(output.results.at(0));
    }
  }
  std::uint64_t proposed() const { return proposed_; }

 private:
  storage::MemEngine engine_;
  std::unique_ptr<storage::StateMachine> store_;
  std::uint64_t proposed_ = 0;
  std::vector<std::pair<std::string, Proposer::Done>> waiting_;
};

TEST(CommandCostTest, IsEtcds) {
  stelepb::Command command;
  EXPECT_EQ(storage::CostOf(command), 0);
  command.mutable_lease_grant();
  EXPECT_EQ(storage::CostOf(command), 64);
  command.mutable_delete_range()->set_key("k");
  EXPECT_EQ(storage::CostOf(command), 0);
  command.mutable_put()->set_key("key");
  command.mutable_put()->set_value("value");
  EXPECT_EQ(storage::CostOf(command), 256 + 8);
  pb::TxnRequest* txn = command.mutable_txn();
  EXPECT_EQ(storage::CostOf(command), 0);
  txn->add_success()->mutable_request_delete_range()->set_key("key");
  txn->add_success()->mutable_request_put()->set_key("a");
  txn->add_success()->mutable_request_put()->set_key("b");
  txn->add_failure()->mutable_request_put()->set_key("c");
  EXPECT_EQ(storage::CostOf(command), 2 * 257);
  pb::TxnRequest* nested = txn->add_failure()->mutable_request_txn();
  nested->add_failure()->mutable_request_put()->set_value(std::string(1000, 'v'));
  EXPECT_EQ(storage::CostOf(command), 257 + 1256);
}

TEST(QuotaTest, BelowOnly) {
  Facts facts;
  facts.bytes = 700;
  EXPECT_TRUE(Quota(1001, &facts, nullptr, nullptr).HasRoomFor(300));
  EXPECT_FALSE(Quota(1000, &facts, nullptr, nullptr).HasRoomFor(300));
  EXPECT_TRUE(Quota(10, &facts, nullptr, nullptr).HasRoomFor(0));
  EXPECT_TRUE(Quota(-1, &facts, nullptr, nullptr).HasRoomFor(300));
}

TEST(QuotaTest, TheAlarmIsRaisedOnceAndBeforeTheAnswer) {
  Facts facts;
  StoreOfOne store;
  const Quota quota(10, &facts, &store, &store);
  const auto first = std::make_shared<FakeCall>();
  quota.Refuse(first);
  EXPECT_FALSE(first->ended());
  store.ApplyAll();
  EXPECT_EQ(first->finished(), NoSpaceError());
  const std::vector<pb::AlarmMember> alarms = store.Serializable()->Alarms();
  ASSERT_EQ(alarms.size(), 1U);
  EXPECT_EQ(alarms[0].memberid(), 7U);
  EXPECT_EQ(alarms[0].alarm(), pb::NOSPACE);
  const auto second = std::make_shared<FakeCall>();
  quota.Refuse(second);
  EXPECT_EQ(second->finished(), NoSpaceError());
  EXPECT_EQ(store.proposed(), 1U);
}

}  // namespace
}  // namespace stele::server
