// The text form of a txn: compares, the requests for success and those for failure, one a line,
// with an empty line behind each of the three.
//
// Errors carry their exit code (exit_status.h).
#pragma once

#include <iosfwd>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "proto/rpc.pb.h"

namespace stele::cli {

// `mod("key") > "12"`, `value("key") = "text"`; see `stele help txn`.
absl::StatusOr<etcdserverpb::Compare> ParseCompare(const std::string& line);

// `put key "a value" --lease=1a`, `get key --prefix`, `del key`.
absl::StatusOr<etcdserverpb::RequestOp> ParseRequest(const std::string& line);

// The words of a line: bare, 'single' or "double" quoted with escapes.
std::vector<std::string> SplitWords(const std::string& line);

// Reads all three parts. With `prompts`, each is announced there first.
absl::StatusOr<etcdserverpb::TxnRequest> ReadTxn(std::istream& input, std::ostream* prompts);

}  // namespace stele::cli
