// What to do about an error that a server's own text does not tell. Pure.
#pragma once

#include <string>

namespace stele::cli {

// The rest of the line behind the error's text: "; ...", or nothing when there is nothing to add.
std::string AdviceFor(const std::string& message);

}  // namespace stele::cli
