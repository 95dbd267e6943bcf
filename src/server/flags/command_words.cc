#include "src/server/flags/command_words.h"

#include <optional>

#include "fmt/format.h"
#include "src/server/flags/flag_table.h"
#include "src/server/flags/flag_value.h"
#include "src/server/flags/nearest.h"

namespace stele::server {
namespace {

struct Word {
  std::string flag;  // without dashes
  std::optional<std::string> value;
};

bool IsFlag(const std::string& word) { return word.size() > 1 && word[0] == '-' && word != "--"; }

Word SplitWord(const std::string& word) {
  const std::string rest = word.substr(word.starts_with("--") ? 2 : 1);
  const std::size_t equals = rest.find('=');
  if (equals == std::string::npos) return {rest, std::nullopt};
  return {rest.substr(0, equals), rest.substr(equals + 1)};
}

bool NeedsNoValue(FlagKind kind) { return kind == FlagKind::kBool || kind == FlagKind::kAny; }

absl::Status Stray(const std::string& word, const GivenFlag* before) {
  std::string advice;
  if (before != nullptr && NeedsNoValue(before->row->kind)) {
    advice = fmt::format(" ({} takes a value only behind '=')", before->origin);
  }
  return WrongOptions(fmt::format("'{}' is not a valid flag{}", word, advice));
}

}  // namespace

absl::StatusOr<CommandWords> ParseWords(const std::vector<std::string>& words) {
  CommandWords result;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (!IsFlag(words[i])) {
      const bool is_end = words[i] == "--";  // of the flags: arguments would follow
      if (is_end && i + 1 == words.size()) break;
      return Stray(words[is_end ? i + 1 : i],
                   result.flags.empty() ? nullptr : &result.flags.back());
    }
    Word word = SplitWord(words[i]);
    if (word.flag.empty() || word.flag[0] == '-') {
      return WrongWord(fmt::format("bad flag syntax: {}", words[i]));
    }
    const FlagRow* row = FindFlag(word.flag);
    if (row == nullptr && (word.flag == "help" || word.flag == "h")) {
      result.help = true;
      return result;
    }
    if (row == nullptr || IsFileKey(word.flag)) {
      return WrongWord(fmt::format("flag provided but not defined: --{}{}", word.flag,
                                   DidYouMean(word.flag, FlagNames(), "--")));
    }
    if (!word.value && NeedsNoValue(row->kind)) word.value = "true";
    if (!word.value && i + 1 == words.size()) {
      return WrongWord(fmt::format("flag needs an argument: --{}", word.flag));
    }
    if (!word.value) word.value = words[++i];
    const absl::Status status = CanonicalValue(*row, *word.value).status();
    if (!status.ok()) {
      return WrongWord(
          fmt::format("invalid value for flag --{}: {}", word.flag, std::string(status.message())));
    }
    result.flags.push_back({row, *std::move(word.value), "--" + word.flag});
  }
  return result;
}

}  // namespace stele::server
