// The help texts. Pure.
#pragma once

#include <string>
#include <vector>

#include "src/client/cli/command.h"
#include "src/client/cli/flags.h"

namespace stele::cli {

// All commands whose path starts with `group` (empty: all), and the global flags.
std::string HelpOfGroup(const std::string& group, const std::vector<Command>& commands,
                        const FlagSet& global);

// One command with its own flags and examples.
std::string HelpOf(const Command& command, const FlagSet& own);

}  // namespace stele::cli
