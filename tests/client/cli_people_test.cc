// What the command line says to people and to their shells.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "src/client/cli/advice.h"
#include "src/client/cli/completion.h"
#include "src/client/cli/printer.h"
#include "src/client/cli/progress.h"

namespace stele::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

const std::vector<CompletionEntry>& Entries() {
  static const auto* const entries = new std::vector<CompletionEntry>{
      {"get", "Prints a key", {"--rev=", "--prefix"}},
      {"lease grant", "Makes a lease", {}},
      {"lease list", "Prints what isn't over", {}},
  };
  return *entries;
}

TEST(Advice, SaysWhatToDoNext) {
  EXPECT_THAT(AdviceFor("etcdserver: mvcc: database space exceeded"), HasSubstr("stele defrag"));
  EXPECT_THAT(AdviceFor("failed to revoke lease (etcdserver: requested lease not found)"),
              HasSubstr("stele lease list"));
  EXPECT_EQ(AdviceFor("etcdserver: key is not provided"), "");
  EXPECT_EQ(AdviceFor("cannot connect to a: no leader"), "");
}

TEST(ProgressLineTest, ShowsHowMuchIsDone) {
  EXPECT_EQ(ProgressLine("writing", 30, 120), "writing  30 / 120  25%");
  EXPECT_EQ(ProgressLine("writing", 0, 0), "writing  0 / 0  100%");
}

TEST(Completion, BashKnowsWordsAndFlagsOfEachPath) {
  const std::string script = BashCompletion(Entries(), {"--hex", "--endpoints="});
  EXPECT_THAT(script, HasSubstr("'') next_words='get lease'; flags='--hex --endpoints='"));
  EXPECT_THAT(script, HasSubstr("'lease') next_words='grant list'"));
  EXPECT_THAT(script,
              HasSubstr("'get') next_words=''; flags='--rev= --prefix --hex --endpoints='"));
  EXPECT_THAT(script, HasSubstr("--endpoints|--rev|-w|-d) "));
}

TEST(Completion, FishEscapesSummaries) {
  const std::string script = FishCompletion(Entries(), {});
  EXPECT_THAT(script, HasSubstr("-a list -d 'Prints what isn\\'t over'"));
  EXPECT_THAT(script, HasSubstr("-n \"__stele_path_starts_with 'get'\" -l rev -r\n"));
  EXPECT_THAT(script, HasSubstr("-n \"__stele_path_starts_with 'get'\" -l prefix\n"));
  EXPECT_THAT(ZshCompletion(Entries(), {}), Not(HasSubstr("isn't")));
}

TEST(Alarms, AreOneALineInEveryFormat) {
  etcdserverpb::AlarmResponse response;
  auto& alarm = *response.add_alarms();
  alarm.set_memberid(5);
  alarm.set_alarm(etcdserverpb::CORRUPT);
  EXPECT_EQ(MakeSimplePrinter({})->Alarms(response), "memberID:5 alarm:CORRUPT \n");
  EXPECT_EQ(MakeJsonPrinter()->Alarms(response), "{\"alarms\":[{\"memberID\":5,\"alarm\":2}]}\n");
  EXPECT_THAT(MakeFieldsPrinter()->Alarms(response),
              HasSubstr("\"MemberID\" : 5\n\"AlarmType\" : CORRUPT\n\n"));
}

}  // namespace
}  // namespace stele::cli
