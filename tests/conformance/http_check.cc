#include "tests/conformance/http_check.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

namespace stele::conformance {
namespace {

using nlohmann::json;

constexpr std::size_t kShownBody = 2000;

bool Covers(const json& expected, const json& actual) {
  if (expected.is_string() && expected.get<std::string>() == "$any") return true;
  if (!expected.is_object()) return expected == actual;
  if (!actual.is_object()) return false;
  for (const auto& [name, value] : expected.items()) {
    if (!actual.contains(name) || !Covers(value, actual[name])) return false;
  }
  return true;
}

// The text between quotation marks, without its escapes.
std::string Unquote(absl::string_view quoted) {
  quoted = absl::StripAsciiWhitespace(quoted);
  absl::ConsumePrefix(&quoted, "\"");
  absl::ConsumeSuffix(&quoted, "\"");
  std::string text;
  absl::CUnescape(quoted, &text);
  return text;
}

bool BodyMatches(absl::string_view kind, absl::string_view wanted, const HttpResponse& response) {
  if (kind == "contains") return absl::StrContains(response.body, Unquote(wanted));
  if (kind == "body") return response.body == Unquote(wanted);
  if (kind == "header") {
    const std::pair<std::string, std::string> header =
        absl::StrSplit(wanted, absl::MaxSplits(": ", 1));
    const auto found = response.headers.find(header.first);
    return found != response.headers.end() && found->second == header.second;
  }
  if (kind != "json") return kind.empty();
  const json expected = json::parse(std::string(wanted), nullptr, false);
  const json actual = json::parse(response.body, nullptr, false);
  return !expected.is_discarded() && !actual.is_discarded() && Covers(expected, actual);
}

// One of the accepted forms.
bool Matches(absl::string_view expected, const HttpResponse& response) {
  const std::vector<absl::string_view> words = absl::StrSplit(expected, absl::MaxSplits(' ', 2));
  const absl::string_view kind = words.size() > 1 ? words[1] : "";
  const absl::string_view wanted = words.size() > 2 ? words[2] : "";
  return words[0] == absl::StrCat(response.status) && BodyMatches(kind, wanted, response);
}

}  // namespace

std::string DescribeHttp(const HttpResponse& response) {
  return absl::StrCat(response.status, " body \"",
                      absl::CEscape(response.body.substr(0, kShownBody)), "\"");
}

std::vector<std::string> CheckHttp(absl::string_view expected, const HttpResponse& response) {
  const std::vector<std::string> accepted = absl::StrSplit(expected, " | ");
  if (std::any_of(accepted.begin(), accepted.end(),
                  [&response](const std::string& one) { return Matches(one, response); })) {
    return {};
  }
  return {absl::StrCat("  expected: < ", expected),
          absl::StrCat("  actual:   < ", DescribeHttp(response))};
}

}  // namespace stele::conformance
