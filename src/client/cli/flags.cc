#include "src/client/cli/flags.h"

#include <algorithm>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "src/client/cli/go_text.h"

namespace stele::cli {
namespace {

bool IsLong(const std::string& word) { return word.size() > 2 && absl::StartsWith(word, "--"); }

bool IsShort(const std::string& word) {
  return word.size() > 1 && word[0] == '-' && word[1] != '-';
}

absl::StatusOr<bool> ParseBool(const std::string& text) {
  for (const char* yes : {"1", "t", "T", "TRUE", "true", "True"}) {
    if (text == yes) return true;
  }
  for (const char* no : {"0", "f", "F", "FALSE", "false", "False"}) {
    if (text == no) return false;
  }
  return absl::InvalidArgumentError(
      absl::StrCat("strconv.ParseBool: parsing ", Quote(text), ": invalid syntax"));
}

absl::Status Assign(Flag& flag, const std::string& value) {
  absl::Status set = flag.set(value);
  if (set.ok()) {
    flag.given = true;
    return set;
  }
  const std::string shown =
      flag.shorthand == '\0' ? absl::StrCat("--", flag.name)
                             : absl::StrCat("-", std::string(1, flag.shorthand), ", --", flag.name);
  return absl::InvalidArgumentError(absl::StrCat("invalid argument ", Quote(value), " for \"",
                                                 shown, "\" flag: ", std::string(set.message())));
}

}  // namespace

void FlagSet::Add(const std::string& name, bool* target, const std::string& description) {
  const auto set = [target](const std::string& text) -> absl::Status {
    auto value = ParseBool(text);
    if (value.ok()) *target = *value;
    return value.status();
  };
  flags_.push_back({name, '\0', true, *target ? "true" : "", description, set});
}

void FlagSet::Add(const std::string& name, int64_t* target, const std::string& description) {
  const auto set = [target](const std::string& text) -> absl::Status {
    auto value = ParseInt(text, 0);
    if (value.ok()) *target = *value;
    return value.status();
  };
  flags_.push_back(
      {name, '\0', false, *target == 0 ? "" : absl::StrCat(*target), description, set});
}

void FlagSet::Add(const std::string& name, std::string* target, const std::string& description) {
  const auto set = [target](const std::string& text) {
    *target = text;
    return absl::OkStatus();
  };
  flags_.push_back({name, '\0', false, *target, description, set});
}

void FlagSet::Add(const std::string& name, absl::Duration* target, const std::string& description) {
  const auto set = [target](const std::string& text) -> absl::Status {
    auto value = DurationFromText(text);
    if (value.ok()) *target = *value;
    return value.status();
  };
  flags_.push_back({name, '\0', false, DurationText(*target), description, set});
}

void FlagSet::Add(const std::string& name, std::vector<std::string>* target,
                  const std::string& description) {
  const auto set = [target](const std::string& text) {
    *target = absl::StrSplit(text, ',', absl::SkipWhitespace());
    return absl::OkStatus();
  };
  flags_.push_back({name, '\0', false, absl::StrJoin(*target, ","), description, set});
}

Flag* FlagSet::Find(const std::string& name) {
  const auto found = std::ranges::find(flags_, name, &Flag::name);
  return found == flags_.end() ? nullptr : &*found;
}

const Flag* FlagSet::Find(const std::string& name) const {
  const auto found = std::ranges::find(flags_, name, &Flag::name);
  return found == flags_.end() ? nullptr : &*found;
}

const Flag* FlagSet::FindShorthand(char letter) const {
  const auto found = std::ranges::find(flags_, letter, &Flag::shorthand);
  return found == flags_.end() || letter == '\0' ? nullptr : &*found;
}

absl::Status FlagSet::ParseLong(const std::vector<std::string>& words, size_t& at) {
  const std::string& word = words[at];
  const size_t equals = word.find('=');
  const std::string name = word.substr(2, equals == std::string::npos ? equals : equals - 2);
  Flag* flag = Find(name);
  if (flag == nullptr) return absl::InvalidArgumentError(absl::StrCat("unknown flag: --", name));
  if (equals != std::string::npos) return Assign(*flag, word.substr(equals + 1));
  if (flag->is_bool) return Assign(*flag, "true");
  if (at + 1 == words.size()) {
    return absl::InvalidArgumentError(absl::StrCat("flag needs an argument: --", name));
  }
  return Assign(*flag, words[++at]);
}

absl::Status FlagSet::ParseShort(const std::vector<std::string>& words, size_t& at) {
  const std::string& word = words[at];
  for (size_t i = 1; i < word.size(); ++i) {
    const Flag* known = FindShorthand(word[i]);
    const std::string letter = absl::StrCat("'", std::string(1, word[i]), "' in ", word);
    if (known == nullptr) {
      return absl::InvalidArgumentError(absl::StrCat("unknown shorthand flag: ", letter));
    }
    Flag& flag = *Find(known->name);
    const std::string rest = word.substr(i + 1);
    if (!rest.empty() && rest[0] == '=') return Assign(flag, rest.substr(1));
    if (!flag.is_bool && !rest.empty()) return Assign(flag, rest);
    if (!flag.is_bool && at + 1 == words.size()) {
      return absl::InvalidArgumentError(absl::StrCat("flag needs an argument: ", letter));
    }
    if (!flag.is_bool) return Assign(flag, words[++at]);
    absl::Status assigned = Assign(flag, "true");
    if (!assigned.ok()) return assigned;
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<std::string>> FlagSet::Parse(const std::vector<std::string>& words) {
  std::vector<std::string> arguments;
  for (size_t at = 0; at < words.size(); ++at) {
    const std::string& word = words[at];
    if (word == "--") {
      arguments_before_dash_ = arguments.size();
      arguments.insert(arguments.end(), words.begin() + static_cast<std::ptrdiff_t>(at) + 1,
                       words.end());
      break;
    }
    absl::Status parsed;
    if (IsLong(word)) {
      parsed = ParseLong(words, at);
    } else if (IsShort(word)) {
      parsed = ParseShort(words, at);
    } else {
      arguments.push_back(word);
    }
    if (!parsed.ok()) return parsed;
  }
  return arguments;
}

bool FlagSet::TakesNextWord(const std::string& word) const {
  if (absl::StrContains(word, "=")) return false;
  if (IsLong(word)) {
    const Flag* flag = Find(word.substr(2));
    return flag != nullptr && !flag->is_bool;
  }
  // Only the last letter of a group can have its value in the next word.
  const Flag* flag = word.size() == 2 ? FindShorthand(word[1]) : nullptr;
  return flag != nullptr && !flag->is_bool;
}

std::vector<size_t> FlagSet::ArgumentPositions(const std::vector<std::string>& words) const {
  std::vector<size_t> positions;
  for (size_t at = 0; at < words.size() && words[at] != "--"; ++at) {
    if (!IsLong(words[at]) && !IsShort(words[at])) {
      positions.push_back(at);
    } else if (TakesNextWord(words[at])) {
      ++at;
    }
  }
  return positions;
}

absl::Status FlagSet::SetDefault(const std::string& name, const std::string& value) {
  Flag* flag = Find(name);
  if (flag == nullptr || flag->given) return absl::OkStatus();
  absl::Status assigned = Assign(*flag, value);
  flag->given = false;
  return assigned;
}

}  // namespace stele::cli
