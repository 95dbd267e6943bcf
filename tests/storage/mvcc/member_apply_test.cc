// Config changes as apply sees them: the member table says what the config says, whatever came with
// it, and removed ids are remembered.
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "src/raft/conf_change.h"
#include "src/storage/engine/mem_engine.h"
#include "src/storage/state_machine/state_machine.h"

namespace stele::storage {
namespace {

using raft::ConfState;
using raft::NodeId;

stelepb::MemberRecord Record(std::uint64_t id, const std::string& url) {
  stelepb::MemberRecord record;
  record.set_id(id);
  record.add_peer_urls(url);
  return record;
}

class MemberApplyTest : public ::testing::Test {
 protected:
  MemberApplyTest() {
    Open();
    EXPECT_TRUE(store_->Bootstrap({Record(1, "http://a:1"), Record(2, "http://b:1")}).ok());
  }

  void Open() {
    store_.reset();
    auto opened = StateMachine::Open(&engine_, {});
    ASSERT_TRUE(opened.ok()) << opened.status();
    store_ = *std::move(opened);
  }

  ApplyOutput Apply(raft::EntryType type, std::string data) {
    ApplyOutput output;
    const raft::EntryId id{store_->applied_index().Next(), raft::Term{3}};
    EXPECT_TRUE(store_->Apply({{id, type, raft::Payload(std::move(data))}}, &output).ok());
    EXPECT_EQ(store_->applied_index(), id.index);
    return output;
  }
  ApplyOutput ApplyConf(const ConfState& conf, const std::string& context = "") {
    return Apply(raft::EntryType::kConfChange, raft::EncodeConfState(conf, context));
  }
  ApplyOutput ApplyConf(const ConfState& conf, const stelepb::Command& change) {
    return ApplyConf(conf, change.SerializeAsString());
  }

  std::vector<std::uint64_t> Ids() const {
    std::vector<std::uint64_t> ids;
    for (const auto& member : store_->View()->Members()) ids.push_back(member.id());
    return ids;
  }
  stelepb::MemberRecord Member(std::uint64_t id) const {
    for (const auto& member : store_->View()->Members()) {
      if (member.id() == id) return member;
    }
    ADD_FAILURE() << "no member " << id;
    return {};
  }

  MemEngine engine_;
  std::unique_ptr<StateMachine> store_;
};

TEST_F(MemberApplyTest, ALearnerIsAddedPromotedAndRemovedForEver) {
  stelepb::Command add;
  add.set_request_id(7);
  *add.mutable_member_add()->mutable_member() = Record(3, "http://c:1");
  add.mutable_member_add()->mutable_member()->set_voter_when_ready(true);
  ApplyOutput output = ApplyConf({{{1}, {2}}, {}, {{3}}, {}, false}, add);
  EXPECT_TRUE(output.members_changed);
  ASSERT_EQ(output.results.size(), 1U);
  EXPECT_EQ(output.results[0].request_id, 7U);
  EXPECT_TRUE(output.results[0].status.ok());
  EXPECT_TRUE(Member(3).is_learner());
  EXPECT_TRUE(Member(3).voter_when_ready());
  EXPECT_EQ(Member(3).peer_urls(0), "http://c:1");

  stelepb::Command promote;
  promote.mutable_member_promote()->set_member_id(3);
  EXPECT_TRUE(ApplyConf({{{1}, {2}, {3}}, {}, {}, {}, false}, promote).members_changed);
  EXPECT_FALSE(Member(3).is_learner());
  EXPECT_FALSE(Member(3).voter_when_ready());

  stelepb::Command remove;
  remove.mutable_member_remove()->set_member_id(1);
  EXPECT_TRUE(ApplyConf({{{2}, {3}}, {}, {}, {}, false}, remove).members_changed);
  Open();
  EXPECT_EQ(Ids(), (std::vector<std::uint64_t>{2, 3}));
  EXPECT_EQ(store_->View()->RemovedMembers(), std::vector<std::uint64_t>{1});
  ASSERT_EQ(store_->View()->Founders().size(), 2U) << "they stay as they were";
  EXPECT_EQ(store_->View()->Founders()[0].peer_urls(0), "http://a:1");
}

TEST_F(MemberApplyTest, OneEntryReplacesAMember) {
  stelepb::Command replace;
  replace.mutable_member_replace()->set_old_member_id(2);
  *replace.mutable_member_replace()->mutable_new_member() = Record(4, "http://b:1");
  ApplyConf({{{1}}, {}, {{4}}, {}, false}, replace);
  EXPECT_EQ(Ids(), (std::vector<std::uint64_t>{1, 4}));
  EXPECT_TRUE(Member(4).is_learner());
  EXPECT_EQ(Member(4).peer_urls(0), "http://b:1");
  EXPECT_EQ(store_->View()->RemovedMembers(), std::vector<std::uint64_t>{2});
}

TEST_F(MemberApplyTest, BothHalvesOfAJointConfigAreMembersUntilItIsLeft) {
  const ConfState joint{{{1}, {3}}, {{1}, {2}}, {}, {}, true};
  stelepb::Command add;
  *add.mutable_member_add()->mutable_member() = Record(3, "http://c:1");
  ApplyConf(joint, add);
  EXPECT_EQ(Ids(), (std::vector<std::uint64_t>{1, 2, 3}));
  EXPECT_FALSE(Member(2).is_learner());
  EXPECT_TRUE(store_->View()->RemovedMembers().empty());
  ApplyConf(raft::LeaveJoint(joint));
  EXPECT_EQ(Ids(), (std::vector<std::uint64_t>{1, 3}));
  EXPECT_EQ(store_->View()->RemovedMembers(), std::vector<std::uint64_t>{2});
}

TEST_F(MemberApplyTest, WhatCannotBeReadOnlyAdvances) {
  const std::vector<stelepb::MemberRecord> before = store_->View()->Members();
  EXPECT_FALSE(Apply(raft::EntryType::kConfChange, "bytes of a config").members_changed);
  EXPECT_FALSE(ApplyConf({{{1}, {2}}, {}, {}, {}, false}).members_changed);
  EXPECT_FALSE(ApplyConf({{{1}, {2}}, {}, {}, {}, false}, "\xff no command").members_changed);
  ASSERT_EQ(store_->View()->Members().size(), before.size());
  EXPECT_EQ(Member(1).SerializeAsString(), before[0].SerializeAsString());
}

TEST_F(MemberApplyTest, PeerUrlsAreUpdatedUnlessTaken) {
  stelepb::Command update;
  update.set_request_id(1);
  update.mutable_member_update()->set_member_id(2);
  update.mutable_member_update()->add_peer_urls("http://b:2");
  EXPECT_TRUE(Apply(raft::EntryType::kNormal, update.SerializeAsString()).members_changed);
  EXPECT_EQ(Member(2).peer_urls(0), "http://b:2");
  update.mutable_member_update()->set_peer_urls(0, "http://a:1");
  const ApplyOutput taken = Apply(raft::EntryType::kNormal, update.SerializeAsString());
  EXPECT_EQ(taken.results[0].status.message(), "etcdserver: Peer URLs already exists");
  EXPECT_EQ(Member(2).peer_urls(0), "http://b:2");
  update.mutable_member_update()->set_member_id(9);
  const ApplyOutput unknown = Apply(raft::EntryType::kNormal, update.SerializeAsString());
  EXPECT_EQ(unknown.results[0].status.code(), absl::StatusCode::kNotFound);
}

// Whatever sequence of configs the core lets through, with or without a context that fits.
TEST_F(MemberApplyTest, TableAndConfigNeverDisagree) {
  std::mt19937_64 random(1);
  ConfState conf{{{1}, {2}}, {}, {}, {}, false};
  std::vector<std::uint64_t> gone;
  std::uint64_t next_id = 3;
  int steps = 0;
  while (steps < 2000) {
    ConfState next;
    if (raft::IsJoint(conf)) {
      next = raft::LeaveJoint(conf);
    } else {
      std::vector<NodeId> voters;
      std::vector<NodeId> learners;
      std::vector<NodeId> all = conf.voters;
      all.insert(all.end(), conf.learners.begin(), conf.learners.end());
      if (random() % 3 == 0) all.push_back({next_id});
      std::sort(all.begin(), all.end());
      for (const NodeId node : all) {
        const std::uint64_t fate = random() % 8;
        if (fate == 0) continue;
        (fate < 5 ? voters : learners).push_back(node);
      }
      next = {voters, {}, learners, {}, false};
      if (!raft::IsValidSuccessor(conf, next)) {
        next = raft::EnterJoint(conf, voters, learners, random() % 2 == 0);
      }
    }
    if (!raft::IsValidSuccessor(conf, next)) continue;
    stelepb::Command change;
    if (random() % 2 == 0) {
      *change.mutable_member_add()->mutable_member() = Record(next_id, "http://n:1");
    }
    for (const auto& member : store_->View()->Members()) {
      if (!raft::IsMember(next, {member.id()})) gone.push_back(member.id());
    }
    ApplyConf(next, change);
    if (raft::IsMember(next, {next_id})) ++next_id;
    conf = next;
    if (++steps % 100 == 0) Open();

    const std::vector<stelepb::MemberRecord> members = store_->View()->Members();
    std::size_t count = 0;
    for (std::uint64_t id = 1; id < next_id; ++id) count += raft::IsMember(conf, {id}) ? 1 : 0;
    ASSERT_EQ(members.size(), count);
    for (const auto& member : members) {
      ASSERT_TRUE(raft::IsMember(conf, {member.id()}));
      ASSERT_EQ(member.is_learner(), !raft::IsVoter(conf, {member.id()}));
    }
    std::sort(gone.begin(), gone.end());
    ASSERT_EQ(store_->View()->RemovedMembers(), gone);
  }
}

}  // namespace
}  // namespace stele::storage
