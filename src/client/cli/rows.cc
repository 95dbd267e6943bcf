#include "src/client/cli/rows.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "src/client/cli/go_text.h"
#include "src/client/cli/utf8.h"

namespace stele::cli {
namespace {

std::string BoolText(bool value) { return value ? "true" : "false"; }

size_t Width(std::string_view text) {
  size_t width = 0;
  while (!text.empty()) {
    text.remove_prefix(DecodeRune(text).length);
    ++width;
  }
  return width;
}

std::string Rule(const std::vector<size_t>& widths) {
  std::string line = "+";
  for (const size_t width : widths) line.append(width + 2, '-').append("+");
  return line + "\n";
}

std::string DrawRow(const Row& row, const std::vector<size_t>& widths, bool centred) {
  std::string line = "|";
  for (size_t i = 0; i < row.size(); ++i) {
    const size_t gap = widths[i] - Width(row[i]);
    const size_t left = centred ? gap / 2 : gap;
    line.append(left + 1, ' ').append(row[i]).append(gap - left + 1, ' ').append("|");
  }
  return line + "\n";
}

}  // namespace

Table MemberTable(const etcdserverpb::MemberListResponse& response) {
  Table table{{"ID", "STATUS", "NAME", "PEER ADDRS", "CLIENT ADDRS", "IS LEARNER"}, {}};
  for (const auto& member : response.members()) {
    // A member tells its name when it starts for the first time.
    table.rows.push_back({absl::StrCat(absl::Hex(member.id())),
                          member.name().empty() ? "unstarted" : "started", member.name(),
                          absl::StrJoin(member.peerurls(), ","),
                          absl::StrJoin(member.clienturls(), ","), BoolText(member.islearner())});
  }
  return table;
}

Table StatusTable(const std::vector<EndpointStatus>& statuses) {
  Table table{{"ENDPOINT", "ID", "VERSION", "DB SIZE", "IS LEADER", "IS LEARNER", "RAFT TERM",
               "RAFT INDEX", "RAFT APPLIED INDEX", "ERRORS"},
              {}};
  for (const auto& [endpoint, status] : statuses) {
    table.rows.push_back({endpoint, absl::StrCat(absl::Hex(status.header().member_id())),
                          status.version(), FormatByteSize(static_cast<uint64_t>(status.dbsize())),
                          BoolText(status.leader() == status.header().member_id()),
                          BoolText(status.islearner()), absl::StrCat(status.raftterm()),
                          absl::StrCat(status.raftindex()), absl::StrCat(status.raftappliedindex()),
                          absl::StrJoin(status.errors(), ", ")});
  }
  return table;
}

Table HealthTable(const std::vector<EndpointHealth>& healths) {
  Table table{{"ENDPOINT", "HEALTH", "TOOK", "ERROR"}, {}};
  for (const EndpointHealth& health : healths) {
    table.rows.push_back(
        {health.endpoint, BoolText(health.healthy), DurationText(health.took), health.error});
  }
  return table;
}

Table HashTable(const std::vector<EndpointHash>& hashes) {
  Table table{{"ENDPOINT", "HASH"}, {}};
  for (const auto& [endpoint, hash] : hashes) {
    table.rows.push_back({endpoint, absl::StrCat(hash.hash())});
  }
  return table;
}

std::string Draw(const Table& table) {
  std::vector<size_t> widths;
  for (size_t i = 0; i < table.heading.size(); ++i) {
    size_t width = Width(table.heading[i]);
    for (const Row& row : table.rows) width = std::max(width, Width(row[i]));
    widths.push_back(width);
  }
  const std::string rule = Rule(widths);
  std::string text = rule + DrawRow(table.heading, widths, /*centred=*/true) + rule;
  if (table.rows.empty()) return text;
  for (const Row& row : table.rows) text += DrawRow(row, widths, /*centred=*/false);
  return text + rule;
}

}  // namespace stele::cli
