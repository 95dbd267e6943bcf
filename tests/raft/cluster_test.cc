// A randomised cluster: messages are lost, repeated and reordered, nodes crash between taking a
// Ready and persisting it, logs are released, configs change. Checked from outside: one leader per
// term, equal logs where index and term agree, one history of committed entries, no stale read.
// One seed decides everything.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "src/raft/conf_change.h"
#include "src/raft/describe.h"
#include "tests/raft/test_node.h"

namespace stele::raft {
namespace {

constexpr std::uint64_t kNodes = 5;        // three voters at first
constexpr std::size_t kNetworkMax = 2000;  // then the oldest message is lost

struct Faults {
  int loss_percent = 0;
  int repeat_percent = 0;
  int crash_per_mille = 0;
  bool partitions = false;
  bool membership = false;
  bool storm = false;  // everybody campaigns all the time
};

class RandomCluster final : public TraceSink {
 public:
  RandomCluster(std::uint64_t seed, Mutation mutation) : chance_(seed), mutation_(mutation) {
    faults_.loss_percent = static_cast<int>(Draw(25));
    faults_.repeat_percent = static_cast<int>(Draw(25));
    faults_.crash_per_mille = static_cast<int>(Draw(12));
    faults_.partitions = Draw(2) == 0;
    faults_.membership = Draw(2) == 0;
    faults_.storm = Draw(3) == 0;
    if (mutation != Mutation::kNone) {  // where planted bugs hurt most
      faults_.storm = true;
      faults_.crash_per_mille = 40;
      faults_.loss_percent = static_cast<int>(Draw(10));
      faults_.membership = false;
    }
    const ConfState conf{{NodeId{1}, NodeId{2}, NodeId{3}}, {}, {}, {}, false};
    for (std::uint64_t id = 1; id <= kNodes; ++id) {
      AddNode(NodeId{id}, id <= 3 ? conf : ConfState());
    }
  }

  // Empty while nothing was ever wrong.
  const std::string& violation() const { return violation_; }
  std::size_t committed() const { return canon_.size(); }
  std::size_t reads_served() const { return reads_served_; }
  std::size_t snapshots() const { return snapshots_; }
  std::size_t conf_changes() const { return conf_changes_; }

  void RunFaulty(int steps) {
    for (int i = 0; i < steps && violation_.empty(); ++i) {
      if (Draw(100) < 3) Disturb();
      OneStep();
    }
  }

  // Without faults the cluster must agree on a new entry soon.
  bool Recovers() {
    faults_ = Faults();
    cut_.clear();
    for (auto& node : nodes_) {
      if (!node->IsUp()) Restart(*node);
      node->HoldApply(false);
    }
    const std::size_t before = canon_.size();
    for (int i = 0; i < 60'000 && violation_.empty(); ++i) {
      OneStep();
      is_quiet_ = canon_.size() > before + 20;
      if (is_quiet_ && i % 100 == 0 && AllVotersAgree()) return true;
    }
    return false;
  }

  // For the report of a failure.
  std::string Describe() const {
    std::string text;
    for (const auto& node : nodes_) {
      if (!node->IsUp()) continue;
      const Status status = node->raw().GetStatus();
      text += std::to_string(node->id().value) + ": " + raft::Describe(status.role) +
              " term=" + std::to_string(status.hard_state.term.value) +
              " leader=" + std::to_string(status.leader.value) +
              " last=" + std::to_string(status.last_index.value) +
              " commit=" + std::to_string(status.hard_state.commit.value) +
              " applied=" + std::to_string(status.applied_index.value) + " " +
              raft::Describe(status.conf_state) + "\n";
      for (const auto& peer : status.peers) {
        text += "   " + std::to_string(peer.id.value) + " " + raft::Describe(peer.progress) +
                " match=" + std::to_string(peer.match_index.value) +
                " next=" + std::to_string(peer.next_index.value) + "\n";
      }
    }
    return text;
  }

  void On(NodeId node, const TraceEvent& event) override {
    if (const auto* leader = std::get_if<BecameLeader>(&event)) {
      const auto [known, is_new] = leaders_.emplace(leader->term, node);
      if (!is_new && known->second != node) Violate("two leaders in term", leader->term.value);
      new_leaders_.push_back(node);
    }
    if (std::holds_alternative<SnapshotRestored>(event)) ++snapshots_;
    if (std::holds_alternative<ConfigChanged>(event)) ++conf_changes_;
  }

 private:
  std::uint64_t Draw(std::uint64_t bound) { return chance_() % bound; }
  TestNode& AnyNode() { return *nodes_[Draw(nodes_.size())]; }

  void Violate(const std::string& what, std::uint64_t where) {
    if (violation_.empty()) violation_ = what + " " + std::to_string(where);
  }

  void AddNode(NodeId id, const ConfState& conf) {
    Config config;
    config.id = id;
    config.election_timeout_ticks = 5;
    config.append_bytes_max =
        mutation_ == Mutation::kNone ? 40 : 1;  // several messages for a few entries
    config.inflight_appends_max = 4;
    config.applying_bytes_max = 60;
    config.uncommitted_bytes_max = 2000;
    config.mutation = mutation_;
    nodes_.push_back(std::make_unique<TestNode>(
        config, conf, [this](std::uint64_t bound) { return Draw(bound); }, this));
    seen_.push_back(0);
  }

  void OneStep() {
    CheckNewLeaders();
    const std::uint64_t dice = Draw(100);
    TestNode& node = AnyNode();
    if (!node.IsUp()) {
      if (Draw(faults_.storm ? 3 : 15) == 0) Restart(node);
      return;
    }
    // The transport tells sooner or later that a snapshot did not arrive.
    if (Draw(500) == 0) node.raw().ReportSnapshot(NodeId{1 + Draw(kNodes)}, false);
    if (dice < 12) {
      node.raw().Tick();
    } else if (dice < 45 || (dice >= 90 && is_quiet_)) {
      Work(node);
    } else if (dice < 90) {
      DeliverOne();
    } else if (dice < 97) {
      std::ignore = node.raw().Propose(Payload("v" + std::to_string(++proposals_)));
    } else {
      Read(node);
    }
  }

  // Takes or persists, so that inputs arrive in between.
  void Work(TestNode& node) {
    std::vector<Message> sent;
    if (node.HasTaken()) {
      node.Persist(&sent);
    } else if (node.raw().HasReady()) {
      node.Take(&sent);
      if (Draw(3) == 0) {
        node.Persist(&sent);
      } else if (static_cast<int>(Draw(500)) < faults_.crash_per_mille) {
        node.Crash();  // its early messages are out, its entries and its vote are lost
      }
    }
    Send(std::move(sent));
    if (!node.IsUp()) return;
    if (faults_.storm && Draw(2000) < static_cast<std::uint64_t>(faults_.crash_per_mille)) {
      CheckApplied(node);
      return node.Crash();  // what it promised is out, and must be known after the restart
    }
    CheckApplied(node);
    CheckReads(node);
  }

  void Send(std::vector<Message> sent) {
    for (Message& message : sent) {
      if (static_cast<int>(Draw(100)) < faults_.loss_percent) continue;
      if (static_cast<int>(Draw(100)) < faults_.repeat_percent) network_.push_back(message);
      network_.push_back(std::move(message));
    }
    if (network_.size() > kNetworkMax) {
      network_.erase(network_.begin(),
                     network_.begin() + static_cast<std::ptrdiff_t>(network_.size() - kNetworkMax));
    }
  }

  void DeliverOne() {
    if (network_.empty()) return;
    // Mostly the oldest, so that there is progress; else any.
    const bool is_slow = faults_.storm && Draw(2) == 0;
    if (is_slow && Draw(2) == 0) return;
    const std::size_t at = is_slow || Draw(4) == 0 ? Draw(network_.size()) : 0;
    Message message = std::move(network_[at]);
    network_.erase(network_.begin() + static_cast<std::ptrdiff_t>(at));
    if (cut_.contains(message.from) != cut_.contains(message.to)) return;
    TestNode& node = *nodes_[message.to.value - 1];
    if (node.IsUp()) node.raw().Step(std::move(message));
  }

  void Disturb() {
    TestNode& node = AnyNode();
    if (faults_.partitions && Draw(10) == 0) {
      cut_.clear();
      if (Draw(2) == 0) cut_.insert(NodeId{1 + Draw(kNodes)});
      if (Draw(2) == 0) cut_.insert(NodeId{1 + Draw(kNodes)});
    }
    if (!node.IsUp()) return;
    if (faults_.storm && Draw(3) == 0) {
      cut_.clear();
      if (Draw(2) == 0) cut_.insert(NodeId{1 + Draw(3)});
    }
    if (faults_.storm && Draw(2) == 0) return node.raw().Campaign();
    if (static_cast<int>(Draw(1000)) < faults_.crash_per_mille * 10) {
      node.Crash();
      return;
    }
    switch (Draw(6)) {
      case 0:
        if (!node.HasTaken()) node.log().Compact(node.raw().GetStatus().applied_index);
        break;
      case 1:
        node.raw().ReportUnreachable(NodeId{1 + Draw(kNodes)});
        break;
      case 2:
        if (Draw(4) == 0) node.raw().TransferLeader(NodeId{1 + Draw(kNodes)});
        break;
      case 3:
        if (faults_.membership) ChangeConf(node);
        break;
      case 4:
        node.HoldApply(Draw(2) == 0);
        break;
      default:
        node.raw().ReportSnapshot(NodeId{1 + Draw(kNodes)}, Draw(2) == 0);
    }
  }

  void Restart(TestNode& node) {
    node.Restart();
    node.HoldApply(false);
    seen_[node.id().value - 1] = 0;
  }

  void ChangeConf(TestNode& node) {
    const ConfState now = node.raw().GetStatus().conf_state;
    ConfState next;
    if (IsJoint(now)) {
      next = LeaveJoint(now);
    } else {
      std::vector<NodeId> voters;
      std::vector<NodeId> learners;
      for (std::uint64_t id = 1; id <= kNodes; ++id) {
        const std::uint64_t dice = Draw(4);
        if (dice < 2) voters.push_back(NodeId{id});
        if (dice == 2) learners.push_back(NodeId{id});
      }
      next = EnterJoint(now, voters, learners, Draw(2) == 0);
    }
    std::ignore = node.raw().ProposeConfState(next);
  }

  void Read(TestNode& node) {
    reads_[++read_ids_] = canon_.empty() ? Index{0} : canon_.rbegin()->first;
    std::ignore = node.raw().ReadIndex(read_ids_);
  }

  // Leader Completeness (Raft paper Figure 3): whoever wins has everything that was committed. Its
  // log was durable with the vote for itself.
  void CheckNewLeaders() {
    for (NodeId id : std::exchange(new_leaders_, {})) {
      const MemoryLog& log = nodes_[id.value - 1]->log();
      for (auto entry = canon_.lower_bound(log.first_index()); entry != canon_.end(); ++entry) {
        Term term;
        const LogReadStatus status = log.TermAt(entry->first, &term);
        if (status != LogReadStatus::kOk || term != entry->second.id.term) {
          Violate("a leader lacks committed index", entry->first.value);
        }
      }
    }
  }

  // A read must see what had been applied anywhere when it was asked.
  void CheckReads(TestNode& node) {
    for (const ReadState& read : node.TakeReadStates()) {
      if (read.rejected) continue;
      ++reads_served_;
      if (read.read_index < reads_.at(read.request_id)) Violate("stale read", read.request_id);
    }
  }

  // State Machine Safety (Raft paper Figure 3): there is one history. Log Matching is checked on
  // the fly: whatever is applied must be what the log of the node says.
  void CheckApplied(TestNode& node) {
    std::size_t& seen = seen_[node.id().value - 1];
    for (; seen < node.applied().size(); ++seen) {
      const Entry& entry = node.applied()[seen];
      const auto [known, is_new] = canon_.emplace(entry.id.index, entry);
      if (!is_new && !(known->second == entry)) {
        Violate("two entries at index", entry.id.index.value);
      }
      if (is_new) CheckLogs(entry);
    }
  }

  // Whoever has an entry of this index and term has this entry (Log Matching).
  void CheckLogs(const Entry& committed) {
    for (const auto& node : nodes_) {
      for (const Entry& entry : node->log().entries()) {
        if (entry.id == committed.id && !(entry == committed)) {
          Violate("logs differ at index", entry.id.index.value);
        }
      }
    }
  }

  bool AllVotersAgree() const {
    NodeId leader;
    for (const auto& node : nodes_) {
      if (node->raw().IsLeader()) leader = node->id();
    }
    if (leader == kNoNode) return false;
    const Status status = nodes_[leader.value - 1]->raw().GetStatus();
    if (IsJoint(status.conf_state) && status.conf_state.auto_leave) return false;
    for (NodeId voter : status.conf_state.voters) {
      const Status other = nodes_[voter.value - 1]->raw().GetStatus();
      if (other.applied_index != status.last_index) return false;
    }
    return true;
  }

  std::mt19937_64 chance_;
  Mutation mutation_;
  Faults faults_;
  std::vector<std::unique_ptr<TestNode>> nodes_;  // node n is at n - 1
  std::vector<std::size_t> seen_;                 // how many of its applied entries are checked
  std::vector<Message> network_;
  std::set<NodeId> cut_;  // these hear only each other
  std::map<Term, NodeId> leaders_;
  std::vector<NodeId> new_leaders_;       // not yet checked
  std::map<Index, Entry> canon_;          // everything that was ever applied
  std::map<std::uint64_t, Index> reads_;  // what each must see
  std::uint64_t read_ids_ = 0;
  std::uint64_t proposals_ = 0;
  std::size_t reads_served_ = 0;
  std::size_t snapshots_ = 0;
  std::size_t conf_changes_ = 0;
  bool is_quiet_ = false;  // nobody proposes or reads any more
  std::string violation_;
};

// STELE_SEEDS asks for more.
std::uint64_t Seeds() {
  const char* seeds = std::getenv("STELE_SEEDS");
  return seeds == nullptr ? 150 : std::stoull(seeds);
}

constexpr int kSteps = 12'000;

TEST(RandomClusterTest, StaysSafeAndRecovers) {
  const std::uint64_t seeds = Seeds();
  std::size_t committed = 0;
  std::size_t reads = 0;
  std::size_t snapshots = 0;
  std::size_t conf_changes = 0;
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    RandomCluster cluster(seed, Mutation::kNone);
    cluster.RunFaulty(kSteps);
    ASSERT_EQ(cluster.violation(), "");
    ASSERT_TRUE(cluster.Recovers()) << cluster.violation() << cluster.Describe();
    committed += cluster.committed();
    reads += cluster.reads_served();
    snapshots += cluster.snapshots();
    conf_changes += cluster.conf_changes();
  }
  // A test that reaches nothing proves nothing.
  EXPECT_GT(committed, seeds * 50);
  EXPECT_GT(reads, seeds);
  EXPECT_GT(snapshots, seeds / 10);
  EXPECT_GT(conf_changes, seeds);
  std::printf("committed=%zu reads=%zu snapshots=%zu conf_changes=%zu\n", committed, reads,
              snapshots, conf_changes);
}

// The checks above would notice: each planted bug is found.
class MutationTest : public ::testing::TestWithParam<Mutation> {};

TEST_P(MutationTest, IsFound) {
  for (std::uint64_t seed = 1; seed <= 3000; ++seed) {
    RandomCluster cluster(seed, GetParam());
    cluster.RunFaulty(kSteps);
    if (!cluster.violation().empty()) {
      std::printf("seed %d: %s\n", static_cast<int>(seed), cluster.violation().c_str());
      return;
    }
  }
  FAIL() << "no seed found the planted bug";
}

INSTANTIATE_TEST_SUITE_P(PlantedBugs, MutationTest,
                         ::testing::Values(Mutation::kCommitOldTerm, Mutation::kAckBeforePersist,
                                           Mutation::kVoteBeforePersist,
                                           Mutation::kVoteNotPersisted));

}  // namespace
}  // namespace stele::raft
