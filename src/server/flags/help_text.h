// The flag table for people.
#pragma once

#include <string>

namespace stele::server {

// What --help prints.
std::string HelpText();

// docs/flags.md.
std::string FlagsPage();

}  // namespace stele::server
