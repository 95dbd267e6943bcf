// A bug that the simulator found (seed 871): a pass that took a snapshot from the leader and then a
// request to release the log up to an earlier index asked the core for the config at that index,
// which the snapshot had just replaced, and ended the process.

#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "src/raft/raw_node.h"
#include "src/server/proposals.h"
#include "src/server/raft_loop.h"
#include "src/server/reads.h"
#include "src/storage/log_store.h"
#include "tests/sim/sim_file_system.h"

namespace stele::server {
namespace {

class StoppedClock final : public Clock {
 public:
  absl::Duration Now() const override { return absl::Hours(1); }
};

class NoTransport final : public Transport {
 public:
  void Send(std::vector<raft::Message> /*messages*/) override {}
};

constexpr raft::NodeId kSelf{1};
constexpr raft::NodeId kLeader{2};
constexpr raft::Term kTerm{1};

// A follower with one room's worth of everything around it.
class FollowerTest : public ::testing::Test {
 protected:
  FollowerTest() {
    auto log = storage::LogStore::Create(&files_, "/log", {7, kSelf.value},
                                         {raft::EntryId{}, conf_}, storage::LogStoreOptions{})
                   .value();
    log_ = log.get();
    raft::Config config;
    config.id = kSelf;
    auto node = std::make_unique<raft::RawNode>(config, *log, log->hard_state(), conf_,
                                                raft::Index{}, [](std::uint64_t) { return 0; });
    RaftLoop::Outputs outputs;
    outputs.apply = [this](ApplyWork work) { work_.push_back(std::move(work)); };
    outputs.role_changed = [](const RaftLoop::RoleChange&) {};
    outputs.fail_stop = [](const absl::Status& status) { ADD_FAILURE() << status; };
    loop_ = std::make_unique<RaftLoop>(RaftLoop::Options{.catch_up_entries = 0}, std::move(node),
                                       std::move(log), &transport_, &proposals_, &reads_, &clock_,
                                       std::move(outputs));
  }

  void PostFromLeader(raft::MessageBody body) {
    std::vector<raft::Message> messages;
    messages.push_back({kLeader, kSelf, kTerm, std::move(body)});
    loop_->Post(PeerInput{std::move(messages)});
  }

  const raft::ConfState conf_{.voters = {kSelf, kLeader, raft::NodeId{3}},
                              .voters_outgoing = {},
                              .learners = {},
                              .learners_next = {},
                              .auto_leave = false};
  StoppedClock clock_;
  NoTransport transport_;
  Proposals proposals_{{}, &clock_, 1};
  Reads reads_{{}, &clock_, [] { return Reads::View(); }};
  sim::SimFileSystem files_{1};
  std::vector<ApplyWork> work_;
  const storage::LogStore* log_ = nullptr;  // the loop's
  std::unique_ptr<RaftLoop> loop_;
};

TEST_F(FollowerTest, DropsAReleaseThatASnapshotHasOvertaken) {
  raft::AppendEntries append;
  for (std::uint64_t i = 1; i <= 5; ++i) {
    append.entries.push_back({{raft::Index{i}, kTerm}, raft::EntryType::kNormal, "x"});
  }
  append.leader_commit = raft::Index{5};
  PostFromLeader(append);
  ASSERT_TRUE(loop_->RunOnce());
  ASSERT_EQ(log_->last_index(), raft::Index{5});
  loop_->RunOnce();
  loop_->Post(AppliedInput{raft::Index{5}});

  const raft::SnapshotMeta snapshot{{raft::Index{20}, kTerm}, conf_};
  PostFromLeader(raft::InstallSnapshot{snapshot});
  loop_->Post(ReleaseInput{{raft::Index{3}, kTerm}});
  ASSERT_TRUE(loop_->RunOnce());
  EXPECT_EQ(log_->first_index(), raft::Index{21});
  EXPECT_EQ(log_->LatestSnapshot(), snapshot);
}

TEST_F(FollowerTest, NamesNoStateThatASnapshotHasReplaced) {
  const raft::SnapshotMeta snapshot{{raft::Index{20}, kTerm}, conf_};
  PostFromLeader(raft::InstallSnapshot{snapshot});
  int asked = 0;
  loop_->Post(NodeInput{[&](const raft::RawNode& node) {
    ++asked;
    EXPECT_FALSE(SnapshotMetaAt(node, {raft::Index{19}, kTerm}));
    EXPECT_EQ(SnapshotMetaAt(node, snapshot.last), snapshot);
  }});
  ASSERT_TRUE(loop_->RunOnce());
  EXPECT_EQ(asked, 1);
}

}  // namespace
}  // namespace stele::server
