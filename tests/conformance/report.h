// What a run of the suite says at its end.
#pragma once

#include <string>
#include <vector>

#include "tests/conformance/case_suite.h"

namespace stele::conformance {

// A part that compares a subject with a reference by generated input.
struct ComparisonReport {
  std::string part;  // "random programs"
  std::string subject;
  std::string reference;
  std::vector<std::string> figures;      // "2000 programs", "200000 operations"
  std::vector<std::string> differences;  // one text each, in the language of cases where it can be
};

struct Report {
  std::vector<Case> cases;  // what the suites point to
  std::vector<SuiteReport> suites;
  std::vector<ComparisonReport> comparisons;

  bool passed() const;
};

// For people: failures first, then what differs on purpose, then the counts.
std::string ReportText(const Report& report);

// For scripts: one JSON object.
std::string ReportJson(const Report& report);

}  // namespace stele::conformance
