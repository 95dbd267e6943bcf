// Answers as text, in the formats of etcd's command line.
//
// Every method returns the complete text to write, newlines included. Pure.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "proto/rpc.pb.h"

namespace stele::cli {

struct EndpointStatus {
  std::string endpoint;
  etcdserverpb::StatusResponse status;
};

struct EndpointHealth {
  std::string endpoint;
  bool healthy = false;
  absl::Duration took;
  std::string error;
};

struct EndpointHash {
  std::string endpoint;
  etcdserverpb::HashKVResponse hash;
};

class Printer {
 public:
  Printer() = default;
  Printer(const Printer&) = delete;
  Printer& operator=(const Printer&) = delete;
  virtual ~Printer() = default;

  virtual std::string Range(const etcdserverpb::RangeResponse& response) const = 0;
  virtual std::string Put(const etcdserverpb::PutResponse& response) const = 0;
  virtual std::string Delete(const etcdserverpb::DeleteRangeResponse& response) const = 0;
  virtual std::string Txn(const etcdserverpb::TxnResponse& response) const = 0;
  virtual std::string Watch(const etcdserverpb::WatchResponse& response) const = 0;
  virtual std::string LeaseGrant(const etcdserverpb::LeaseGrantResponse& response) const = 0;
  virtual std::string LeaseRevoke(int64_t id,
                                  const etcdserverpb::LeaseRevokeResponse& response) const = 0;
  virtual std::string LeaseTimeToLive(const etcdserverpb::LeaseTimeToLiveResponse& response,
                                      bool keys) const = 0;
  virtual std::string LeaseList(const etcdserverpb::LeaseLeasesResponse& response) const = 0;
  virtual std::string LeaseKeepAlive(
      const etcdserverpb::LeaseKeepAliveResponse& response) const = 0;
  virtual std::string MemberList(const etcdserverpb::MemberListResponse& response) const = 0;
  // The answer to a change that one sentence (with its newline) tells to people. Not for the
  // formats fields and table.
  virtual std::string Done(const google::protobuf::Message& response,
                           const std::string& sentence) const = 0;
  virtual std::string Status(const std::vector<EndpointStatus>& statuses) const = 0;
  virtual std::string Health(const std::vector<EndpointHealth>& healths) const = 0;
  virtual std::string Hashes(const std::vector<EndpointHash>& hashes) const = 0;
  virtual std::string Alarms(const etcdserverpb::AlarmResponse& response) const = 0;
};

enum class Format { kSimple, kFields, kJson, kProtobuf, kTable };

// The format of that name, none when there is no such format.
std::optional<Format> FormatNamed(const std::string& name);

struct PrinterOptions {
  bool hex = false;          // bytes as \xNN, in the simple format
  bool values_only = false;  // no keys, in the simple format
};

std::unique_ptr<Printer> MakeSimplePrinter(const PrinterOptions& options);
std::unique_ptr<Printer> MakeFieldsPrinter();
std::unique_ptr<Printer> MakeJsonPrinter();
std::unique_ptr<Printer> MakeProtobufPrinter();
// Knows members and endpoints only; everything else is empty text.
std::unique_ptr<Printer> MakeTablePrinter();

std::unique_ptr<Printer> MakePrinter(Format format, const PrinterOptions& options);

}  // namespace stele::cli
