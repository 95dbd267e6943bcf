// The suite's own judgement: what it takes for equal and what not.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "proto/rpc.pb.h"
#include "tests/conformance/expansion.h"
#include "tests/conformance/http_check.h"
#include "tests/conformance/message_match.h"
#include "tests/conformance/program_generator.h"
#include "tests/conformance/program_shrink.h"
#include "tests/conformance/watch_expectation.h"

namespace stele::conformance {
namespace {

using etcdserverpb::RangeResponse;
using testing::ElementsAre;
using testing::IsEmpty;

RangeResponse SomeAnswer() {
  RangeResponse answer;
  answer.mutable_header()->set_cluster_id(9);
  answer.mutable_header()->set_revision(12);
  mvccpb::KeyValue* kv = answer.add_kvs();
  kv->set_key("k1/a");
  kv->set_value("v");
  kv->set_mod_revision(11);
  answer.set_count(1);
  return answer;
}

Bindings SomeBindings() {
  Bindings bindings;
  bindings.prefix = "k1/";
  bindings.base = 10;
  return bindings;
}

std::vector<std::string> Match(const std::string& expected, Strictness strictness) {
  Bindings bindings = SomeBindings();
  return MatchMessage(expected, SomeAnswer(), strictness, &bindings).value();
}

TEST(Matching, AcceptsTheSame) {
  EXPECT_THAT(
      Match(R"(header { revision: @+2 } kvs { key: "~a" value: "v" mod_revision: @+1 } count: 1)",
            Strictness::kExact),
      IsEmpty());
}

TEST(Matching, IgnoresTheRestOfTheHeader) {
  EXPECT_THAT(
      Match(R"(kvs { key: "~a" value: "v" mod_revision: 11 } count: 1)", Strictness::kExact),
      IsEmpty());
}

TEST(Matching, SeesEveryField) {
  EXPECT_THAT(
      Match(R"(kvs { key: "~a" value: "w" mod_revision: @+1 } count: 1)", Strictness::kExact),
      ElementsAre(R"(kvs[0].value: expected "w", got "v")"));
  EXPECT_THAT(Match(R"(kvs { key: "~a" value: "v" mod_revision: @+1 })", Strictness::kExact),
              ElementsAre("count: expected 0, got 1"));
  EXPECT_THAT(
      Match(R"(header { revision: @ } kvs { key: "~a" value: "v" mod_revision: @+1 } count: 1)",
            Strictness::kExact),
      ElementsAre("header.revision: expected 10, got 12"));
  EXPECT_THAT(Match("count: 1", Strictness::kExact), ElementsAre("kvs: expected 0, got 1"));
  EXPECT_THAT(Match(R"(kvs { key: "~a" value: "v" mod_revision: @+1 lease: 5 } count: 1)",
                    Strictness::kExact),
              ElementsAre("kvs[0].lease: expected 5, got 0"));
}

TEST(Matching, InPartOnlyWhatIsNamed) {
  EXPECT_THAT(Match("count: 1", Strictness::kPartial), IsEmpty());
  EXPECT_THAT(Match(R"(kvs { value: "v" })", Strictness::kPartial), IsEmpty());
  EXPECT_THAT(Match("count: 2", Strictness::kPartial), ElementsAre("count: expected 2, got 1"));
}

TEST(Matching, BindsNames) {
  Bindings bindings = SomeBindings();
  EXPECT_THAT(MatchMessage(R"(kvs { key: "$k" mod_revision: $r })", SomeAnswer(),
                           Strictness::kPartial, &bindings)
                  .value(),
              IsEmpty());
  EXPECT_EQ(bindings.values["k"], "k1/a");
  EXPECT_EQ(bindings.values["r"], "11");
  EXPECT_THAT(MatchMessage("count: $r", SomeAnswer(), Strictness::kPartial, &bindings).value(),
              ElementsAre("count: expected 11, got 1"));
  EXPECT_THAT(MatchMessage("count: $any", SomeAnswer(), Strictness::kPartial, &bindings).value(),
              IsEmpty());
}

TEST(Matching, OneNameIsOneValueWithinAMessage) {
  Bindings bindings = SomeBindings();
  EXPECT_THAT(MatchMessage("header { revision: $x } count: $x", SomeAnswer(), Strictness::kPartial,
                           &bindings)
                  .value(),
              ElementsAre("count: expected $x = 12, got 1"));
}

TEST(Matching, RefusesNonsense) {
  Bindings bindings = SomeBindings();
  EXPECT_FALSE(MatchMessage("nonsense: 1", SomeAnswer(), Strictness::kExact, &bindings).ok());
}

TEST(Describing, IsWhatACaseWouldSay) {
  EXPECT_EQ(DescribeMessage(SomeAnswer(), SomeBindings()),
            R"(header { revision: @+2 } kvs { key: "~a" mod_revision: @+1 value: "v" } count: 1)");
}

TEST(Expanding, RepeatsAndRefusesUnknownNames) {
  EXPECT_EQ(ExpandRequest(R"([[3|x# ]] "~~" @-1)", SomeBindings()).value(), R"(x0 x1 x2  "k10" 9)");
  EXPECT_FALSE(ExpandRequest("ID: $L", SomeBindings()).ok());
}

TEST(Http, ComparesWhatIsNamed) {
  const HttpResponse response{
      .status = 200, .headers = {{"allow", "GET"}}, .body = R"({"a":1,"b":{"c":"x"}})"};
  EXPECT_THAT(CheckHttp(R"(200 json {"b":{"c":"$any"}})", response), IsEmpty());
  EXPECT_THAT(CheckHttp(R"(200 json {"a":2})", response), testing::Not(IsEmpty()));
  EXPECT_THAT(CheckHttp("200 header allow: GET", response), IsEmpty());
  EXPECT_THAT(CheckHttp("404", response), testing::Not(IsEmpty()));
  EXPECT_THAT(CheckHttp(R"(200 contains "\"c\"")", response), IsEmpty());
}

TEST(Programs, AreTheSameForTheSameSeed) {
  const Program one = GenerateProgram(7, {.operations = 50});
  const Program two = GenerateProgram(7, {.operations = 50});
  ASSERT_EQ(one.operations.size(), 50U);
  for (std::size_t i = 0; i < one.operations.size(); ++i) {
    EXPECT_EQ(one.operations[i].request->SerializeAsString(),
              two.operations[i].request->SerializeAsString());
  }
}

TEST(Programs, RevisionsGoThereAndBack) {
  RangeResponse answer = SomeAnswer();
  MakeRevisionsRelative(&answer, 10);
  EXPECT_EQ(answer.header().revision(), kProgramStart + 2);
  EXPECT_EQ(answer.kvs(0).create_revision(), 0);
  MakeRevisionsAbsolute(&answer, 20);
  EXPECT_EQ(answer.header().revision(), 22);
}

TEST(Programs, ShrinkToWhatDiffers) {
  const Program program = GenerateProgram(3, {.operations = 64});
  const std::string culprit = program.operations[41].request->SerializeAsString();
  const DiffersFn differs = [&culprit](const Program& candidate) {
    for (const Operation& operation : candidate.operations) {
      if (operation.request->SerializeAsString() == culprit) return true;
    }
    return false;
  };
  EXPECT_EQ(ShrinkProgram(program, differs, 1000).operations.size(), 1U);
}

TEST(WatchExpectations, CountsWhatAWatchMustBeTold) {
  etcdserverpb::WatchCreateRequest request;
  request.set_key("a");
  request.set_range_end("c");
  request.set_start_revision(5);
  request.add_filters(etcdserverpb::WatchCreateRequest::NODELETE);
  WatchExpectation expectation(request, 9, 0);
  std::vector<mvccpb::Event> history(4);
  history[0].mutable_kv()->set_key("a");
  history[0].mutable_kv()->set_mod_revision(4);
  history[1].mutable_kv()->set_key("b");
  history[1].mutable_kv()->set_mod_revision(5);
  history[2].mutable_kv()->set_key("b");
  history[2].mutable_kv()->set_mod_revision(6);
  history[2].set_type(mvccpb::Event::DELETE);
  history[3].mutable_kv()->set_key("c");
  history[3].mutable_kv()->set_mod_revision(7);
  EXPECT_EQ(expectation.Count(history), 1U);
  EXPECT_FALSE(expectation.doomed());
  EXPECT_TRUE(WatchExpectation(request, 9, 6).doomed());
}

}  // namespace
}  // namespace stele::conformance
