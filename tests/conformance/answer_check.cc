#include "tests/conformance/answer_check.h"

#include <array>
#include <cstdint>
#include <memory>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "tests/conformance/message_match.h"
#include "tests/conformance/method_table.h"

namespace stele::conformance {
namespace {

constexpr std::array<const char*, 17> kCodeNames = {
    "OK",       "Canceled",       "Unknown",          "InvalidArgument",   "DeadlineExceeded",
    "NotFound", "AlreadyExists",  "PermissionDenied", "ResourceExhausted", "FailedPrecondition",
    "Aborted",  "OutOfRange",     "Unimplemented",    "Internal",          "Unavailable",
    "DataLoss", "Unauthenticated"};

using Kind = Expectation::Kind;

bool ParseAnswer(const std::string& bytes, google::protobuf::Message* message) {
  return message->ParseFromString(bytes);
}

void AppendSideBySide(const std::vector<Expectation>& expected,
                      const std::vector<std::string>& actual, std::vector<std::string>* lines) {
  for (const Expectation& expectation : expected) {
    lines->push_back(expectation.kind == Kind::kError
                         ? absl::StrCat("  expected: ! ", expectation.code, " ", expectation.text)
                         : absl::StrCat("  expected: < ", expectation.text));
  }
  if (expected.empty()) lines->emplace_back("  expected: success");
  constexpr std::size_t kShown = 3000;
  for (const std::string& line : actual) {
    lines->push_back(absl::StrCat("  actual:   ", line.substr(0, kShown)));
  }
}

}  // namespace

std::string CodeName(int code) {
  const auto index = static_cast<std::size_t>(code);
  return index < kCodeNames.size() ? kCodeNames[index] : absl::StrCat("code ", code);
}

std::vector<std::string> DescribeAnswer(const google::protobuf::MethodDescriptor& method,
                                        const Answer& answer, const Bindings& bindings) {
  std::vector<std::string> lines;
  for (const std::string& bytes : answer.messages) {
    const auto message = NewMessage(method.output_type());
    lines.push_back(ParseAnswer(bytes, message.get())
                        ? absl::StrCat("< ", DescribeMessage(*message, bindings))
                        : std::string("< (no such message)"));
  }
  if (answer.end.code != 0) {
    lines.push_back(absl::StrCat("! ", CodeName(answer.end.code), " ", answer.end.text));
  }
  return lines;
}

std::vector<std::string> CheckMessage(const google::protobuf::Message& message,
                                      const Expectation& expected, Bindings* bindings) {
  if (expected.kind == Kind::kRecord) return {};
  const Strictness strictness =
      expected.kind == Kind::kPartial ? Strictness::kPartial : Strictness::kExact;
  absl::StatusOr<std::vector<std::string>> differences =
      MatchMessage(expected.text, message, strictness, bindings);
  if (!differences.ok()) return {std::string(differences.status().message())};
  return *std::move(differences);
}

std::vector<std::string> CheckEnd(const CallEnd& end, const Expectation* expected) {
  const std::string code = expected == nullptr ? "OK" : expected->code;
  const bool as_expected =
      CodeName(end.code) == code &&
      (expected == nullptr || expected->text == "*" || end.text == expected->text);
  if (as_expected) return {};
  return {absl::StrCat("ended with ", CodeName(end.code), " ", end.text, ", expected ", code, " ",
                       expected == nullptr ? "" : expected->text)};
}

std::vector<std::string> CheckAnswer(const google::protobuf::MethodDescriptor& method,
                                     const Answer& answer, const std::vector<Expectation>& expected,
                                     Bindings* bindings) {
  if (expected.size() == 1 && expected[0].kind == Kind::kRecord) return {};
  std::size_t messages = expected.size();
  const Expectation* error = nullptr;
  if (!expected.empty() && expected.back().kind == Kind::kError) {
    error = &expected.back();
    --messages;
  }
  std::vector<std::string> differences = CheckEnd(answer.end, error);
  if (!expected.empty() && differences.empty() && messages != answer.messages.size()) {
    differences.push_back(
        absl::StrCat("expected ", messages, " messages, got ", answer.messages.size()));
  }
  for (std::size_t i = 0; i < messages && differences.empty(); ++i) {
    const auto message = NewMessage(method.output_type());
    if (!ParseAnswer(answer.messages[i], message.get())) {
      differences.push_back(absl::StrCat("message ", i, " is no ", message->GetTypeName()));
      break;
    }
    differences = CheckMessage(*message, expected[i], bindings);
  }
  if (!differences.empty()) {
    AppendSideBySide(expected, DescribeAnswer(method, answer, *bindings), &differences);
  }
  return differences;
}

std::vector<std::string> CheckComparison(absl::string_view text) {
  const std::vector<std::string> words = absl::StrSplit(text, ' ', absl::SkipEmpty());
  if (words.size() != 3) return {absl::StrCat("cannot compare: ", text)};
  const std::string& sign = words[1];
  bool holds = (sign == "==" && words[0] == words[2]) || (sign == "!=" && words[0] != words[2]);
  std::int64_t left = 0;
  std::int64_t right = 0;
  if (absl::SimpleAtoi(words[0], &left) && absl::SimpleAtoi(words[2], &right)) {
    holds = holds || (sign == "<" && left < right) || (sign == "<=" && left <= right) ||
            (sign == ">" && left > right) || (sign == ">=" && left >= right);
  }
  if (holds) return {};
  return {absl::StrCat("does not hold: ", text)};
}

}  // namespace stele::conformance
