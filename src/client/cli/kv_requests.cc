#include "src/client/cli/kv_requests.h"

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "src/client/cli/exit_status.h"
#include "src/client/cli/go_text.h"

namespace stele::cli {
namespace {

using etcdserverpb::RangeRequest;

absl::Status BadArguments(const std::string& message) {
  return Failure(kExitBadArguments, message);
}

absl::Status CheckRangeFlags(bool prefix, bool from_key) {
  if (!prefix || !from_key) return absl::OkStatus();
  return BadArguments("`--prefix` and `--from-key` cannot be set at the same time, choose one");
}

absl::StatusOr<RangeRequest::SortOrder> ParseOrder(const std::string& text) {
  const std::string name = absl::AsciiStrToUpper(text);
  if (name.empty()) return RangeRequest::NONE;
  if (name == "ASCEND") return RangeRequest::ASCEND;
  if (name == "DESCEND") return RangeRequest::DESCEND;
  return Failure(kExitBadFeature, absl::StrCat("bad sort order ", text));
}

absl::StatusOr<RangeRequest::SortTarget> ParseTarget(const std::string& text) {
  const std::string name = absl::AsciiStrToUpper(text);
  if (name.empty() || name == "KEY") return RangeRequest::KEY;
  if (name == "CREATE") return RangeRequest::CREATE;
  if (name == "MODIFY") return RangeRequest::MOD;
  if (name == "VALUE") return RangeRequest::VALUE;
  if (name == "VERSION") return RangeRequest::VERSION;
  return Failure(kExitBadFeature, absl::StrCat("bad sort target ", text));
}

}  // namespace

void GetFlags::Register(FlagSet& flags) {
  flags.Add("consistency", &consistency, "Linearizable (l) or serializable (s) read");
  flags.Add("count-only", &count_only, "Only count the keys; for `-w fields` and `-w json`");
  flags.Add("from-key", &from_key, "All keys from the given one on");
  flags.Add("keys-only", &keys_only, "Only the keys, no values");
  flags.Add("limit", &limit, "At most so many keys; 0 means all");
  flags.Add("order", &order, "ASCEND or DESCEND");
  flags.Add("prefix", &prefix, "All keys that start with the given one");
  flags.Add("print-value-only", &values_only, "Only the values, in the simple format");
  flags.Add("rev", &revision, "Read as of this revision; 0 means the newest");
  flags.Add("sort-by", &sort_by, "CREATE, KEY, MODIFY, VALUE or VERSION");
}

void PutFlags::Register(FlagSet& flags) {
  flags.Add("ignore-lease", &ignore_lease, "Keep the key's lease");
  flags.Add("ignore-value", &ignore_value, "Keep the key's value");
  flags.Add("lease", &lease, "Lease (in hexadecimal) to attach to the key");
  flags.Add("prev-kv", &prev_kv, "Print the pair that was replaced");
}

void DeleteFlags::Register(FlagSet& flags) {
  flags.Add("from-key", &from_key, "All keys from the given one on");
  flags.Add("prefix", &prefix, "All keys that start with the given one");
  flags.Add("prev-kv", &prev_kv, "Print the deleted pairs");
}

absl::StatusOr<int64_t> ParseLeaseId(const std::string& text, const std::string& what) {
  auto id = ParseInt(text, 16);
  if (id.ok()) return id;
  return BadArguments(
      absl::StrCat(what, " (", std::string(id.status().message()), "), expecting ID in Hex"));
}

absl::StatusOr<RangeRequest> BuildRange(const GetFlags& flags, const Arguments& arguments) {
  if (arguments.empty()) {
    return BadArguments(
        "get command needs one argument as key and an optional argument as range_end");
  }
  if (absl::Status checked = CheckRangeFlags(flags.prefix, flags.from_key); !checked.ok()) {
    return checked;
  }
  if (arguments.size() > 1 && (flags.prefix || flags.from_key)) {
    return BadArguments(
        "too many arguments, only accept one argument when `--prefix` or `--from-key` is set");
  }
  if (flags.keys_only && flags.count_only) {
    return BadArguments(
        "`--keys-only` and `--count-only` cannot be set at the same time, choose one");
  }
  KeyRange range{arguments[0], arguments.size() > 1 ? arguments[1] : ""};
  if (flags.prefix) range = KeyRange::Prefix(arguments[0]);
  if (flags.from_key) range = KeyRange::From(arguments[0]);
  auto order = ParseOrder(flags.order);
  if (!order.ok()) return order.status();
  auto target = ParseTarget(flags.sort_by);
  if (!target.ok()) return target.status();
  if (flags.consistency != "l" && flags.consistency != "s") {
    return Failure(kExitBadFeature,
                   absl::StrCat("unknown consistency flag ", Quote(flags.consistency)));
  }
  RangeRequest request;
  request.set_key(range.key);
  request.set_range_end(range.end);
  request.set_limit(flags.limit);
  request.set_revision(flags.revision);
  // Keys come in ascending order anyway; not asking for it saves the server a sort.
  const bool natural = *target == RangeRequest::KEY && *order == RangeRequest::ASCEND;
  request.set_sort_order(natural ? RangeRequest::NONE : *order);
  request.set_sort_target(*target);
  request.set_serializable(flags.consistency == "s");
  request.set_keys_only(flags.keys_only);
  request.set_count_only(flags.count_only);
  return request;
}

absl::StatusOr<etcdserverpb::PutRequest> BuildPut(const PutFlags& flags, const Arguments& arguments,
                                                  const ReadAll& read_rest) {
  constexpr char kNeedsInput[] = "put command needs 1 argument and input from stdin or 2 arguments";
  if (arguments.empty()) return BadArguments(kNeedsInput);
  if (flags.ignore_value && arguments.size() > 1) {
    return BadArguments("put command needs only 1 argument when 'ignore-value' is set");
  }
  auto lease = ParseLeaseId(flags.lease, "bad lease ID");
  if (!lease.ok()) return lease.status();
  etcdserverpb::PutRequest request;
  request.set_key(arguments[0]);
  if (!flags.ignore_value) {
    request.set_value(arguments.size() > 1 ? arguments[1] : read_rest());
    // An empty value can only be meant when it is written out.
    if (arguments.size() == 1 && request.value().empty()) return BadArguments(kNeedsInput);
  }
  request.set_lease(*lease);
  request.set_prev_kv(flags.prev_kv);
  request.set_ignore_value(flags.ignore_value);
  request.set_ignore_lease(flags.ignore_lease);
  return request;
}

absl::StatusOr<etcdserverpb::DeleteRangeRequest> BuildDelete(const DeleteFlags& flags,
                                                             const Arguments& arguments) {
  if (arguments.empty() || arguments.size() > 2) {
    return BadArguments(
        "del command needs one argument as key and an optional argument as range_end");
  }
  if (absl::Status checked = CheckRangeFlags(flags.prefix, flags.from_key); !checked.ok()) {
    return checked;
  }
  if (arguments.size() > 1 && (flags.prefix || flags.from_key)) {
    return BadArguments(
        "too many arguments, only accept one argument when `--prefix` or `--from-key` is set");
  }
  KeyRange range{arguments[0], arguments.size() > 1 ? arguments[1] : ""};
  if (flags.prefix) range = KeyRange::Prefix(arguments[0]);
  if (flags.from_key) range = KeyRange::From(arguments[0]);
  etcdserverpb::DeleteRangeRequest request;
  request.set_key(range.key);
  request.set_range_end(range.end);
  request.set_prev_kv(flags.prev_kv);
  return request;
}

}  // namespace stele::cli
