#include "tests/conformance/report.h"

#include <algorithm>
#include <array>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace stele::conformance {
namespace {

using Outcome = CaseReport::Outcome;
using nlohmann::json;

std::string OutcomeName(Outcome outcome) {
  switch (outcome) {
    case Outcome::kPassed:
      return "passed";
    case Outcome::kFailed:
      return "failed";
    case Outcome::kNewer:
      return "newer than the server";
    case Outcome::kDeliberate:
      return "differs on purpose";
    case Outcome::kMissing:
      return "not there yet";
    case Outcome::kNoServer:
      return "needs a server of its own";
  }
  return "";
}

constexpr std::array kOutcomes = {Outcome::kPassed,     Outcome::kFailed,  Outcome::kNewer,
                                  Outcome::kDeliberate, Outcome::kMissing, Outcome::kNoServer};

// Names of left-out cases by the reason they are left out.
std::map<std::string, std::vector<std::string>> LeftOut(const SuiteReport& suite) {
  std::map<std::string, std::vector<std::string>> by_reason;
  for (const CaseReport& report : suite.cases) {
    const std::string name = absl::StrCat(report.test->file, ": ", report.test->name);
    if (report.outcome == Outcome::kDeliberate) {
      by_reason[absl::StrCat("differs on purpose (docs/compatibility.md): ", report.test->differs)]
          .push_back(name);
    } else if (report.outcome == Outcome::kMissing) {
      by_reason[absl::StrCat("not there yet: ", report.test->missing)].push_back(name);
    }
  }
  return by_reason;
}

void AppendSuite(const SuiteReport& suite, std::string* text) {
  for (const CaseReport& report : suite.cases) {
    if (report.outcome == Outcome::kFailed) {
      absl::StrAppend(text, "FAILED on ", suite.subject, "\n", absl::StrJoin(report.problems, "\n"),
                      "\n\n");
    }
  }
  std::set<int> behaviours;
  for (const CaseReport& report : suite.cases) {
    if (report.outcome == Outcome::kPassed) {
      behaviours.insert(report.test->behaviours.begin(), report.test->behaviours.end());
    }
  }
  absl::StrAppend(text, "cases on ", suite.subject, ": ", suite.cases.size(), ", ", suite.calls,
                  " requests, ", behaviours.size(), " behaviours shown\n");
  for (const Outcome outcome : kOutcomes) {
    if (const int count = suite.Count(outcome); count > 0) {
      absl::StrAppend(text, "  ", count, " ", OutcomeName(outcome), "\n");
    }
  }
  for (const auto& [reason, names] : LeftOut(suite)) {
    absl::StrAppend(text, "  ", reason, "\n    ", absl::StrJoin(names, "\n    "), "\n");
  }
}

json SuiteJson(const SuiteReport& suite) {
  json cases = json::array();
  for (const CaseReport& report : suite.cases) {
    json entry = {{"file", report.test->file},
                  {"line", report.test->line},
                  {"name", report.test->name},
                  {"behaviours", report.test->behaviours},
                  {"outcome", OutcomeName(report.outcome)}};
    if (!report.problems.empty()) entry["problems"] = report.problems;
    cases.push_back(std::move(entry));
  }
  return {{"subject", suite.subject}, {"requests", suite.calls}, {"cases", std::move(cases)}};
}

}  // namespace

bool Report::passed() const {
  return std::all_of(suites.begin(), suites.end(),
                     [](const SuiteReport& suite) { return suite.passed(); }) &&
         std::all_of(comparisons.begin(), comparisons.end(),
                     [](const ComparisonReport& part) { return part.differences.empty(); });
}

std::string ReportText(const Report& report) {
  std::string text;
  for (const ComparisonReport& part : report.comparisons) {
    for (const std::string& difference : part.differences) {
      absl::StrAppend(&text, "DIFFERENCE in ", part.part, "\n", difference, "\n\n");
    }
  }
  for (const SuiteReport& suite : report.suites) AppendSuite(suite, &text);
  for (const ComparisonReport& part : report.comparisons) {
    absl::StrAppend(&text, part.part, " on ", part.subject, " and ", part.reference, ": ",
                    absl::StrJoin(part.figures, ", "), ", ", part.differences.size(),
                    " differences\n");
  }
  return absl::StrCat(text, report.passed() ? "passed\n" : "FAILED\n");
}

std::string ReportJson(const Report& report) {
  json suites = json::array();
  for (const SuiteReport& suite : report.suites) suites.push_back(SuiteJson(suite));
  json parts = json::array();
  for (const ComparisonReport& part : report.comparisons) {
    parts.push_back({{"part", part.part},
                     {"subject", part.subject},
                     {"reference", part.reference},
                     {"figures", part.figures},
                     {"differences", part.differences}});
  }
  const json whole = {{"passed", report.passed()}, {"cases", suites}, {"comparisons", parts}};
  // Differences may show bytes that are no UTF-8.
  return whole.dump(1, ' ', false, json::error_handler_t::replace) + "\n";
}

}  // namespace stele::conformance
