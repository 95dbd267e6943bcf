#include "tests/conformance/http_steps.h"

#include <algorithm>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "tests/conformance/h2_probe.h"
#include "tests/conformance/http_check.h"

namespace stele::conformance {
namespace {

using Lines = std::vector<std::string>;
using Kind = Expectation::Kind;

constexpr absl::Duration kHttpLimit = absl::Seconds(10);

std::pair<std::string, std::string> SplitFirstWord(const std::string& text) {
  return absl::StrSplit(text, absl::MaxSplits(' ', 1));
}

// Servers may word a refusal differently: `expected` are several texts, separated by " | ".
bool IsOneOf(const std::string& actual, const std::string& expected) {
  const Lines accepted = absl::StrSplit(expected, " | ");
  return std::find(accepted.begin(), accepted.end(), actual) != accepted.end();
}

Lines JudgeHttp(const Step& step, const absl::StatusOr<HttpResponse>& response,
                CaseResult* result) {
  const Expectation* expected = step.expected.empty() ? nullptr : &step.expected[0];
  if (expected != nullptr && expected->kind == Kind::kError) {
    if (!response.ok()) return {};
    return {absl::StrCat("expected to be cut off, got < ", DescribeHttp(*response))};
  }
  if (expected == nullptr) return response.ok() ? Lines{} : Lines{response.status().ToString()};
  if (!response.ok()) {
    return IsOneOf("closed", expected->text) ? Lines{} : Lines{response.status().ToString()};
  }
  if (expected->kind == Kind::kRecord) {
    result->recordings[expected->line] = {absl::StrCat("< ", DescribeHttp(*response))};
    return {};
  }
  return CheckHttp(expected->text, *response);
}

Lines RunFrames(const Step& step, const std::string& address, const std::string& text,
                CaseResult* result) {
  if (step.expected.empty()) return {"a frames step must say what it expects"};
  const auto [path, changes] = SplitFirstWord(text);
  const std::string actual = ProbeH2(address, OddRequest(path, changes), kHttpLimit);
  const Expectation& expected = step.expected[0];
  if (expected.kind == Kind::kRecord) {
    result->recordings[expected.line] = {absl::StrCat("< ", actual)};
    return {};
  }
  if (IsOneOf(actual, expected.text)) return {};
  return {absl::StrCat("  expected: < ", expected.text), absl::StrCat("  actual:   < ", actual)};
}

}  // namespace

std::vector<std::string> RunHttpStep(const Step& step, const std::string& address,
                                     const Bindings& bindings, CaseResult* result) {
  const absl::StatusOr<std::string> text = ExpandRequest(step.text, bindings);
  if (!text.ok()) return {std::string(text.status().message())};
  ++result->calls;
  if (step.action == Step::Action::kFrames) return RunFrames(step, address, *text, result);
  std::string bytes;
  if (step.action == Step::Action::kHttp) {
    const auto [path, body] = SplitFirstWord(*text);
    bytes = HttpRequest(step.method, path, body);
  } else {
    absl::string_view quoted = *text;
    absl::ConsumePrefix(&quoted, "\"");
    absl::ConsumeSuffix(&quoted, "\"");
    if (!absl::CUnescape(quoted, &bytes)) return {"this is no quoted text"};
  }
  return JudgeHttp(step, ExchangeHttp(address, bytes, kHttpLimit), result);
}

}  // namespace stele::conformance
