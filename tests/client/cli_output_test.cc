// Outputs that a single etcd cannot be brought to produce.
#include <gtest/gtest.h>

#include "src/client/cli/go_text.h"
#include "src/client/cli/json_message.h"
#include "src/client/cli/printer.h"
#include "src/client/cli/rows.h"

namespace stele::cli {
namespace {

TEST(Output, TableCentresHeadingsAndAlignsCellsToTheRight) {
  EXPECT_EQ(Draw({{"ID", "STATUS"}, {{"1", "\u00e9"}, {"1234567", "started"}}}),
            "+---------+---------+\n"
            "|   ID    | STATUS  |\n"
            "+---------+---------+\n"
            "|       1 |       \u00e9 |\n"
            "| 1234567 | started |\n"
            "+---------+---------+\n");
}

TEST(Output, MemberThatHasNotStarted) {
  etcdserverpb::MemberListResponse response;
  auto& member = *response.add_members();
  member.set_id(0xabc);
  member.add_peerurls("http://a:1");
  member.add_peerurls("http://b:1");
  member.set_islearner(true);
  EXPECT_EQ(MakeSimplePrinter({})->MemberList(response),
            "abc, unstarted, , http://a:1,http://b:1, , true\n");
}

TEST(Output, ADoneChangeIsASentenceOrTheWholeAnswer) {
  etcdserverpb::MemberAddResponse response;
  response.mutable_header()->set_cluster_id(7);
  response.mutable_member()->set_id(5);
  response.mutable_member()->add_peerurls("http://a:1");
  EXPECT_EQ(MakeSimplePrinter({})->Done(response, "done\n"), "done\n");
  EXPECT_EQ(MakeJsonPrinter()->Done(response, "done\n"),
            R"({"header":{"cluster_id":7},"member":{"ID":5,"peerURLs":["http://a:1"]}})"
            "\n");
  EXPECT_EQ(MakeProtobufPrinter()->Done(response, "done\n"), response.SerializeAsString());
}

TEST(Output, IdsAreHexadecimalWithoutPrefix) {
  EXPECT_EQ(*ParseHexId("ffffffffffffffff"), UINT64_MAX);
  EXPECT_EQ(ParseHexId("zz").status().message(),
            "strconv.ParseUint: parsing \"zz\": invalid syntax");
  EXPECT_EQ(ParseHexId("10000000000000000").status().message(),
            "strconv.ParseUint: parsing \"10000000000000000\": value out of range");
  for (const char* bad : {"", "0x1", "-1", " 1", "1 "}) EXPECT_FALSE(ParseHexId(bad).ok()) << bad;
}

TEST(Output, JsonEscapesWhatIsSpecialInHtmlAndReplacesWhatIsNotUtf8) {
  etcdserverpb::Member member;
  member.set_name("<a&b>");
  member.set_id(UINT64_MAX);
  EXPECT_EQ(Serialize(ToJson(member)),
            R"({"ID":18446744073709551615,"name":"\u003ca\u0026b\u003e"})");
  EXPECT_EQ(Serialize(Json("\xff")), "\"\xef\xbf\xbd\"");
}

TEST(Output, NestedTxn) {
  etcdserverpb::TxnResponse response;
  response.set_succeeded(true);
  response.add_responses()->mutable_response_txn()->add_responses()->mutable_response_put();
  EXPECT_EQ(MakeSimplePrinter({})->Txn(response), "SUCCESS\n\nFAILURE\n\nOK\n");
  EXPECT_EQ(MakeJsonPrinter()->Txn(response),
            R"({"succeeded":true,"responses":[{"Response":{"ResponseTxn":{"responses":)"
            R"([{"Response":{"ResponsePut":{}}}]}}}]})"
            "\n");
}

TEST(Output, UnknownFormatsHaveNoName) {
  EXPECT_FALSE(FormatNamed("xml").has_value());
  EXPECT_EQ(FormatNamed("table"), Format::kTable);
}

}  // namespace
}  // namespace stele::cli
