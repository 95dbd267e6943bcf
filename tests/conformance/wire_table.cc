#include "tests/conformance/wire_table.h"

#include <fstream>

#include "absl/strings/str_split.h"

namespace stele::conformance {

std::vector<std::vector<std::string>> ReadTable(std::string_view file_name) {
  std::ifstream file(std::string(STELE_SOURCE_DIR "/tests/conformance/data/").append(file_name));
  std::vector<std::vector<std::string>> rows;
  std::string line;
  size_t width = 0;
  while (std::getline(file, line)) {
    std::vector<std::string> cells = absl::StrSplit(line, '\t');
    if (width == 0) {
      width = cells.size();
      continue;
    }
    cells.resize(width);
    rows.push_back(std::move(cells));
  }
  return rows;
}

}  // namespace stele::conformance
