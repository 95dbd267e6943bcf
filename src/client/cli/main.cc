// The program `stele`: finds the command, parses its flags, runs it, reports how it ended.
#include <unistd.h>

#include <cstdio>
#include <iostream>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "src/client/cli/advice.h"
#include "src/client/cli/command.h"
#include "src/client/cli/completion.h"
#include "src/client/cli/exit_status.h"
#include "src/client/cli/help.h"

namespace stele::cli {
namespace {

// The level of etcd's API that is spoken.
constexpr char kApiVersion[] = "3.6";

absl::Status PrintVersion(Session& /*session*/, const std::vector<std::string>& /*arguments*/) {
  Session::Write(
      absl::StrCat("stele version: ", STELE_VERSION, "\nAPI version: ", kApiVersion, "\n"));
  return absl::OkStatus();
}

std::vector<std::string> FlagWords(const FlagSet& set) {
  std::vector<std::string> words;
  for (const Flag& flag : set.flags()) {
    words.push_back(absl::StrCat("--", flag.name, flag.is_bool ? "" : "="));
  }
  return words;
}

using CompletionScript = std::string (*)(const std::vector<CompletionEntry>&,
                                         const std::vector<std::string>&);

std::vector<Command> AllCommands();

absl::Status PrintCompletion(CompletionScript script) {
  std::vector<CompletionEntry> entries;
  for (const Command& command : AllCommands()) {
    FlagSet own;
    const Runner runner = command.prepare(own);  // owns what the flags point to
    entries.push_back({command.path, command.summary, FlagWords(own)});
  }
  FlagSet global;
  GlobalFlags global_flags;
  global_flags.Register(global);
  bool help = false;
  global.Add("help", &help, "");
  Session::Write(script(entries, FlagWords(global)));
  return absl::OkStatus();
}

Command CompletionCommand(const std::string& shell, const std::string& how,
                          CompletionScript script) {
  return {absl::StrCat("completion ", shell), "",
          absl::StrCat("Prints the completion script for ", shell), absl::StrCat("  ", how, "\n"),
          [script](FlagSet&) -> Runner {
            return [script](Session&, const std::vector<std::string>&) {
              return PrintCompletion(script);
            };
          }};
}

std::vector<Command> AllCommands() {
  std::vector<Command> commands;
  for (auto* group :
       {KvCommands, TxnCommands, WatchCommands, LeaseCommands, LockCommands, MemberCommands,
        EndpointCommands, MaintenanceCommands, CheckCommands, MirrorCommands}) {
    for (Command& command : group()) commands.push_back(std::move(command));
  }
  commands.push_back(CompletionCommand(
      "bash", "source <(stele completion bash)      for this shell; put it into ~/.bashrc",
      BashCompletion));
  commands.push_back(CompletionCommand(
      "zsh", "source <(stele completion zsh)       for this shell; put it into ~/.zshrc",
      ZshCompletion));
  commands.push_back(CompletionCommand(
      "fish", "stele completion fish > ~/.config/fish/completions/stele.fish", FishCompletion));
  commands.push_back({"version", "", "Prints the version of this program", "",
                      [](FlagSet&) -> Runner { return PrintVersion; }});
  return commands;
}

// A usage error in the form scripts and people know, with where to look.
absl::Status UsageError(const std::string& message, const std::string& help_of) {
  return Failure(kExitError, absl::StrCat(message, "\nRun 'stele ", help_of.empty() ? "" : help_of,
                                          help_of.empty() ? "--help" : " --help", "' for usage."));
}

class Program {
 public:
  explicit Program(std::vector<std::string> words)
      : words_(std::move(words)), commands_(AllCommands()) {}

  absl::Status Run() {
    FlagSet global;
    GlobalFlags global_flags;
    global_flags.Register(global);
    bool help = TakeHelpWord(global);
    const Command* command = TakeCommand(global);
    if (command == nullptr && !unknown_.empty() && !help) {
      return UsageError(absl::StrCat("unknown command \"", unknown_, "\" for \"stele",
                                     group_.empty() ? "" : " ", group_, "\""),
                        group_);
    }
    FlagSet flags;
    Runner runner;
    if (command != nullptr) runner = command->prepare(flags);
    const FlagSet own = flags;
    global_flags.Register(flags);
    flags.Add("help", &help, "Show this text");
    flags.Shorthand('h');
    auto arguments = flags.Parse(words_);
    if (!arguments.ok()) {
      return UsageError(std::string(arguments.status().message()),
                        command == nullptr ? group_ : command->path);
    }
    if (help || command == nullptr) {
      Session::Write(command == nullptr ? HelpOfGroup(group_, commands_, global)
                                        : HelpOf(*command, own));
      return absl::OkStatus();
    }
    absl::Status ready = GlobalFlags::ReadEnvironment(flags);
    if (!ready.ok()) return ready;
    if (ready = global_flags.Check(); !ready.ok()) return ready;
    Session session(global_flags);
    return runner(session, *arguments);
  }

 private:
  // Removes a leading `help`.
  bool TakeHelpWord(const FlagSet& global) {
    const auto positions = global.ArgumentPositions(words_);
    if (positions.empty() || words_[positions[0]] != "help") return false;
    Erase(positions[0]);
    return true;
  }

  // Removes the words that name the command and finds it. Null when they name none: unknown_ is
  // then the word that fits nothing, empty when there is none, and group_ what came before it.
  const Command* TakeCommand(const FlagSet& global) {
    while (true) {
      const auto positions = global.ArgumentPositions(words_);
      if (positions.empty()) return nullptr;
      const std::string word = words_[positions[0]];
      const std::string path = group_.empty() ? word : absl::StrCat(group_, " ", word);
      bool is_group = false;
      for (const Command& command : commands_) {
        if (command.path == path) {
          Erase(positions[0]);
          return &command;
        }
        is_group = is_group || absl::StartsWith(command.path, absl::StrCat(path, " "));
      }
      if (!is_group) {
        unknown_ = word;
        return nullptr;
      }
      Erase(positions[0]);
      group_ = path;
    }
  }

  void Erase(size_t position) {
    words_.erase(words_.begin() + static_cast<std::ptrdiff_t>(position));
  }

  std::vector<std::string> words_;
  const std::vector<Command> commands_;
  std::string group_;
  std::string unknown_;
};

}  // namespace
}  // namespace stele::cli

int main(int argc, char** argv) {
  std::ios::sync_with_stdio(false);
  stele::cli::Program program({argv + 1, argv + argc});
  const absl::Status status = program.Run();
  if (!status.ok() && !status.message().empty()) {
    const std::string message(status.message());
    // Scripts get the server's words alone, people also what to do next.
    const std::string advice =
        isatty(STDERR_FILENO) == 1 ? stele::cli::AdviceFor(message) : std::string();
    std::fprintf(stderr, "Error: %s%s\n", message.c_str(), advice.c_str());
  }
  return stele::cli::ExitCodeOf(status);
}
