#include <gtest/gtest.h>

#include <sstream>

#include "src/client/cli/exit_status.h"
#include "src/client/cli/txn_text.h"

namespace stele::cli {
namespace {

using Words = std::vector<std::string>;

TEST(TxnText, Words) {
  EXPECT_EQ(SplitWords(R"(put "a b\n" 'c "d"' e=f  --lease=1)"),
            (Words{"put", "a b\n", "c \"d\"", "e=f", "--lease=1"}));
  EXPECT_EQ(SplitWords("   "), Words{});
}

TEST(TxnText, Compares) {
  const auto compare = ParseCompare(R"(lease("k") != "1a")");
  ASSERT_TRUE(compare.ok());
  EXPECT_EQ(compare->lease(), 0x1a);
  EXPECT_EQ(compare->result(), etcdserverpb::Compare::NOT_EQUAL);
  EXPECT_EQ(compare->target(), etcdserverpb::Compare::LEASE);
  EXPECT_EQ(ParseCompare(R"(value("k\x00") < "v")")->key(), std::string("k\0", 2));
}

TEST(TxnText, UnknownOperatorsAreRefused) {
  const auto compare = ParseCompare(R"(mod("k") ~ "1")");
  EXPECT_EQ(ExitCodeOf(compare.status()), kExitInvalidInput);
}

TEST(TxnText, ReadsThreeParts) {
  std::istringstream input("mod(\"k\") = \"0\"\n\nput k v\nget k\n\ndel k\n\n");
  std::ostringstream prompts;
  const auto txn = ReadTxn(input, &prompts);
  ASSERT_TRUE(txn.ok()) << txn.status();
  EXPECT_EQ(txn->compare_size(), 1);
  EXPECT_EQ(txn->success_size(), 2);
  EXPECT_EQ(txn->failure_size(), 1);
  EXPECT_EQ(prompts.str(),
            "compares:\nsuccess requests (get, put, del):\nfailure requests (get, put, del):\n");
}

}  // namespace
}  // namespace stele::cli
