#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "tests/conformance/case.h"

namespace stele::conformance {
namespace {

using Action = Step::Action;

struct Line {
  int number = 0;
  std::string text;
};

// Lines with their indented continuations appended, without comments and empty lines.
std::vector<Line> JoinLines(absl::string_view text) {
  std::vector<Line> lines;
  int number = 0;
  for (const absl::string_view raw : absl::StrSplit(text, '\n')) {
    ++number;
    const absl::string_view stripped = absl::StripAsciiWhitespace(raw);
    if (stripped.empty() || stripped.front() == '#') continue;
    if (raw.front() == ' ' && !lines.empty()) {
      absl::StrAppend(&lines.back().text, " ", stripped);
    } else {
      lines.push_back({number, std::string(stripped)});
    }
  }
  return lines;
}

// Takes the first word away.
std::string TakeWord(absl::string_view* rest) {
  *rest = absl::StripLeadingAsciiWhitespace(*rest);
  const std::size_t end = std::min(rest->find(' '), rest->size());
  std::string word(rest->substr(0, end));
  rest->remove_prefix(end);
  *rest = absl::StripLeadingAsciiWhitespace(*rest);
  return word;
}

std::string Quote(const std::string& word, absl::string_view prefix) {
  return absl::StartsWith(word, "\"") ? word : absl::StrCat("\"", prefix, word, "\"");
}

// put KEY VALUE ..., get KEY [END] ..., del KEY [END] ...: keys of the case; * is all of them. What
// follows is in text format.
bool ExpandShortForm(Step* step) {
  static const std::map<std::string, std::string, std::less<>> kMethods = {
      {"put", "Put"}, {"get", "Range"}, {"del", "DeleteRange"}};
  const auto method = kMethods.find(step->method);
  if (method == kMethods.end()) return true;
  absl::string_view rest = step->text;
  const std::string key = TakeWord(&rest);
  if (key.empty()) return false;
  std::string fields =
      key == "*" ? R"(key: "~" range_end: "~~")" : absl::StrCat("key: ", Quote(key, "~"));
  absl::string_view ahead = rest;
  const std::string second = TakeWord(&ahead);
  const bool positional =
      !second.empty() && (second.front() == '"' || !absl::StrContains(second, ':'));
  if (positional && method->first == "put") {
    absl::StrAppend(&fields, " value: ", Quote(second, ""));
  } else if (positional) {
    absl::StrAppend(&fields, " range_end: ", Quote(second, "~"));
  }
  step->text = absl::StrCat(fields, " ", positional ? ahead : rest);
  step->method = method->second;
  return true;
}

// [mN] Method text...
bool ParseCall(absl::string_view rest, Step* step) {
  std::string word = TakeWord(&rest);
  if (word.size() == 2 && word[0] == 'm' &&
      absl::ascii_isdigit(static_cast<unsigned char>(word[1]))) {
    step->member = word[1] - '0';
    word = TakeWord(&rest);
  }
  if (word.empty()) return false;
  step->method = word;
  step->text = std::string(rest);
  return ExpandShortForm(step);
}

bool ParseError(absl::string_view rest, Expectation* expectation) {
  expectation->kind = Expectation::Kind::kError;
  expectation->code = TakeWord(&rest);
  expectation->text = std::string(rest);
  return !expectation->code.empty();
}

// What follows the < of an expected answer.
Expectation ParseExpected(absl::string_view rest, int line) {
  Expectation expectation;
  expectation.line = line;
  if (absl::ConsumePrefix(&rest, "~")) expectation.kind = Expectation::Kind::kPartial;
  if (absl::ConsumePrefix(&rest, "?")) expectation.kind = Expectation::Kind::kRecord;
  expectation.text = std::string(absl::StripAsciiWhitespace(rest));
  return expectation;
}

class CaseParser {
 public:
  explicit CaseParser(std::string file) : file_(std::move(file)) {}

  bool Parse(const Line& line) {
    absl::string_view rest = line.text;
    const std::string word = TakeWord(&rest);
    if (word == "case") {
      Case& begun = cases.emplace_back();
      begun.file = file_;
      begun.line = line.number;
      begun.name = std::string(rest);
      return !rest.empty();
    }
    if (cases.empty()) return false;
    return ParseHeading(word, rest) || ParseAnswer(line) || ParseStreamStep(line) ||
           ParseStep(word, rest, line.number);
  }

  std::vector<Case> cases;

 private:
  Case& current() { return cases.back(); }

  Step& NewStep(Action action, int line) {
    Step step;
    step.action = action;
    step.line = line;
    current().steps.push_back(std::move(step));
    return current().steps.back();
  }

  bool ParseHeading(const std::string& word, absl::string_view rest) {
    if (!current().steps.empty()) return false;
    if (word == "behaviour") return ParseBehaviours(rest);
    if (word == "since") {
      current().since = ParseVersion(rest);
    } else if (word == "only") {
      current().only = std::string(rest);
      return rest == "stele" || rest == "etcd";
    } else if (word == "differs") {
      current().differs = std::string(rest);
    } else if (word == "missing") {
      current().missing = std::string(rest);
    } else if (word == "unchanged") {
      current().unchanged = true;
    } else if (word == "server") {
      return ParseServer(rest);
    } else {
      return false;
    }
    return true;
  }

  bool ParseBehaviours(absl::string_view rest) {
    for (const absl::string_view number : absl::StrSplit(rest, ' ', absl::SkipEmpty())) {
      int behaviour = 0;
      if (!absl::SimpleAtoi(number, &behaviour)) return false;
      current().behaviours.push_back(behaviour);
    }
    return !current().behaviours.empty();
  }

  // server [members N] [spares N] --flag...
  bool ParseServer(absl::string_view rest) {
    GroupShape shape;
    while (!rest.empty()) {
      const std::string word = TakeWord(&rest);
      if (absl::StartsWith(word, "--")) {
        shape.flags.push_back(word);
      } else if (word == "members") {
        if (!absl::SimpleAtoi(TakeWord(&rest), &shape.members)) return false;
      } else if (word == "spares") {
        if (!absl::SimpleAtoi(TakeWord(&rest), &shape.spares)) return false;
      } else {
        return false;
      }
    }
    current().own_server = shape;
    return true;
  }

  // < ..., <~ ..., <? or ! ..., all about the step before.
  bool ParseAnswer(const Line& line) {
    if (current().steps.empty()) return false;
    absl::string_view rest = line.text;
    if (absl::ConsumePrefix(&rest, "<")) {
      current().steps.back().expected.push_back(ParseExpected(rest, line.number));
      return true;
    }
    if (!absl::ConsumePrefix(&rest, "!")) return false;
    Expectation expectation;
    expectation.line = line.number;
    if (!ParseError(rest, &expectation)) return false;
    current().steps.back().expected.push_back(std::move(expectation));
    return true;
  }

  // NAME> ..., NAME< ..., NAME<< ..., NAME! ..., NAME quiet|end|close|cancel.
  bool ParseStreamStep(const Line& line) {
    absl::string_view rest = line.text;
    std::size_t length = 0;
    while (length < rest.size() && absl::ascii_isalnum(static_cast<unsigned char>(rest[length]))) {
      ++length;
    }
    if (length == 0) return false;
    const std::string name(rest.substr(0, length));
    rest.remove_prefix(length);
    static const std::map<std::string, Action, std::less<>> kWords = {{"quiet", Action::kQuiet},
                                                                      {"end", Action::kEnd},
                                                                      {"close", Action::kHalfClose},
                                                                      {"cancel", Action::kCancel}};
    const auto word = kWords.find(absl::StripAsciiWhitespace(rest));
    if (word != kWords.end()) {
      NewStep(word->second, line.number).stream = name;
      return true;
    }
    if (absl::ConsumePrefix(&rest, ">")) {
      Step& step = NewStep(Action::kSend, line.number);
      step.stream = name;
      step.text = std::string(rest);
      return true;
    }
    if (absl::ConsumePrefix(&rest, "<")) {
      const bool gather = absl::ConsumePrefix(&rest, "<");
      Step& step = NewStep(gather ? Action::kGather : Action::kReceive, line.number);
      step.stream = name;
      step.expected.push_back(ParseExpected(rest, line.number));
      return true;
    }
    if (!absl::ConsumePrefix(&rest, "!")) return false;
    Step& step = NewStep(Action::kEnd, line.number);
    step.stream = name;
    step.expected.emplace_back().line = line.number;
    return ParseError(rest, &step.expected.back());
  }

  bool ParseStep(const std::string& word, absl::string_view rest, int line) {
    static const std::map<std::string, Action, std::less<>> kActions = {
        {">", Action::kCall},          {"await", Action::kAwait},
        {"open", Action::kOpen},       {"times", Action::kTimes},
        {"do", Action::kDo},           {"burst", Action::kBurst},
        {"http", Action::kHttp},       {"bytes", Action::kBytes},
        {"frames", Action::kFrames},   {"sleep", Action::kSleep},
        {"kill", Action::kKill},       {"start", Action::kStart},
        {"restart", Action::kRestart}, {"pause", Action::kPause},
        {"resume", Action::kResume},   {"metadata", Action::kMetadata},
        {"check", Action::kCheck},     {"retry", Action::kRetry},
        {"timer", Action::kTimer},     {"elapsed", Action::kElapsed}};
    const auto action = kActions.find(word);
    if (action == kActions.end()) return false;
    Step& step = NewStep(action->second, line);
    switch (step.action) {
      case Action::kOpen:
        step.stream = TakeWord(&rest);
        return ParseCall(rest, &step);
      case Action::kTimes:
      case Action::kBurst:
        return absl::SimpleAtoi(TakeWord(&rest), &step.count) && ParseCall(rest, &step);
      case Action::kCall:
      case Action::kDo:
      case Action::kAwait:
      case Action::kRetry:
      case Action::kHttp:
        return ParseCall(rest, &step);
      case Action::kKill:
      case Action::kStart:
      case Action::kRestart:
      case Action::kPause:
      case Action::kResume:
        return rest.empty() || absl::SimpleAtoi(rest, &step.member);
      default:
        step.text = std::string(rest);
        return true;
    }
  }

  const std::string file_;
};

}  // namespace

Version ParseVersion(absl::string_view text) {
  Version version{};
  std::size_t index = 0;
  for (const absl::string_view part : absl::StrSplit(text, '.')) {
    if (index == version.size() || !absl::SimpleAtoi(part, &version[index])) break;
    ++index;
  }
  return version;
}

absl::StatusOr<std::vector<Case>> ParseCases(const std::string& file, absl::string_view text) {
  CaseParser parser(file);
  for (const Line& line : JoinLines(text)) {
    if (!parser.Parse(line)) {
      return absl::InvalidArgumentError(absl::StrCat(
          file, ":", line.number, ": cannot be understood: ", line.text.substr(0, 120)));
    }
  }
  return std::move(parser.cases);
}

absl::StatusOr<std::vector<Case>> ReadCases(const std::string& directory) {
  std::vector<std::filesystem::path> files;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(directory, error)) {
    if (entry.path().extension() == ".txt") files.push_back(entry.path());
  }
  if (error) return absl::NotFoundError(absl::StrCat(directory, ": ", error.message()));
  std::sort(files.begin(), files.end());
  std::vector<Case> cases;
  for (const std::filesystem::path& path : files) {
    std::ifstream file(path, std::ios::binary);
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    absl::StatusOr<std::vector<Case>> parsed = ParseCases(path.filename().string(), text);
    if (!parsed.ok()) return parsed.status();
    std::move(parsed->begin(), parsed->end(), std::back_inserter(cases));
  }
  return cases;
}

}  // namespace stele::conformance
