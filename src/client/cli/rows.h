// Members and endpoints as rows of text, for the formats that print one row each. Pure.
#pragma once

#include <string>
#include <vector>

#include "src/client/cli/printer.h"

namespace stele::cli {

using Row = std::vector<std::string>;

struct Table {
  Row heading;
  std::vector<Row> rows;
};

Table MemberTable(const etcdserverpb::MemberListResponse& response);
Table StatusTable(const std::vector<EndpointStatus>& statuses);
Table HealthTable(const std::vector<EndpointHealth>& healths);
Table HashTable(const std::vector<EndpointHash>& hashes);

// With borders; headings centred, cells to the right.
std::string Draw(const Table& table);

}  // namespace stele::cli
