#include "src/raft/conf_change.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <vector>

#include "src/raft/conf_history.h"

namespace stele::raft {
namespace {

std::vector<NodeId> Nodes(const std::vector<std::uint64_t>& values) {
  std::vector<NodeId> nodes;
  nodes.reserve(values.size());
  for (std::uint64_t value : values) nodes.push_back(NodeId{value});
  return nodes;
}

ConfState Simple(const std::vector<std::uint64_t>& voters,
                 const std::vector<std::uint64_t>& learners = {}) {
  return {Nodes(voters), {}, Nodes(learners), {}, false};
}

std::vector<NodeId> Subset(std::uint64_t bits, std::uint64_t ids) {
  std::vector<NodeId> nodes;
  for (std::uint64_t i = 0; i < ids; ++i) {
    if ((bits >> i & 1) != 0) nodes.push_back(NodeId{i + 1});
  }
  return nodes;
}

TEST(ConfStateTest, EncodingIsExact) {
  const ConfState joint{Nodes({1, 4, 1ULL << 63}), Nodes({1, 2, 3}), Nodes({7}), Nodes({2}), true};
  ASSERT_TRUE(IsValid(joint));
  const std::string bytes = EncodeConfState(joint);
  EXPECT_EQ(DecodeConfState(bytes), joint);
  // Neither a byte less nor one more, nor another version.
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_FALSE(DecodeConfState(bytes.substr(0, size)).has_value()) << size;
  }
  EXPECT_EQ(EncodeConfState(joint, "context"), bytes + "context");
  EXPECT_EQ(DecodeConfState(bytes + "context"), joint);
  EXPECT_EQ(DecodeConfContext(bytes + "context"), "context");
  EXPECT_EQ(DecodeConfContext(bytes), "");
  EXPECT_FALSE(DecodeConfContext(bytes.substr(1)).has_value());
  EXPECT_FALSE(DecodeConfState("\x02" + bytes.substr(1)).has_value());
}

TEST(ConfStateTest, UnsoundConfigsAreInvalid) {
  EXPECT_FALSE(IsValid(ConfState()));
  EXPECT_FALSE(IsValid(Simple({2, 1})));
  EXPECT_FALSE(IsValid(Simple({1, 1})));
  EXPECT_FALSE(IsValid(Simple({0, 1})));
  EXPECT_FALSE(IsValid(Simple({1, 2}, {2})));
  EXPECT_FALSE(IsValid({Nodes({1}), Nodes({2}), Nodes({2}), {}, false}));
  EXPECT_FALSE(IsValid({Nodes({1}), {}, {}, Nodes({2}), false}));
  EXPECT_FALSE(IsValid({Nodes({1, 2}), Nodes({2}), {}, Nodes({2}), false}));
  EXPECT_FALSE(IsValid({Nodes({1}), {}, {}, {}, true}));
  EXPECT_TRUE(IsValid({Nodes({1}), Nodes({2}), {}, Nodes({2}), true}));
}

TEST(ConfStateTest, JointConfigsBeginAndEndAsTheirHalvesSay) {
  const ConfState joint = EnterJoint(Simple({1, 2, 3}, {9}), Nodes({1, 4}), Nodes({3, 9}), true);
  EXPECT_EQ(joint, (ConfState{Nodes({1, 4}), Nodes({1, 2, 3}), Nodes({9}), Nodes({3}), true}));
  EXPECT_TRUE(IsValidSuccessor(Simple({1, 2, 3}, {9}), joint));
  EXPECT_EQ(LeaveJoint(joint), Simple({1, 4}, {3, 9}));
  EXPECT_TRUE(IsValidSuccessor(joint, LeaveJoint(joint)));
  EXPECT_FALSE(IsValidSuccessor(joint, Simple({1, 2})));
  EXPECT_FALSE(IsValidSuccessor(joint, joint));
}

bool IsQuorum(std::uint64_t chosen, std::uint64_t voters) {
  return 2 * __builtin_popcountll(chosen & voters) > __builtin_popcountll(voters);
}

// The purpose of the rules: whoever decides by `next` meets whoever decides by `current`. Every
// pair of configs of up to four voters, simple or joint.
TEST(ConfStateTest, MajoritiesOfSuccessorsMeet) {
  constexpr std::uint64_t kIds = 4;
  constexpr std::uint64_t kSubsets = 1 << kIds;
  std::uint64_t successors = 0;
  const auto check = [&](std::uint64_t in_a, std::uint64_t out_a, std::uint64_t in_b,
                         std::uint64_t out_b) {
    const ConfState a{Subset(in_a, kIds), Subset(out_a, kIds), {}, {}, false};
    const ConfState b{Subset(in_b, kIds), Subset(out_b, kIds), {}, {}, false};
    if (!IsValid(a) || !IsValidSuccessor(a, b)) return;
    ++successors;
    for (std::uint64_t chosen = 0; chosen < kSubsets; ++chosen) {
      const bool decides_a = IsQuorum(chosen, in_a) && (out_a == 0 || IsQuorum(chosen, out_a));
      const std::uint64_t others = ~chosen & (kSubsets - 1);
      const bool decides_b = IsQuorum(others, in_b) && (out_b == 0 || IsQuorum(others, out_b));
      ASSERT_FALSE(decides_a && decides_b) << in_a << "/" << out_a << " " << in_b << "/" << out_b;
    }
  };
  for (std::uint64_t in_a = 1; in_a < kSubsets; ++in_a) {
    for (std::uint64_t out_a = 0; out_a < kSubsets; ++out_a) {
      for (std::uint64_t in_b = 1; in_b < kSubsets; ++in_b) {
        for (std::uint64_t out_b = 0; out_b < kSubsets; ++out_b) check(in_a, out_a, in_b, out_b);
      }
    }
  }
  EXPECT_GT(successors, 400U);
}

TEST(ConfHistoryTest, UndoesAndForgets) {
  ConfHistory history(Index{0}, Simple({1}));
  history.Append(Index{5}, Simple({1, 2}));
  history.Append(Index{9}, Simple({1, 2, 3}));
  EXPECT_EQ(history.At(Index{4}), Simple({1}));
  EXPECT_EQ(history.At(Index{5}), Simple({1, 2}));
  EXPECT_EQ(history.At(Index{100}), Simple({1, 2, 3}));
  EXPECT_FALSE(history.TruncateFrom(Index{10}));
  EXPECT_TRUE(history.TruncateFrom(Index{9}));
  EXPECT_EQ(history.current(), Simple({1, 2}));
  EXPECT_EQ(history.current_index(), Index{5});
  history.CompactTo(Index{4});
  EXPECT_EQ(history.At(Index{4}), Simple({1}));
  history.CompactTo(Index{7});
  EXPECT_EQ(history.At(Index{7}), Simple({1, 2}));
  history.Reset(Index{20}, Simple({4}));
  EXPECT_EQ(history.current(), Simple({4}));
}

}  // namespace
}  // namespace stele::raft
