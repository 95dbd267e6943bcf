// Broken promises are seen, kept ones are not complained about.
#include "tests/conformance/watch_judge.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <initializer_list>

namespace stele::conformance {
namespace {

using etcdserverpb::WatchResponse;
using testing::ElementsAre;
using testing::IsEmpty;

WatchResponse Told(std::int64_t header, std::initializer_list<std::int64_t> revisions) {
  WatchResponse response;
  response.mutable_header()->set_revision(header);
  for (const std::int64_t revision : revisions) {
    response.add_events()->mutable_kv()->set_mod_revision(revision);
  }
  return response;
}

WatchResponse Fragment(std::int64_t header, std::initializer_list<std::int64_t> revisions) {
  WatchResponse response = Told(header, revisions);
  response.set_fragment(true);
  return response;
}

TEST(WatchJudge, AcceptsWhatIsInOrder) {
  WatchJudge judge;
  EXPECT_THAT(judge.See(Told(5, {3, 4, 4, 5})), IsEmpty());
  judge.SeeProgress(6);
  EXPECT_THAT(judge.See(Told(8, {7})), IsEmpty());
}

TEST(WatchJudge, SeesRevisionsThatGoBack) {
  WatchJudge judge;
  EXPECT_THAT(judge.See(Told(5, {5})), IsEmpty());
  EXPECT_THAT(judge.See(Told(5, {4})), ElementsAre("revisions go back"));
}

TEST(WatchJudge, SeesARevisionThatIsSplit) {
  WatchJudge judge;
  EXPECT_THAT(judge.See(Told(5, {4, 5})), IsEmpty());
  EXPECT_THAT(judge.See(Told(5, {5})), ElementsAre("a revision was split"));
}

TEST(WatchJudge, SeesEventsThatAreNewerThanTheirHeader) {
  WatchJudge judge;
  EXPECT_THAT(judge.See(Told(4, {5})), ElementsAre("the header is older than its events"));
}

TEST(WatchJudge, SeesProgressThatRanAhead) {
  WatchJudge judge;
  judge.SeeProgress(5);
  EXPECT_THAT(judge.See(Told(5, {5})), ElementsAre("an event after progress said it was told"));
}

TEST(WatchJudge, LetsFragmentsSplitARevision) {
  WatchJudge judge(true);
  EXPECT_THAT(judge.See(Fragment(5, {5})), IsEmpty());
  EXPECT_TRUE(judge.in_pieces());
  EXPECT_THAT(judge.See(Told(5, {5})), IsEmpty());
  EXPECT_FALSE(judge.in_pieces());
  EXPECT_THAT(judge.See(Told(5, {5})), ElementsAre("a revision was split"));
}

TEST(WatchJudge, SeesFragmentsNobodyAskedFor) {
  WatchJudge judge;
  EXPECT_THAT(judge.See(Fragment(5, {5})), ElementsAre("fragments nobody asked for"));
}

TEST(WatchJudge, SeesThatTheLastFragmentIsMissing) {
  WatchJudge judge(true);
  EXPECT_THAT(judge.See(Fragment(5, {5})), IsEmpty());
  EXPECT_THAT(judge.See(Told(5, {})), ElementsAre("the last fragment is missing"));
}

TEST(CheckNextHeader, KnowsTheMember) {
  etcdserverpb::ResponseHeader before;
  before.set_cluster_id(1);
  before.set_member_id(2);
  before.set_raft_term(3);
  etcdserverpb::ResponseHeader header = before;
  header.set_raft_term(4);
  EXPECT_EQ(CheckNextHeader(before, header), "");
  header.set_raft_term(2);
  EXPECT_NE(CheckNextHeader(before, header), "");
  header = before;
  header.set_member_id(9);
  EXPECT_NE(CheckNextHeader(before, header), "");
  header = before;
  header.clear_cluster_id();
  EXPECT_NE(CheckNextHeader(before, header), "");
}

}  // namespace
}  // namespace stele::conformance
