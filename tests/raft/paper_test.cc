// One test per rule of "In Search of an Understandable Consensus Algorithm (Extended Version)" and
// of Ongaro's thesis, each naming its section. One node is fed with messages; what it answers is
// what counts.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <set>
#include <utility>
#include <variant>
#include <vector>

#include "src/raft/raw_node.h"
#include "tests/raft/test_node.h"

namespace stele::raft {
namespace {

constexpr NodeId kSelf{1};

class PaperTest : public ::testing::Test {
 protected:
  // Node 1 of three with `terms` as the terms of its log.
  void Start(std::vector<std::uint64_t> terms = {}, std::uint64_t term = 0) {
    Config config;
    config.id = kSelf;
    const ConfState conf{{NodeId{1}, NodeId{2}, NodeId{3}}, {}, {}, {}, false};
    node_ = std::make_unique<TestNode>(
        config, conf, [this](std::uint64_t bound) { return draw_ % bound; }, nullptr);
    std::vector<Entry> entries;
    for (std::size_t i = 0; i < terms.size(); ++i) {
      entries.push_back({{Index{i + 1}, Term{terms[i]}}, EntryType::kNormal, Payload("x")});
    }
    node_->log().Append(entries);
    const std::uint64_t log_term = terms.empty() ? 0 : terms.back();
    node_->log().SetHardState({Term{std::max(term, log_term)}, kNoNode, Index{0}});
    node_->Restart();
    Settle();
  }

  void StartLeader() {
    Start();
    raw().Campaign();
    Settle();
    Receive(2, 1, VoteResponse{true, true});
    Receive(2, 1, VoteResponse{true, false});
    ASSERT_TRUE(raw().IsLeader());
  }

  RawNode& raw() { return node_->raw(); }

  // Does all its duties; afterwards sent_ is what it sent since the last call.
  void Settle() {
    sent_.clear();
    while (raw().HasReady()) node_->RunReady(&sent_);
  }

  void Receive(std::uint64_t from, std::uint64_t term, MessageBody body) {
    raw().Step({NodeId{from}, kSelf, Term{term}, std::move(body)});
    Settle();
  }

  template <class Body>
  std::vector<Body> Sent() const {
    std::vector<Body> bodies;
    for (const Message& message : sent_) {
      if (const auto* body = std::get_if<Body>(&message.body)) bodies.push_back(*body);
    }
    return bodies;
  }

  static AppendEntries Append(EntryId prev, const std::vector<std::uint64_t>& terms,
                              std::uint64_t commit = 0) {
    AppendEntries append{prev, Index{commit}, {}};
    for (std::uint64_t term : terms) {
      const Index index{prev.index.value + append.entries.size() + 1};
      append.entries.push_back({{index, Term{term}}, EntryType::kNormal, Payload("x")});
    }
    return append;
  }

  std::vector<std::uint64_t> StoredTerms() const {
    std::vector<std::uint64_t> terms;
    for (const Entry& entry : node_->log().entries()) terms.push_back(entry.id.term.value);
    return terms;
  }

  std::uint64_t draw_ = 0;
  std::unique_ptr<TestNode> node_;
  std::vector<Message> sent_;
};

EntryId Id(std::uint64_t index, std::uint64_t term) { return {Index{index}, Term{term}}; }

// Section 5.1: "If one server's current term is smaller than the other's, then it updates its
// current term", and a leader or candidate "immediately reverts to follower state".
TEST_F(PaperTest, Section5_1_LeaderFollowsANewerTerm) {
  StartLeader();
  Receive(2, 5, AppendEntries{Id(0, 0), Index{0}, {}});
  EXPECT_FALSE(raw().IsLeader());
  EXPECT_EQ(raw().term(), Term{5});
  EXPECT_EQ(raw().leader(), NodeId{2});
}

// Section 5.1: a request with a stale term is rejected; the answer carries the newer term.
TEST_F(PaperTest, Section5_1_StaleTermIsRejected) {
  Start({1, 2});
  Receive(2, 1, Append(Id(2, 2), {1}));
  ASSERT_EQ(Sent<AppendResponse>().size(), 1U);
  EXPECT_TRUE(Sent<AppendResponse>().front().rejected);
  EXPECT_EQ(sent_.front().term, Term{2});
  EXPECT_EQ(StoredTerms(), (std::vector<std::uint64_t>{1, 2}));
}

// Section 5.2: timeouts are drawn at random from [T, 2T), for every attempt anew.
TEST_F(PaperTest, Section5_2_ElectionTimeoutsAreRandom) {
  std::set<int> seen;
  for (draw_ = 0; draw_ < 10; ++draw_) {
    Start();
    int ticks = 0;
    while (!raw().HasReady()) {
      raw().Tick();
      ++ticks;
    }
    seen.insert(ticks);
  }
  EXPECT_EQ(*seen.begin(), 10);
  EXPECT_EQ(*seen.rbegin(), 19);
  EXPECT_EQ(seen.size(), 10U);
}

// Section 5.2: at most one vote per term, first come, first served; the same candidate may ask
// twice.
TEST_F(PaperTest, Section5_2_OneVotePerTerm) {
  Start();
  Receive(2, 3, RequestVote{Id(0, 0)});
  EXPECT_TRUE(Sent<VoteResponse>().at(0).granted);
  Receive(3, 3, RequestVote{Id(9, 2)});
  EXPECT_FALSE(Sent<VoteResponse>().at(0).granted);
  Receive(2, 3, RequestVote{Id(0, 0)});
  EXPECT_TRUE(Sent<VoteResponse>().at(0).granted);
  node_->Crash();
  node_->Restart();
  Receive(3, 3, RequestVote{Id(9, 2)});
  EXPECT_FALSE(Sent<VoteResponse>().at(0).granted);
}

// Section 5.2: a candidate that hears from a legitimate leader of its term follows it.
TEST_F(PaperTest, Section5_2_CandidateFollowsTheLeaderOfItsTerm) {
  Start();
  raw().Campaign();
  Settle();
  Receive(2, 1, VoteResponse{true, true});
  EXPECT_EQ(raw().GetStatus().role, Role::kCandidate);
  Receive(3, 1, Heartbeat{Index{0}, 1});
  EXPECT_EQ(raw().GetStatus().role, Role::kFollower);
  EXPECT_EQ(raw().leader(), NodeId{3});
}

// Section 5.2: a leader sends heartbeats to keep its authority.
TEST_F(PaperTest, Section5_2_LeaderSendsHeartbeats) {
  StartLeader();
  raw().Tick();
  Settle();
  EXPECT_EQ(Sent<Heartbeat>().size(), 2U);
}

// Section 5.3, Figure 7: the consistency check of AppendEntries, and what happens to logs (a) to
// (f) when the leader of term 8 appends.
TEST_F(PaperTest, Section5_3_Figure7) {
  const std::vector<std::uint64_t> leader = {1, 1, 1, 4, 4, 5, 5, 6, 6, 6};
  const std::vector<std::vector<std::uint64_t>> logs = {
      {1, 1, 1, 4, 4, 5, 5, 6, 6},           // (a)
      {1, 1, 1, 4},                          // (b)
      {1, 1, 1, 4, 4, 5, 5, 6, 6, 6, 6},     // (c)
      {1, 1, 1, 4, 4, 5, 5, 6, 6, 6, 7, 7},  // (d)
      {1, 1, 1, 4, 4, 4, 4},                 // (e)
      {1, 1, 1, 2, 2, 2, 3, 3, 3, 3, 3},     // (f)
  };
  std::vector<std::uint64_t> expected = leader;
  expected.push_back(8);
  for (const std::vector<std::uint64_t>& log : logs) {
    Start(log, 7);
    EntryId prev = Id(10, 6);
    std::vector<std::uint64_t> entries = {8};
    int refusals = 0;
    for (;; ++refusals) {
      Receive(2, 8, Append(prev, entries));
      const AppendResponse answer = Sent<AppendResponse>().at(0);
      if (!answer.rejected) break;
      // The leader's rule: its last entry at or before the hint with at most the hint's term.
      std::uint64_t index = std::min<std::uint64_t>(answer.hint.index.value, 10);
      while (index > 0 && leader[index - 1] > answer.hint.term.value) --index;
      prev = index == 0 ? Id(0, 0) : Id(index, leader[index - 1]);
      entries.assign(expected.begin() + static_cast<std::ptrdiff_t>(index), expected.end());
      ASSERT_LT(refusals, 3);
    }
    EXPECT_EQ(StoredTerms(), expected);
    EXPECT_LE(refusals, 1);  // fewer than the terms that differ
  }
}

// Section 5.3, Figure 2: "If leaderCommit > commitIndex, set commitIndex = min(leaderCommit, index
// of last new entry)": not of the last entry that happens to be in the log.
TEST_F(PaperTest, Section5_3_FollowerCommitsOnlyWhatTheAppendShowed) {
  Start({1, 1, 1});
  Receive(2, 2, Append(Id(1, 1), {}, 3));
  EXPECT_EQ(raw().commit_index(), Index{1});
}

// Section 5.3: a leader commits its entry when a majority holds it, and tells the followers.
TEST_F(PaperTest, Section5_3_LeaderCommitsWithAMajority) {
  StartLeader();
  EXPECT_EQ(raw().commit_index(), Index{0});
  Receive(3, 1, AppendResponse{false, Index{1}, Index{0}, {}});
  EXPECT_EQ(raw().commit_index(), Index{1});
  ASSERT_FALSE(Sent<AppendEntries>().empty());
  EXPECT_EQ(Sent<AppendEntries>().back().leader_commit, Index{1});
}

// Section 5.4.1: the voter compares the last entries, the term first, then the length.
TEST_F(PaperTest, Section5_4_1_OnlyUpToDateCandidatesGetVotes) {
  struct Case {
    EntryId last;
    bool granted;
  };
  for (const Case& c : {Case{Id(3, 2), true}, Case{Id(4, 2), true}, Case{Id(1, 3), true},
                        Case{Id(2, 2), false}, Case{Id(9, 1), false}, Case{Id(0, 0), false}}) {
    Start({1, 2, 2});
    Receive(2, 5, RequestVote{c.last});
    EXPECT_EQ(Sent<VoteResponse>().at(0).granted, c.granted);
    Start({1, 2, 2});
    Receive(2, 5, RequestVote{c.last, true});
    EXPECT_EQ(Sent<VoteResponse>().at(0).granted, c.granted);
  }
}

// Section 5.4.2: "only log entries from the leader's current term are committed by counting
// replicas"; older ones come along.
TEST_F(PaperTest, Section5_4_2_OldTermsAreNotCommittedByCounting) {
  Start({1, 1});
  raw().Campaign();
  Settle();
  Receive(2, 2, VoteResponse{true, true});
  Receive(2, 2, VoteResponse{true, false});
  ASSERT_TRUE(raw().IsLeader());
  Receive(2, 2, AppendResponse{false, Index{2}, Index{0}, {}});
  EXPECT_EQ(raw().commit_index(), Index{0});
  Receive(2, 2, AppendResponse{false, Index{3}, Index{0}, {}});
  EXPECT_EQ(raw().commit_index(), Index{3});
}

// Section 8 and thesis section 6.4: a new leader appends an empty entry of its term.
TEST_F(PaperTest, Section8_NewLeaderAppendsAnEmptyEntry) {
  StartLeader();
  ASSERT_EQ(node_->log().entries().size(), 1U);
  EXPECT_TRUE(node_->log().entries().front().data.empty());
}

// Thesis section 6.2: a leader steps down when an election timeout passes without a round of
// heartbeats to a majority.
TEST_F(PaperTest, Thesis6_2_LeaderStepsDownWithoutAMajority) {
  StartLeader();
  for (int i = 0; i < 20; ++i) raw().Tick();
  EXPECT_FALSE(raw().IsLeader());
  EXPECT_EQ(raw().term(), Term{1});
}

// Thesis section 4.2.3: who hears from a leader ignores requests for votes, term and all.
TEST_F(PaperTest, Thesis4_2_3_VotersStickToALivingLeader) {
  Start();
  Receive(2, 1, Heartbeat{Index{0}, 1});
  Receive(3, 9, RequestVote{Id(5, 8)});
  EXPECT_TRUE(sent_.empty());
  EXPECT_EQ(raw().term(), Term{1});
  // Except for a transfer that the leader wants (section 3.10), or after a timeout.
  Receive(3, 9, RequestVote{Id(5, 8), false, true});
  EXPECT_TRUE(Sent<VoteResponse>().at(0).granted);
}

// Thesis section 9.6: granting a pre-vote changes nothing, neither term nor vote nor timer.
TEST_F(PaperTest, Thesis9_6_PreVoteChangesNothing) {
  Start({1});
  for (int i = 0; i < 9; ++i) raw().Tick();
  Receive(3, 2, RequestVote{Id(1, 1), true});
  EXPECT_TRUE(Sent<VoteResponse>().at(0).granted);
  EXPECT_EQ(raw().term(), Term{1});
  EXPECT_FALSE(node_->log().hard_state().vote == NodeId{3});
  raw().Tick();  // its own timer went on
  EXPECT_EQ(raw().GetStatus().role, Role::kPreCandidate);
}

// Messages that contradict what their sender must know are dropped, whoever sent them.
TEST_F(PaperTest, SenselessMessagesAreDropped) {
  Start({1, 1});
  AppendEntries gap = Append(Id(2, 1), {1, 1});
  gap.entries.back().id.index = Index{9};
  AppendEntries falling = Append(Id(2, 1), {2, 1});
  AppendEntries unborn = Append(Id(2, 1), {7});
  AppendEntries config = Append(Id(2, 1), {2});
  config.entries.back().type = EntryType::kConfChange;
  for (const AppendEntries& append : {gap, falling, unborn, config}) {
    Receive(2, 2, append);
    EXPECT_TRUE(sent_.empty());
    EXPECT_EQ(StoredTerms(), (std::vector<std::uint64_t>{1, 1}));
  }
  Receive(2, 2, Heartbeat{Index{50}, 1});
  EXPECT_TRUE(sent_.empty());
  Receive(2, 2, InstallSnapshot{{Id(10, 9), {}}});
  EXPECT_TRUE(sent_.empty());
  raw().Step({NodeId{2}, NodeId{3}, Term{9}, Heartbeat{Index{0}, 1}});
  raw().Step({kNoNode, kSelf, Term{9}, Heartbeat{Index{0}, 1}});
  EXPECT_EQ(raw().term(), Term{2});
}

}  // namespace
}  // namespace stele::raft
