#include "src/server/peer/codec.h"

#include <gtest/gtest.h>

#include "src/server/peer/member_ids.h"

namespace stele::server {
namespace {

using raft::EntryId;
using raft::Index;
using raft::NodeId;
using raft::Term;

raft::Message RoundTrip(const raft::MessageBody& body) {
  stelepb::RaftMessage wire;
  EncodeMessage({NodeId{1}, NodeId{2}, Term{3}, body}, &wire);
  stelepb::RaftMessage received;
  EXPECT_TRUE(received.ParseFromString(wire.SerializeAsString()));
  std::optional<raft::Message> message = DecodeMessage(received);
  EXPECT_TRUE(message.has_value());
  EXPECT_EQ(message->from, NodeId{1});
  EXPECT_EQ(message->to, NodeId{2});
  EXPECT_EQ(message->term, Term{3});
  EXPECT_EQ(message->body.index(), body.index());
  return *message;
}

TEST(CodecTest, EveryKindSurvivesTheWire) {
  const auto vote = std::get<raft::RequestVote>(
      RoundTrip(raft::RequestVote{{Index{9}, Term{2}}, true, true}).body);
  EXPECT_EQ(vote.last_entry, (EntryId{Index{9}, Term{2}}));
  EXPECT_TRUE(vote.pre_vote && vote.leader_transfer);

  const auto granted = std::get<raft::VoteResponse>(RoundTrip(raft::VoteResponse{true, true}).body);
  EXPECT_TRUE(granted.granted && granted.pre_vote);

  const raft::AppendEntries sent{
      {Index{4}, Term{1}},
      Index{3},
      {{{Index{5}, Term{1}}, raft::EntryType::kNormal, "a"},
       {{Index{6}, Term{2}}, raft::EntryType::kConfChange, std::string("\0b", 2)}}};
  const auto append = std::get<raft::AppendEntries>(RoundTrip(sent).body);
  EXPECT_EQ(append.prev_entry, sent.prev_entry);
  EXPECT_EQ(append.leader_commit, sent.leader_commit);
  EXPECT_EQ(append.entries, sent.entries);

  const auto answer = std::get<raft::AppendResponse>(
      RoundTrip(raft::AppendResponse{true, Index{1}, Index{2}, {Index{3}, Term{4}}}).body);
  EXPECT_TRUE(answer.rejected);
  EXPECT_EQ(answer.match_index, Index{1});
  EXPECT_EQ(answer.rejected_index, Index{2});
  EXPECT_EQ(answer.hint, (EntryId{Index{3}, Term{4}}));

  const auto heartbeat = std::get<raft::Heartbeat>(RoundTrip(raft::Heartbeat{Index{7}, 8}).body);
  EXPECT_EQ(heartbeat.leader_commit, Index{7});
  EXPECT_EQ(heartbeat.round, 8u);
  EXPECT_EQ(std::get<raft::HeartbeatResponse>(RoundTrip(raft::HeartbeatResponse{8}).body).round,
            8u);

  const raft::SnapshotMeta meta{
      {Index{10}, Term{3}}, {{NodeId{1}, NodeId{2}}, {NodeId{3}}, {NodeId{4}}, {NodeId{5}}, true}};
  EXPECT_EQ(std::get<raft::InstallSnapshot>(RoundTrip(raft::InstallSnapshot{meta}).body).meta,
            meta);

  EXPECT_EQ(std::get<raft::ReadIndexRequest>(RoundTrip(raft::ReadIndexRequest{5}).body).request_id,
            5u);
  const auto read =
      std::get<raft::ReadIndexResponse>(RoundTrip(raft::ReadIndexResponse{5, Index{6}, true}).body);
  EXPECT_EQ(read.read_index, Index{6});
  EXPECT_TRUE(read.rejected);
  RoundTrip(raft::TimeoutNow{});
  const auto forwarded =
      std::get<raft::ForwardedProposal>(RoundTrip(raft::ForwardedProposal{{"x", "y"}}).body);
  EXPECT_EQ(forwarded.data, (std::vector<raft::Payload>{"x", "y"}));
}

TEST(CodecTest, SenselessFramesAreRefused) {
  EXPECT_FALSE(DecodeMessage({}).has_value()) << "no body";

  stelepb::RaftMessage gap;
  gap.mutable_append_entries()->set_prev_log_index(4);
  gap.mutable_append_entries()->add_entries()->set_index(6);
  EXPECT_FALSE(DecodeMessage(gap).has_value());

  stelepb::RaftMessage backwards;
  backwards.mutable_append_entries()->set_prev_log_index(4);
  backwards.mutable_append_entries()->set_prev_log_term(3);
  backwards.mutable_append_entries()->add_entries()->set_index(5);
  backwards.mutable_append_entries()->mutable_entries(0)->set_term(2);
  EXPECT_FALSE(DecodeMessage(backwards).has_value());

  stelepb::RaftMessage strange;
  strange.mutable_append_entries()->add_entries()->set_index(1);
  strange.mutable_append_entries()->mutable_entries(0)->set_type(7);
  EXPECT_FALSE(DecodeMessage(strange).has_value());
}

TEST(MemberIdsTest, DependOnUrlsAndTokenButNotOnOrder) {
  const std::uint64_t id = MemberIdOf({"http://a:1", "http://b:1"}, "t");
  EXPECT_EQ(MemberIdOf({"http://b:1", "http://a:1"}, "t"), id);
  EXPECT_NE(MemberIdOf({"http://a:1", "http://b:1"}, "u"), id);
  EXPECT_NE(MemberIdOf({"http://a:1"}, "t"), id);
  EXPECT_EQ(ClusterIdOf({1, 2, 3}), ClusterIdOf({3, 1, 2}));
  EXPECT_NE(ClusterIdOf({1, 2, 3}), ClusterIdOf({1, 2}));
}

}  // namespace
}  // namespace stele::server
