// What the cases must be as a whole, without any server.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "tests/conformance/case.h"
#include "tests/conformance/method_table.h"

namespace stele::conformance {
namespace {

constexpr std::size_t kFewestCases = 400;

const std::vector<Case>& AllCases() {
  static const auto* const cases = [] {
    absl::StatusOr<std::vector<Case>> read = ReadCases(STELE_SOURCE_DIR "/tests/conformance/cases");
    if (!read.ok()) ADD_FAILURE() << read.status();
    return new std::vector<Case>(read.ok() ? *read : std::vector<Case>{});
  }();
  return *cases;
}

std::string Place(const Case& test) { return absl::StrCat(test.file, ":", test.line); }

TEST(Cases, AreManyEnough) { EXPECT_GE(AllCases().size(), kFewestCases); }

TEST(Cases, NameEveryBehaviourOfTheData) {
  std::set<int> named;
  for (const Case& test : AllCases()) named.insert(test.behaviours.begin(), test.behaviours.end());
  std::vector<int> missing;
  for (int behaviour = 1; behaviour <= 114; ++behaviour) {
    const bool of_auth = behaviour > 90 && behaviour < 100;
    if (!of_auth && !named.contains(behaviour)) missing.push_back(behaviour);
  }
  EXPECT_THAT(missing, testing::IsEmpty());
  EXPECT_LE(*named.rbegin(), 114);
}

TEST(Cases, HaveNamesOfTheirOwn) {
  std::set<std::string> names;
  for (const Case& test : AllCases()) {
    EXPECT_TRUE(names.insert(absl::StrCat(test.file, ": ", test.name)).second) << Place(test);
  }
}

TEST(Cases, SayWhatTheyExpect) {
  for (const Case& test : AllCases()) {
    EXPECT_FALSE(test.steps.empty()) << Place(test);
    bool expects = test.unchanged;
    for (const Step& step : test.steps) {
      expects = expects || !step.expected.empty() || step.action == Step::Action::kCheck ||
                step.action == Step::Action::kElapsed || step.action == Step::Action::kEnd ||
                step.action == Step::Action::kBurst || step.action == Step::Action::kQuiet;
      for (const Expectation& expectation : step.expected) {
        EXPECT_NE(expectation.kind, Expectation::Kind::kRecord)
            << test.file << ":" << expectation.line << " was never recorded";
      }
    }
    EXPECT_TRUE(expects) << Place(test);
  }
}

TEST(Cases, NameMethodsThatExist) {
  for (const Case& test : AllCases()) {
    for (const Step& step : test.steps) {
      if (step.method.empty() || step.action == Step::Action::kHttp) continue;
      EXPECT_NE(FindMethod(step.method), nullptr) << test.file << ":" << step.line;
    }
  }
}

TEST(Cases, ExplainDeliberateDifferences) {
  std::ifstream file(STELE_SOURCE_DIR "/docs/compatibility.md");
  const std::string page{std::istreambuf_iterator<char>(file), {}};
  for (const Case& test : AllCases()) {
    EXPECT_EQ(test.only.empty(), test.differs.empty()) << Place(test);
    if (test.differs.empty()) continue;
    EXPECT_TRUE(absl::StrContains(page, absl::StrCat("| ", test.differs, " |")))
        << Place(test) << ": docs/compatibility.md has no row \"" << test.differs << "\"";
  }
}

TEST(CaseLanguage, SaysWhereItIsWrong) {
  const absl::StatusOr<std::vector<Case>> cases =
      ParseCases("x.txt", "case a\n> get b\nnonsense\n");
  ASSERT_FALSE(cases.ok());
  EXPECT_TRUE(absl::StartsWith(cases.status().message(), "x.txt:3:")) << cases.status();
}

TEST(CaseLanguage, UnderstandsShortForms) {
  const absl::StatusOr<std::vector<Case>> cases = ParseCases(
      "x.txt", "case a\nbehaviour 1 2\n> put k v lease: 5\n> m2 get a b limit: 1\n> del *\n");
  ASSERT_TRUE(cases.ok()) << cases.status();
  const std::vector<Step>& steps = cases->at(0).steps;
  ASSERT_EQ(steps.size(), 3U);
  EXPECT_EQ(steps[0].method, "Put");
  EXPECT_EQ(steps[0].text, R"(key: "~k" value: "v" lease: 5)");
  EXPECT_EQ(steps[1].member, 2);
  EXPECT_EQ(steps[1].text, R"(key: "~a" range_end: "~b" limit: 1)");
  EXPECT_EQ(steps[2].text, R"(key: "~" range_end: "~~" )");
  EXPECT_EQ(cases->at(0).behaviours, (std::vector<int>{1, 2}));
}

TEST(CaseLanguage, KnowsHowToWait) {
  const absl::StatusOr<std::vector<Case>> cases =
      ParseCases("x.txt", "case a\nretry m2 get k\n<~ count: 1\ntimer\nelapsed 2s\n");
  ASSERT_TRUE(cases.ok()) << cases.status();
  const std::vector<Step>& steps = cases->at(0).steps;
  ASSERT_EQ(steps.size(), 3U);
  EXPECT_EQ(steps[0].action, Step::Action::kRetry);
  EXPECT_EQ(steps[0].method, "Range");
  EXPECT_EQ(steps[0].member, 2);
  EXPECT_EQ(steps[1].action, Step::Action::kTimer);
  EXPECT_EQ(steps[2].action, Step::Action::kElapsed);
  EXPECT_EQ(steps[2].text, "2s");
}

}  // namespace
}  // namespace stele::conformance
