// The flag table against etcd's list of flags, and against its documentation.
#include "src/server/flags/flag_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <map>
#include <variant>

#include "absl/strings/match.h"
#include "absl/strings/str_split.h"
#include "src/server/flags/flag_value.h"
#include "src/server/flags/help_text.h"
#include "tests/server/flags/parse.h"

namespace stele::server {
namespace {

const std::map<std::string, FlagKind>& Kinds() {
  static const std::map<std::string, FlagKind> kinds = {
      {"bool", FlagKind::kBool},     {"int", FlagKind::kInt},           {"uint", FlagKind::kUint},
      {"uint32", FlagKind::kUint32}, {"duration", FlagKind::kDuration}, {"text", FlagKind::kText},
      {"texts", FlagKind::kTexts},   {"urls", FlagKind::kUrls},         {"any", FlagKind::kAny}};
  return kinds;
}

std::string ReadFile(const std::string& path) {
  std::ifstream file(std::string(STELE_SOURCE_DIR) + path);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

// Values that are the default of no flag of the kind.
std::string OtherValue(const FlagRow& row) {
  if (row.check != nullptr) return "InitialCorruptCheck=true";
  if (!row.choices.empty()) {
    const std::vector<std::string> choices =
        absl::StrSplit(absl::string_view(row.choices.data(), row.choices.size()), '|');
    return choices[0] == row.standard ? choices[1] : choices[0];
  }
  switch (row.kind) {
    case FlagKind::kBool:
      return row.standard == "true" ? "false" : "true";
    case FlagKind::kDuration:
      return "7777s";
    case FlagKind::kUrls:
      return "http://127.0.0.1:7777";
    case FlagKind::kText:
    case FlagKind::kTexts:
    case FlagKind::kAny:
      return "other";
    case FlagKind::kInt:
    case FlagKind::kUint:
    case FlagKind::kUint32:
      return "7777";
  }
  return "";
}

TEST(FlagTableTest, TakesEveryFlagOfEtcd) {
  int count = 0;
  for (const absl::string_view line :
       absl::StrSplit(ReadFile("/tests/server/flags/data/etcd_flags.tsv"), '\n')) {
    if (line.empty() || line[0] == '#') continue;
    const std::vector<std::string> fields = absl::StrSplit(line, '\t');
    ASSERT_EQ(fields.size(), 3u) << line;
    ++count;
    const FlagRow* row = FindFlag(fields[0]);
    ASSERT_NE(row, nullptr) << "steled does not take --" << fields[0];
    EXPECT_EQ(row->kind, Kinds().at(fields[1])) << fields[0];
    const absl::StatusOr<CommandLine> parsed = Parse({"--" + fields[0] + "=" + OtherValue(*row)});
    EXPECT_FALSE(absl::IsInvalidArgument(parsed.status())) << parsed.status();
  }
  EXPECT_GT(count, 160);
}

TEST(FlagTableTest, EveryRowSaysWhatItIs) {
  for (const FlagGroup& group : FlagGroups()) {
    for (const FlagRow& row : group.rows) {
      SCOPED_TRACE(row.name);
      EXPECT_EQ(row.fate == FlagFate::kWorks, !row.help.empty());
      EXPECT_EQ(row.fate != FlagFate::kWorks, !row.instead.empty());
      EXPECT_TRUE(row.fate == FlagFate::kWorks || row.target.index() == 0);
      EXPECT_TRUE(CanonicalValue(row, row.standard).ok());
    }
  }
}

TEST(FlagTableTest, IgnoredFlagsGiveOneWarningAndRefusedOnesAnErrorWithTheirName) {
  for (const FlagGroup& group : FlagGroups()) {
    for (const FlagRow& row : group.rows) {
      if (IsFileKey(row.name)) continue;
      SCOPED_TRACE(row.name);
      const std::string flag = "--" + std::string(row.name);
      const std::string word = flag + "=" + OtherValue(row);
      if (row.fate == FlagFate::kIgnored && row.quiet.empty()) {
        const std::vector<std::string> warnings = WarningsOf({word});
        ASSERT_EQ(warnings.size(), 1u);
        EXPECT_EQ(warnings[0], flag + " is ignored: " + std::string(row.instead));
      }
      if (row.fate == FlagFate::kRefused) {
        EXPECT_EQ(ErrorOf({word}), flag + ": " + std::string(row.instead));
      }
    }
  }
}

TEST(FlagTableTest, HelpNamesEveryFlag) {
  const std::string help = HelpText();
  for (const FlagGroup& group : FlagGroups()) {
    for (const FlagRow& row : group.rows) {
      if (IsFileKey(row.name)) continue;
      EXPECT_TRUE(absl::StrContains(help, "--" + std::string(row.name))) << row.name;
    }
  }
  for (const absl::string_view line : absl::StrSplit(help, '\n')) {
    if (absl::StrContains(line, " '")) continue;  // defaults are not broken
    EXPECT_LE(line.size(), 101u) << line;
  }
}

// With STELE_WRITE_DOCS=1 in the environment, the page is written instead.
TEST(FlagTableTest, ThePageOfFlagsIsUpToDate) {
  if (std::getenv("STELE_WRITE_DOCS") != nullptr) {  // NOLINT(concurrency-mt-unsafe)
    std::ofstream(std::string(STELE_SOURCE_DIR) + "/docs/flags.md") << FlagsPage();
  }
  EXPECT_EQ(ReadFile("/docs/flags.md"), FlagsPage())
      << "run this test with STELE_WRITE_DOCS=1 in the environment";
}

}  // namespace
}  // namespace stele::server
