#include "src/client/cli/advice.h"

#include <array>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"

namespace stele::cli {
namespace {

struct Advice {
  const char* end;  // of the server's message
  const char* next;
};

constexpr std::array<Advice, 13> kAdvice = {{
    {"database space exceeded",
     "make space with `stele compaction` and `stele defrag --cluster`, then `stele alarm disarm`"},
    {"required revision has been compacted",
     "that history is gone: read without --rev, or from a newer revision"},
    {"required revision is a future revision",
     "`stele get '' -w fields --prefix --limit 1` shows the newest revision"},
    {"requested lease not found",
     "it has run out or was revoked; `stele lease list` shows the others"},
    {"too large lease TTL", "at most 9000000000 seconds"},
    {"corrupt cluster", "see `stele alarm list` and `stele endpoint hashkv --cluster`"},
    {"request is too large", "at most 1.5 MiB; split it, or raise steled's --max-request-bytes"},
    {"too many operations in txn request",
     "at most 128; split it, or raise steled's --max-txn-ops"},
    {"too many requests", "the cluster is overloaded: try again in a moment"},
    {"no leader", "are enough members running? See `stele endpoint status --cluster`"},
    {"not leader", "name the leader's endpoint; `stele endpoint status --cluster` shows it"},
    {"rpc not supported for learner",
     "ask a voting member; `stele member list -w table` shows them"},
    {"unhealthy cluster", "not all members answer; see `stele endpoint health --cluster`"},
}};

}  // namespace

std::string AdviceFor(const std::string& message) {
  // What is ours says it already.
  if (!absl::StrContains(message, "etcdserver: ")) return "";
  const absl::string_view text = absl::StripSuffix(message, ")");
  for (const Advice& advice : kAdvice) {
    if (absl::EndsWith(text, advice.end)) return absl::StrCat("; ", advice.next);
  }
  return "";
}

}  // namespace stele::cli
