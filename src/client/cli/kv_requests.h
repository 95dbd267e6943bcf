// Requests from the words of `get`, `put` and `del`, on the command line and inside a txn.
//
// Errors carry their exit code (exit_status.h).
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "proto/rpc.pb.h"
#include "src/client/cli/flags.h"
#include "src/client/requests.h"

namespace stele::cli {

struct GetFlags {
  bool prefix = false;
  bool from_key = false;
  bool keys_only = false;
  bool count_only = false;
  bool values_only = false;
  int64_t limit = 0;
  int64_t revision = 0;
  std::string order;
  std::string sort_by;
  std::string consistency = "l";

  void Register(FlagSet& flags);
};

struct PutFlags {
  std::string lease = "0";
  bool prev_kv = false;
  bool ignore_value = false;
  bool ignore_lease = false;

  void Register(FlagSet& flags);
};

struct DeleteFlags {
  bool prefix = false;
  bool from_key = false;
  bool prev_kv = false;

  void Register(FlagSet& flags);
};

using client::KeyRange;
using Arguments = std::vector<std::string>;
using ReadAll = std::function<std::string()>;

absl::StatusOr<etcdserverpb::RangeRequest> BuildRange(const GetFlags& flags,
                                                      const Arguments& arguments);
// A missing value is taken from `read_rest`, usually the standard input.
absl::StatusOr<etcdserverpb::PutRequest> BuildPut(const PutFlags& flags, const Arguments& arguments,
                                                  const ReadAll& read_rest);
absl::StatusOr<etcdserverpb::DeleteRangeRequest> BuildDelete(const DeleteFlags& flags,
                                                             const Arguments& arguments);

// A lease id in hexadecimal; `what` starts the error line.
absl::StatusOr<int64_t> ParseLeaseId(const std::string& text, const std::string& what);

}  // namespace stele::cli
