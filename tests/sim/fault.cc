#include "tests/sim/fault.h"

#include <array>
#include <cmath>
#include <cstdint>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "tests/sim/text.h"

namespace stele::sim {
namespace {

constexpr std::array<std::string_view, 10> kKinds = {"crash", "pause", "block", "clog", "transfer",
                                                     "conf",  "stall", "slow",  "full", "disk"};

std::string ListText(const std::vector<raft::NodeId>& ids) {
  return absl::StrJoin(ids, ",",
                       [](std::string* out, raft::NodeId id) { absl::StrAppend(out, id.value); });
}

bool ParseId(std::string_view text, raft::NodeId* id) {
  return ParseNumber(text, &id->value) && id->value > 0;
}

bool ParseList(std::string_view text, std::vector<raft::NodeId>* ids) {
  for (const std::string_view part : PiecesOf(text, ',')) {
    if (!ParseId(part, &ids->emplace_back())) return false;
  }
  return true;
}

bool ParseLinks(std::string_view text, Fault::Links* links) {
  for (const std::string_view part : PiecesOf(text, ',')) {
    const std::pair<std::string_view, std::string_view> ends = SplitOnce(part, '>');
    auto& [from, to] = links->emplace_back();
    if (!ParseId(ends.first, &from) || !ParseId(ends.second, &to)) return false;
  }
  return true;
}

bool ParseField(std::string_view key, std::string_view value, Fault* fault) {
  if (key == "member") return ParseId(value, &fault->member);
  if (key == "amount") return ParseNumber(value, &fault->amount);
  if (key == "links") return ParseLinks(value, &fault->links);
  if (key == "voters") return ParseList(value, &fault->voters);
  if (key == "learners") return ParseList(value, &fault->learners);
  if (key == "mode") {
    fault->mode = std::string(value);
    return true;
  }
  if (key != "until") return false;
  const std::optional<Micros> until = MicrosFromText(value);
  fault->until = until.value_or(0);
  return until.has_value();
}

}  // namespace

std::string SecondsText(Micros time) {
  return absl::StrFormat("%d.%06d", time / kSecond, time % kSecond);
}

std::optional<Micros> MicrosFromText(std::string_view text) {
  double seconds = 0;
  if (!ParseNumber(text, &seconds)) return std::nullopt;
  return static_cast<Micros>(std::llround(seconds * static_cast<double>(kSecond)));
}

std::string ToText(const Fault& fault) {
  std::string text = absl::StrCat(SecondsText(fault.at), " ",
                                  std::string(kKinds[static_cast<std::size_t>(fault.kind)]));
  if (fault.member != raft::kNoNode) absl::StrAppend(&text, " member=", fault.member.value);
  if (fault.amount != 0) absl::StrAppend(&text, " amount=", fault.amount);
  if (!fault.links.empty()) {
    absl::StrAppend(&text, " links=", absl::StrJoin(fault.links, ",", [](auto* out, auto& link) {
      absl::StrAppend(out, link.first.value, ">", link.second.value);
    }));
  }
  if (!fault.voters.empty()) absl::StrAppend(&text, " voters=", ListText(fault.voters));
  if (!fault.learners.empty()) absl::StrAppend(&text, " learners=", ListText(fault.learners));
  if (!fault.mode.empty()) absl::StrAppend(&text, " mode=", fault.mode);
  if (fault.until != 0) absl::StrAppend(&text, " until=", SecondsText(fault.until));
  return text;
}

std::optional<Fault> FaultFromText(std::string_view line) {
  const std::vector<std::string_view> words = PiecesOf(line, ' ');
  if (words.size() < 2) return std::nullopt;
  Fault fault;
  const std::optional<Micros> at = MicrosFromText(words[0]);
  if (!at) return std::nullopt;
  fault.at = *at;
  std::size_t kind = 0;
  while (kind < kKinds.size() && kKinds[kind] != words[1]) ++kind;
  if (kind == kKinds.size()) return std::nullopt;
  fault.kind = static_cast<Fault::Kind>(kind);
  for (std::size_t i = 2; i < words.size(); ++i) {
    const std::pair<std::string_view, std::string_view> field = SplitOnce(words[i], '=');
    if (!ParseField(field.first, field.second, &fault)) return std::nullopt;
  }
  return fault;
}

}  // namespace stele::sim
