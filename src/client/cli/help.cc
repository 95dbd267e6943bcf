#include "src/client/cli/help.h"

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace stele::cli {
namespace {

std::string FlagLines(const FlagSet& flags) {
  std::string text;
  for (const Flag& flag : flags.flags()) {
    const std::string shorthand =
        flag.shorthand == '\0' ? "    " : absl::StrCat("-", std::string(1, flag.shorthand), ", ");
    const std::string name = absl::StrCat("--", flag.name, flag.is_bool ? "" : "=...");
    absl::StrAppendFormat(&text, "  %s%-28s %s", shorthand, name, flag.description);
    if (!flag.default_text.empty()) absl::StrAppend(&text, " (default ", flag.default_text, ")");
    text += "\n";
  }
  return text;
}

}  // namespace

std::string HelpOfGroup(const std::string& group, const std::vector<Command>& commands,
                        const FlagSet& global) {
  std::string text =
      group.empty() ? "stele - the command line of Stele, a replicated key-value store\n\nUsage:\n"
                      "  stele [flags] <command> [arguments]\n\nCommands:\n"
                    : absl::StrCat("Usage:\n  stele ", group,
                                   " <command> [flags] [arguments]\n\nCommands:\n");
  for (const Command& command : commands) {
    if (!group.empty() && !absl::StartsWith(command.path, absl::StrCat(group, " "))) continue;
    absl::StrAppendFormat(&text, "  %-18s %s\n", command.path, command.summary);
  }
  absl::StrAppend(&text, "\nFlags of every command (also STELE_ENDPOINTS and so on in the ",
                  "environment):\n", FlagLines(global),
                  "\n`stele help <command>` shows a command's own flags and examples.\n");
  return text;
}

std::string HelpOf(const Command& command, const FlagSet& own) {
  std::string text =
      absl::StrCat(command.path, " - ", command.summary, "\n\nUsage:\n  stele ", command.path,
                   command.arguments.empty() ? "" : " ", command.arguments, " [flags]\n");
  if (!own.flags().empty()) absl::StrAppend(&text, "\nFlags:\n", FlagLines(own));
  if (!command.details.empty()) absl::StrAppend(&text, "\nExamples:\n", command.details);
  return text + "\n`stele help` shows the flags of every command.\n";
}

}  // namespace stele::cli
