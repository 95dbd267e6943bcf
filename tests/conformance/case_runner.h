// Runs one case against one server or cluster.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "tests/conformance/case.h"

namespace stele::conformance {

struct CaseResult {
  // Nothing if the case passed; else lines for people, the first of which names file and line.
  std::vector<std::string> problems;
  // For every line that asks to be recorded: what is to stand there.
  std::map<int, std::vector<std::string>> recordings;
  int calls = 0;
};

// `addresses` are the members' client addresses, from member 1 on. `group` is nullptr unless the
// servers belong to this case alone. All keys of the case start with `prefix`; what the case leaves
// behind is removed, so that cases can run one after another on the same server.
CaseResult RunCase(const Case& test, const std::vector<std::string>& addresses, ServerGroup* group,
                   const std::string& prefix);

}  // namespace stele::conformance
