// Scripts that let a shell complete the words of the command line. Pure.
#pragma once

#include <string>
#include <vector>

namespace stele::cli {

// A command as a shell needs to know it.
struct CompletionEntry {
  std::string path;  // "lease grant"
  std::string summary;
  std::vector<std::string> flags;  // "--ttl="; those with a value end in "="
};

// `global` are the flags of every command.
std::string BashCompletion(const std::vector<CompletionEntry>& commands,
                           const std::vector<std::string>& global);
std::string ZshCompletion(const std::vector<CompletionEntry>& commands,
                          const std::vector<std::string>& global);
std::string FishCompletion(const std::vector<CompletionEntry>& commands,
                           const std::vector<std::string>& global);

}  // namespace stele::cli
