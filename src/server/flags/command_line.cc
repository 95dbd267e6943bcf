#include "src/server/flags/command_line.h"

#include "absl/strings/str_join.h"
#include "fmt/format.h"
#include "src/server/api/maintenance.h"
#include "src/server/flags/command_words.h"
#include "src/server/flags/config_file.h"
#include "src/server/flags/flag_table.h"
#include "src/server/flags/flag_value.h"
#include "src/server/flags/help_text.h"

namespace stele::server {
namespace {

std::string VersionText() {
  return fmt::format("steled Version: {}\netcd Version: {}\nCompiler: GCC {}\nOS/Arch: linux/{}\n",
                     STELE_VERSION, kApiVersion, __VERSION__,
#if defined(__x86_64__)
                     "amd64"
#elif defined(__aarch64__)
                     "arm64"
#else
                     "other"
#endif
  );
}

// Where --config-file says; empty: nowhere.
struct FileChoice {
  std::string path;
  std::string origin;
};

FileChoice ChooseFile(const std::vector<GivenFlag>& words, const Environment& environment) {
  const GivenFlag* word = LastGiven(*FindFlag("config-file"), words);
  if (word != nullptr && !word->value.empty()) return {word->value, word->origin};
  const Environment::value_type* variable = VariableFor(*FindFlag("config-file"), environment);
  return variable == nullptr ? FileChoice{} : FileChoice{variable->second, variable->first};
}

// What the file wins over.
void WarnOfUnread(const FileChoice& file, const std::vector<GivenFlag>& words,
                  const std::vector<GivenFlag>& variables, std::vector<std::string>* warnings) {
  std::vector<std::string> unread;
  for (const std::vector<GivenFlag>* flags : {&words, &variables}) {
    for (const GivenFlag& given : *flags) {
      if (given.row->name != "config-file") unread.push_back(given.origin);
    }
  }
  if (unread.empty()) return;
  warnings->push_back(
      fmt::format("{} is used, so these are ignored: {}", file.path, absl::StrJoin(unread, ", ")));
}

// All that counts, whatever it came from.
absl::StatusOr<std::vector<GivenFlag>> Collect(const std::vector<GivenFlag>& words,
                                               const Environment& environment,
                                               CommandLine* result) {
  const FileChoice file = ChooseFile(words, environment);
  std::vector<std::string> warnings;
  absl::StatusOr<std::vector<GivenFlag>> variables =
      FlagsOfEnvironment(environment, words, &warnings);
  if (!file.path.empty()) {
    if (!variables.ok()) variables = std::vector<GivenFlag>();  // nobody reads them
    WarnOfUnread(file, words, *variables, &result->warnings);
    result->options.from_file = true;
    return ReadConfigFile(file.path, file.origin);
  }
  if (!variables.ok()) return variables.status();
  result->warnings = std::move(warnings);
  std::vector<GivenFlag> all = *std::move(variables);
  all.insert(all.end(), words.begin(), words.end());
  return all;
}

absl::Status Take(const GivenFlag& given, CommandLine* result) {
  const FlagRow& row = *given.row;
  if (row.fate != FlagFate::kWorks && !AsksForSomething(row, given.value)) return absl::OkStatus();
  if (row.fate == FlagFate::kRefused) {
    return WrongOptions(fmt::format("{}: {}", given.origin, row.instead));
  }
  if (row.fate == FlagFate::kIgnored) {
    result->warnings.push_back(fmt::format("{} is ignored: {}", given.origin, row.instead));
    return absl::OkStatus();
  }
  result->options.origins[std::string(row.name)] = given.origin;
  if (row.target.index() != 0) StoreValue(row, given.value, &result->options);
  if (row.check == nullptr) return absl::OkStatus();
  absl::Status status = row.check(given.value, &result->warnings);
  if (status.ok()) return status;
  const std::string text = fmt::format("{}: {}", given.origin, std::string(status.message()));
  return given.origin.starts_with("--") ? WrongWord(text) : WrongOptions(text);
}

}  // namespace

Options StandardOptions() {
  Options options;
  for (const FlagGroup& group : FlagGroups()) {
    for (const FlagRow& row : group.rows) {
      if (row.target.index() != 0) StoreValue(row, row.standard, &options);
    }
  }
  return options;
}

absl::StatusOr<CommandLine> ParseCommandLine(const std::vector<std::string>& arguments,
                                             const Environment& environment) {
  absl::StatusOr<CommandWords> words = ParseWords(arguments);
  if (!words.ok()) return words.status();
  CommandLine result;
  const GivenFlag* version = LastGiven(*FindFlag("version"), words->flags);
  if (words->help ||
      (version != nullptr && *CanonicalValue(*version->row, version->value) == "true")) {
    result.outcome = CommandLineOutcome::kPrintAndExit;
    result.text = words->help ? HelpText() : VersionText();
    return result;
  }
  result.options = StandardOptions();
  absl::StatusOr<std::vector<GivenFlag>> given = Collect(words->flags, environment, &result);
  if (!given.ok()) return given.status();
  for (const GivenFlag& flag : *given) {
    if (LastGiven(*flag.row, *given) != &flag) continue;  // the last one counts
    if (absl::Status status = Take(flag, &result); !status.ok()) return status;
  }
  if (absl::Status status = ValidateOptions(&result.options); !status.ok()) return status;
  return result;
}

}  // namespace stele::server
