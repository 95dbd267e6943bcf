// An exhaustive check of a small model of what happens to a member that lost what it had promised
// (docs/repair.md). Three members, and the one that takes the place of a damaged one; a bounded
// number of terms and entries; every interleaving of campaigns, votes, appends, acknowledgements,
// commits, crashes and the damage, with messages that may be as late as they like.
//
// The model knows less than the core: a follower finds the point of agreement in one step, and a
// step of the model may be several messages. It keeps what safety rests on: terms, votes, logs,
// which acknowledgements a leader may count, and configs that hold from the moment of their append.
#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <deque>
#include <string>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "gtest/gtest.h"

namespace stele::raft {
namespace {

constexpr int kNodes = 4;    // three founders and the successor of a damaged one
constexpr int kDamaged = 0;  // the founders are alike, so it may be this one always
constexpr int kSuccessor = 3;
constexpr int kTermMax = 3;  // what a state has room for
constexpr int kLogMax = 4;
constexpr std::uint8_t kNobody = 7;

// What the damaged member does after the damage.
enum class Protocol : std::uint8_t {
  kReplace,             // dies; a successor with an id of its own takes its place
  kRejoin,              // goes on with an empty log and no memory of its votes
  kRejoinAfterCatchUp,  // the same, but takes part only once it has somebody's whole log
};

enum class Kind : std::uint8_t { kValue, kReplaceConf, kPromoteConf };

// Nodes, terms and lengths are small ints here.
template <class Array>
auto& At(Array& array, int i) {
  return array.at(static_cast<std::size_t>(i));
}

struct ModelEntry {
  std::uint8_t term = 0;  // 0: none
  Kind kind = Kind::kValue;

  friend bool operator==(const ModelEntry&, const ModelEntry&) = default;
};

struct Log {
  std::array<ModelEntry, kLogMax> entries;
  std::uint8_t size = 0;

  void Append(ModelEntry entry) { entries.at(size++) = entry; }
  std::uint8_t LastTerm() const { return size == 0 ? 0 : entries.at(size - 1U).term; }
  bool StartsWith(const Log& prefix, int length) const {
    if (size < length) return false;
    for (int i = 0; i < length; ++i) {
      if (At(entries, i) != At(prefix.entries, i)) return false;
    }
    return true;
  }
  void Truncate(int length) {
    while (size > length) entries.at(--size) = {};
  }
};

enum class ModelRole : std::uint8_t { kFollower, kCandidate, kLeader };

struct Node {
  Log log;
  std::uint8_t term = 0;
  std::uint8_t vote = kNobody;
  ModelRole role = ModelRole::kFollower;
  std::uint8_t votes = 0;                   // a candidate's, as bits
  std::array<std::uint8_t, kNodes> acks{};  // a leader's: how much each has acknowledged
  bool silent = false;                      // dead, or not yet allowed to take part
};

// Trivially copyable and without padding that differs: compared and hashed as bytes.
struct State {
  std::array<Node, kNodes> nodes;
  // What the leader of each term has sent at most: late appends carry a prefix of it.
  std::array<Log, kTermMax + 1> sent;
  std::array<std::uint8_t, kTermMax + 1> leader{kNobody, kNobody, kNobody, kNobody};
  Log committed;
  bool damaged = false;
};
static_assert(std::has_unique_object_representations_v<State>);

using Bytes = std::array<char, sizeof(State)>;

std::uint8_t VotersOf(const Log& log) {
  std::uint8_t voters = 0b0111;
  for (int i = 0; i < log.size; ++i) {
    if (At(log.entries, i).kind == Kind::kReplaceConf) voters = 0b0110;
    if (At(log.entries, i).kind == Kind::kPromoteConf) voters = 0b1110;
  }
  return voters;
}

bool IsMajority(std::uint8_t nodes, std::uint8_t voters) {
  return 2 * std::popcount(static_cast<unsigned>(nodes & voters)) >
         std::popcount(static_cast<unsigned>(voters));
}

bool Has(std::uint8_t nodes, int node) { return ((nodes >> node) & 1) != 0; }

struct Bounds {
  int terms = kTermMax;
  int entries = kLogMax;
};

class Explorer {
 public:
  Explorer(Protocol protocol, const Bounds& bounds) : protocol_(protocol), bounds_(bounds) {
    Visit(State());
  }

  // Walks through every state that can be reached, or up to the first violation.
  void Run() {
    while (!pending_.empty() && violation_.empty()) {
      State state;
      std::memcpy(&state, pending_.front().data(), sizeof(State));
      pending_.pop_front();
      for (int node = 0; node < kNodes && violation_.empty(); ++node) Steps(state, node);
      if (!state.damaged) Damage(state);
    }
  }

  const std::string& violation() const { return violation_; }
  std::size_t states() const { return seen_.size(); }
  bool reached_promotion() const { return reached_promotion_; }

 private:
  void Visit(const State& state) {
    Bytes bytes;
    std::memcpy(bytes.data(), &state, sizeof(State));
    // The two members that are never damaged are alike: of two mirrored states one is enough.
    const State mirrored = Mirrored(state);
    if (std::memcmp(&mirrored, &state, sizeof(State)) < 0) {
      std::memcpy(bytes.data(), &mirrored, sizeof(State));
    }
    if (seen_.insert(bytes).second) pending_.push_back(bytes);
  }

  static std::uint8_t MirroredId(std::uint8_t id) {
    return id == 1 || id == 2 ? static_cast<std::uint8_t>(3 - id) : id;
  }

  static State Mirrored(const State& state) {
    State mirrored = state;
    std::swap(mirrored.nodes[1], mirrored.nodes[2]);
    for (Node& node : mirrored.nodes) {
      node.vote = MirroredId(node.vote);
      std::swap(node.acks[1], node.acks[2]);
      const unsigned votes = node.votes;
      node.votes = static_cast<std::uint8_t>((votes & 0b1001U) | ((votes & 0b0010U) << 1U) |
                                             ((votes & 0b0100U) >> 1U));
    }
    for (std::uint8_t& leader : mirrored.leader) leader = MirroredId(leader);
    return mirrored;
  }

  void Steps(const State& state, int node) {
    if (At(state.nodes, node).silent) {
      if (protocol_ == Protocol::kRejoinAfterCatchUp && node == kDamaged) CatchUp(state);
      return;
    }
    Campaign(state, node);
    Win(state, node);
    AppendOwn(state, node);
    Commit(state, node);
    Crash(state, node);
    for (int other = 0; other < kNodes; ++other) Vote(state, node, other);
    for (int term = 1; term <= kTermMax; ++term) Receive(state, node, term);
  }

  static void StepDown(Node* node, std::uint8_t term) {
    if (term > node->term) {
      node->term = term;
      node->vote = kNobody;
    }
    node->role = ModelRole::kFollower;
    node->votes = 0;
    node->acks = {};
  }

  void Campaign(State state, int n) {
    Node& node = At(state.nodes, n);
    if (node.role == ModelRole::kLeader || node.term == bounds_.terms) return;
    if (!Has(VotersOf(node.log), n)) return;
    StepDown(&node, static_cast<std::uint8_t>(node.term + 1));
    node.role = ModelRole::kCandidate;
    node.vote = static_cast<std::uint8_t>(n);
    node.votes = static_cast<std::uint8_t>(1 << n);
    Visit(state);
  }

  // `voter` hears that `candidate` asks, at any time while it does.
  void Vote(State state, int voter, int candidate) {
    const Node asking = At(state.nodes, candidate);
    Node& node = At(state.nodes, voter);
    if (voter == candidate || asking.role != ModelRole::kCandidate) return;
    if (asking.silent || node.term > asking.term) return;
    if (node.term == asking.term && node.vote != kNobody) return;
    const bool up_to_date =
        asking.log.LastTerm() > node.log.LastTerm() ||
        (asking.log.LastTerm() == node.log.LastTerm() && asking.log.size >= node.log.size);
    if (!up_to_date) return;
    StepDown(&node, asking.term);
    node.vote = static_cast<std::uint8_t>(candidate);
    // The candidate may count it at any later time, whatever becomes of the voter.
    At(state.nodes, candidate).votes |= static_cast<std::uint8_t>(1 << voter);
    Visit(state);
  }

  void Win(State state, int n) {
    Node& node = At(state.nodes, n);
    if (node.role != ModelRole::kCandidate) return;
    if (!IsMajority(node.votes, VotersOf(node.log))) return;
    if (state.leader.at(node.term) != kNobody) return Violate("two leaders in a term");
    // What a later term has committed, a late winner of an earlier one need not have.
    if (state.committed.LastTerm() < node.term &&
        !node.log.StartsWith(state.committed, state.committed.size)) {
      return Violate("a leader without a committed entry");
    }
    node.role = ModelRole::kLeader;
    node.votes = 0;
    state.leader.at(node.term) = static_cast<std::uint8_t>(n);
    state.sent.at(node.term) = node.log;
    Visit(state);
  }

  void AppendOwn(const State& state, int n) {
    const Node& node = At(state.nodes, n);
    if (node.role != ModelRole::kLeader || node.log.size == bounds_.entries) return;
    AppendOwn(state, n, Kind::kValue);
    // A config needs a commit of the leader's own term, and no other config may be under way.
    const bool own_commit = state.committed.LastTerm() == node.term;
    const bool settled = VotersOf(state.committed) == VotersOf(node.log);
    if (protocol_ != Protocol::kReplace || !state.damaged || !own_commit || !settled) return;
    const std::uint8_t voters = VotersOf(node.log);
    if (voters == 0b0111) AppendOwn(state, n, Kind::kReplaceConf);
    if (voters == 0b0110) AppendOwn(state, n, Kind::kPromoteConf);
  }

  void AppendOwn(State state, int n, Kind kind) {
    Node& node = At(state.nodes, n);
    node.log.Append({node.term, kind});
    state.sent.at(node.term) = node.log;
    Visit(state);
  }

  // Gets an append of the leader of `term`, new or late, that reaches up to any index.
  void Receive(const State& state, int n, int term) {
    const int leader = At(state.leader, term);
    if (leader == kNobody || leader == n || At(state.nodes, n).term > term) return;
    const Log& sent = At(state.sent, term);
    if (n == kSuccessor && VotersOf(sent) == 0b0111) return;  // nobody knows it yet
    for (int length = 1; length <= sent.size; ++length) {
      State next = state;
      Node& node = At(next.nodes, n);
      StepDown(&node, static_cast<std::uint8_t>(term));
      TakeOver(sent, length, &node.log);
      // The leader may count the acknowledgement at any later time while it still leads.
      Node& leading = At(next.nodes, leader);
      if (leading.role == ModelRole::kLeader && leading.term == term) {
        At(leading.acks, n) = std::max(At(leading.acks, n), static_cast<std::uint8_t>(length));
      }
      Visit(next);
    }
  }

  static void TakeOver(const Log& sent, int length, Log* log) {
    if (log->StartsWith(sent, length)) return;
    int agreed = 0;
    while (agreed < log->size && agreed < length &&
           At(log->entries, agreed) == At(sent.entries, agreed)) {
      ++agreed;
    }
    log->Truncate(agreed);
    while (log->size < length) log->Append(sent.entries.at(log->size));
  }

  void Commit(State state, int n) {
    Node& node = At(state.nodes, n);
    if (node.role != ModelRole::kLeader) return;
    const std::uint8_t voters = VotersOf(node.log);
    for (int length = node.log.size; length > 0; --length) {
      if (node.log.entries.at(static_cast<std::size_t>(length - 1)).term != node.term) return;
      auto holders = static_cast<std::uint8_t>(1 << n);
      for (int other = 0; other < kNodes; ++other) {
        if (At(node.acks, other) >= length) holders |= static_cast<std::uint8_t>(1 << other);
      }
      if (!IsMajority(holders, voters)) continue;
      if (!node.log.StartsWith(state.committed, std::min<int>(length, state.committed.size))) {
        return Violate("two entries committed at one index");
      }
      if (length <= state.committed.size) return;
      state.committed = node.log;
      state.committed.Truncate(length);
      reached_promotion_ |= VotersOf(state.committed) == 0b1110;
      return Visit(state);
    }
  }

  void Crash(State state, int n) {
    Node& node = At(state.nodes, n);
    if (node.role == ModelRole::kFollower) return;
    StepDown(&node, node.term);
    Visit(state);
  }

  void Damage(State state) {
    state.damaged = true;
    Node& node = At(state.nodes, kDamaged);
    node = Node();
    node.silent = protocol_ != Protocol::kRejoin;
    Visit(state);
  }

  // Takes over all that somebody who leads, or believes to lead, has.
  void CatchUp(const State& state) {
    for (int leader = 0; leader < kNodes; ++leader) {
      const Node& leading = At(state.nodes, leader);
      if (leading.silent || leading.role != ModelRole::kLeader) continue;
      State next = state;
      Node& node = At(next.nodes, kDamaged);
      node.silent = false;
      node.term = leading.term;
      node.log = leading.log;
      Visit(next);
    }
  }

  void Violate(const char* what) { violation_ = what; }

  const Protocol protocol_;
  const Bounds bounds_;
  absl::flat_hash_set<Bytes> seen_;
  std::deque<Bytes> pending_;
  std::string violation_;
  bool reached_promotion_ = false;
};

void ExpectSafe(const Bounds& bounds, std::size_t* states) {
  Explorer explorer(Protocol::kReplace, bounds);
  explorer.Run();
  EXPECT_EQ(explorer.violation(), "");
  EXPECT_TRUE(explorer.reached_promotion());
  *states = explorer.states();
}

TEST(ReplacementModelTest, ReplacingADamagedMemberIsSafeInEveryInterleaving) {
  std::size_t states = 0;
  ExpectSafe({.terms = 2, .entries = 4}, &states);
  std::printf("2 terms, 4 entries: %zu states\n", states);
}

// A minute and 3 GB: not with every build.
TEST(ReplacementModelTest, DISABLED_ThreeTerms) {
  std::size_t states = 0;
  ExpectSafe({.terms = 3, .entries = 3}, &states);
  std::printf("3 terms, 3 entries: %zu states\n", states);
}

// The model can fail: what looks simpler is wrong.
TEST(ReplacementModelTest, RejoiningWithoutMemoryIsNotSafe) {
  Explorer explorer(Protocol::kRejoin, {});
  explorer.Run();
  EXPECT_NE(explorer.violation(), "");
}

TEST(ReplacementModelTest, RejoiningAfterCatchingUpWithSomeLeaderIsNotSafe) {
  Explorer explorer(Protocol::kRejoinAfterCatchUp, {});
  explorer.Run();
  EXPECT_NE(explorer.violation(), "");
}

}  // namespace
}  // namespace stele::raft
