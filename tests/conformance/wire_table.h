// Reads the tab-separated tables in tests/conformance/data.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace stele::conformance {

// The rows of `file_name` (a name inside the data directory) without its heading. Every row is
// padded with empty cells to the width of the heading. Empty when the file cannot be read.
std::vector<std::vector<std::string>> ReadTable(std::string_view file_name);

}  // namespace stele::conformance
