#include "src/client/cli/printer.h"

#include "src/client/cli/rows.h"

namespace stele::cli {
namespace {

// The messages themselves, without a newline.
class ProtobufPrinter : public Printer {
 public:
  std::string Range(const etcdserverpb::RangeResponse& response) const override {
    return response.SerializeAsString();
  }
  std::string Put(const etcdserverpb::PutResponse& response) const override {
    return response.SerializeAsString();
  }
  std::string Delete(const etcdserverpb::DeleteRangeResponse& response) const override {
    return response.SerializeAsString();
  }
  std::string Txn(const etcdserverpb::TxnResponse& response) const override {
    return response.SerializeAsString();
  }
  std::string Watch(const etcdserverpb::WatchResponse& response) const override {
    // The id is this connection's own and means nothing to the reader.
    etcdserverpb::WatchResponse shown = response;
    shown.clear_watch_id();
    return shown.SerializeAsString();
  }
  std::string LeaseGrant(const etcdserverpb::LeaseGrantResponse& response) const override {
    return response.SerializeAsString();
  }
  std::string LeaseRevoke(int64_t /*id*/,
                          const etcdserverpb::LeaseRevokeResponse& response) const override {
    return response.SerializeAsString();
  }
  std::string LeaseTimeToLive(const etcdserverpb::LeaseTimeToLiveResponse& response,
                              bool /*keys*/) const override {
    return response.SerializeAsString();
  }
  std::string LeaseList(const etcdserverpb::LeaseLeasesResponse& response) const override {
    return response.SerializeAsString();
  }
  std::string LeaseKeepAlive(const etcdserverpb::LeaseKeepAliveResponse& response) const override {
    return response.SerializeAsString();
  }
  std::string MemberList(const etcdserverpb::MemberListResponse& response) const override {
    return response.SerializeAsString();
  }
  std::string Done(const google::protobuf::Message& response,
                   const std::string& /*sentence*/) const override {
    return response.SerializeAsString();
  }
  std::string Status(const std::vector<EndpointStatus>& /*statuses*/) const override { return ""; }
  std::string Health(const std::vector<EndpointHealth>& /*healths*/) const override { return ""; }
  std::string Hashes(const std::vector<EndpointHash>& /*hashes*/) const override { return ""; }
  std::string Alarms(const etcdserverpb::AlarmResponse& response) const override {
    return response.SerializeAsString();
  }
};

class TablePrinter : public Printer {
 public:
  std::string Range(const etcdserverpb::RangeResponse& /*response*/) const override { return ""; }
  std::string Put(const etcdserverpb::PutResponse& /*response*/) const override { return ""; }
  std::string Delete(const etcdserverpb::DeleteRangeResponse& /*response*/) const override {
    return "";
  }
  std::string Txn(const etcdserverpb::TxnResponse& /*response*/) const override { return ""; }
  std::string Watch(const etcdserverpb::WatchResponse& /*response*/) const override { return ""; }
  std::string LeaseGrant(const etcdserverpb::LeaseGrantResponse& /*response*/) const override {
    return "";
  }
  std::string LeaseRevoke(int64_t /*id*/,
                          const etcdserverpb::LeaseRevokeResponse& /*response*/) const override {
    return "";
  }
  std::string LeaseTimeToLive(const etcdserverpb::LeaseTimeToLiveResponse& /*response*/,
                              bool /*keys*/) const override {
    return "";
  }
  std::string LeaseList(const etcdserverpb::LeaseLeasesResponse& /*response*/) const override {
    return "";
  }
  std::string LeaseKeepAlive(
      const etcdserverpb::LeaseKeepAliveResponse& /*response*/) const override {
    return "";
  }
  std::string MemberList(const etcdserverpb::MemberListResponse& response) const override {
    return Draw(MemberTable(response));
  }
  std::string Done(const google::protobuf::Message& /*response*/,
                   const std::string& /*sentence*/) const override {
    return "";
  }
  std::string Status(const std::vector<EndpointStatus>& statuses) const override {
    return Draw(StatusTable(statuses));
  }
  std::string Health(const std::vector<EndpointHealth>& healths) const override {
    return Draw(HealthTable(healths));
  }
  std::string Hashes(const std::vector<EndpointHash>& hashes) const override {
    return Draw(HashTable(hashes));
  }
  std::string Alarms(const etcdserverpb::AlarmResponse& /*response*/) const override { return ""; }
};

}  // namespace

std::unique_ptr<Printer> MakeProtobufPrinter() { return std::make_unique<ProtobufPrinter>(); }

std::unique_ptr<Printer> MakeTablePrinter() { return std::make_unique<TablePrinter>(); }

std::optional<Format> FormatNamed(const std::string& name) {
  if (name == "simple") return Format::kSimple;
  if (name == "fields") return Format::kFields;
  if (name == "json") return Format::kJson;
  if (name == "protobuf") return Format::kProtobuf;
  if (name == "table") return Format::kTable;
  return std::nullopt;
}

std::unique_ptr<Printer> MakePrinter(Format format, const PrinterOptions& options) {
  switch (format) {
    case Format::kFields:
      return MakeFieldsPrinter();
    case Format::kJson:
      return MakeJsonPrinter();
    case Format::kProtobuf:
      return MakeProtobufPrinter();
    case Format::kTable:
      return MakeTablePrinter();
    case Format::kSimple:
      break;
  }
  return MakeSimplePrinter(options);
}

}  // namespace stele::cli
