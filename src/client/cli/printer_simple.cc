// The format for people and for shell scripts: one fact a line.
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "src/client/cli/go_text.h"
#include "src/client/cli/printer.h"
#include "src/client/cli/rows.h"

namespace stele::cli {
namespace {

class SimplePrinter : public Printer {
 public:
  explicit SimplePrinter(const PrinterOptions& options) : options_(options) {}

  std::string Range(const etcdserverpb::RangeResponse& response) const override {
    std::string text;
    for (const auto& kv : response.kvs()) AppendKv(kv, options_.values_only, text);
    return text;
  }

  std::string Put(const etcdserverpb::PutResponse& response) const override {
    std::string text = "OK\n";
    if (response.has_prev_kv()) AppendKv(response.prev_kv(), false, text);
    return text;
  }

  std::string Delete(const etcdserverpb::DeleteRangeResponse& response) const override {
    std::string text = absl::StrCat(response.deleted(), "\n");
    for (const auto& kv : response.prev_kvs()) AppendKv(kv, false, text);
    return text;
  }

  std::string Txn(const etcdserverpb::TxnResponse& response) const override {
    std::string text = response.succeeded() ? "SUCCESS\n" : "FAILURE\n";
    for (const auto& operation : response.responses()) {
      text += "\n";
      if (operation.has_response_range()) text += Range(operation.response_range());
      if (operation.has_response_put()) text += Put(operation.response_put());
      if (operation.has_response_delete_range()) text += Delete(operation.response_delete_range());
      if (operation.has_response_txn()) text += Txn(operation.response_txn());
    }
    return text;
  }

  std::string Watch(const etcdserverpb::WatchResponse& response) const override {
    std::string text;
    for (const auto& event : response.events()) {
      absl::StrAppend(&text, mvccpb::Event::EventType_Name(event.type()), "\n");
      if (event.has_prev_kv()) AppendKv(event.prev_kv(), false, text);
      AppendKv(event.kv(), false, text);
    }
    return text;
  }

  std::string LeaseGrant(const etcdserverpb::LeaseGrantResponse& response) const override {
    return absl::StrFormat("lease %016x granted with TTL(%ds)\n", response.id(), response.ttl());
  }

  std::string LeaseRevoke(int64_t id,
                          const etcdserverpb::LeaseRevokeResponse& /*response*/) const override {
    return absl::StrFormat("lease %016x revoked\n", id);
  }

  std::string LeaseTimeToLive(const etcdserverpb::LeaseTimeToLiveResponse& response,
                              bool keys) const override {
    if (response.grantedttl() == 0 && response.ttl() == -1) {
      return absl::StrFormat("lease %016x already expired\n", response.id());
    }
    std::string text = absl::StrFormat("lease %016x granted with TTL(%ds), remaining(%ds)",
                                       response.id(), response.grantedttl(), response.ttl());
    if (keys) {
      absl::StrAppend(&text, ", attached keys([", absl::StrJoin(response.keys(), " "), "])");
    }
    return text + "\n";
  }

  std::string LeaseList(const etcdserverpb::LeaseLeasesResponse& response) const override {
    std::string text = absl::StrFormat("found %d leases\n", response.leases_size());
    for (const auto& lease : response.leases()) absl::StrAppendFormat(&text, "%016x\n", lease.id());
    return text;
  }

  std::string LeaseKeepAlive(const etcdserverpb::LeaseKeepAliveResponse& response) const override {
    return absl::StrFormat("lease %016x keepalived with TTL(%d)\n", response.id(), response.ttl());
  }

  std::string MemberList(const etcdserverpb::MemberListResponse& response) const override {
    return Lines(MemberTable(response));
  }

  std::string Done(const google::protobuf::Message& /*response*/,
                   const std::string& sentence) const override {
    return sentence;
  }

  std::string Status(const std::vector<EndpointStatus>& statuses) const override {
    return Lines(StatusTable(statuses));
  }

  std::string Health(const std::vector<EndpointHealth>& healths) const override {
    std::string text;
    for (const EndpointHealth& health : healths) {
      if (health.healthy) {
        absl::StrAppend(&text, health.endpoint, " is healthy: successfully committed proposal: ",
                        "took = ", DurationText(health.took), "\n");
      } else {
        absl::StrAppend(&text, health.endpoint,
                        " is unhealthy: failed to commit proposal: ", health.error, "\n");
      }
    }
    return text;
  }

  std::string Hashes(const std::vector<EndpointHash>& hashes) const override {
    return Lines(HashTable(hashes));
  }

  std::string Alarms(const etcdserverpb::AlarmResponse& response) const override {
    std::string text;
    for (const auto& alarm : response.alarms()) {
      absl::StrAppend(&text, "memberID:", alarm.memberid(),
                      " alarm:", etcdserverpb::AlarmType_Name(alarm.alarm()), " \n");
    }
    return text;
  }

 private:
  std::string Bytes(const std::string& bytes) const {
    return options_.hex ? HexEscape(bytes) : bytes;
  }

  void AppendKv(const mvccpb::KeyValue& kv, bool value_only, std::string& text) const {
    if (!value_only) absl::StrAppend(&text, Bytes(kv.key()), "\n");
    absl::StrAppend(&text, Bytes(kv.value()), "\n");
  }

  static std::string Lines(const Table& table) {
    std::string text;
    for (const Row& row : table.rows) absl::StrAppend(&text, absl::StrJoin(row, ", "), "\n");
    return text;
  }

  const PrinterOptions options_;
};

}  // namespace

std::unique_ptr<Printer> MakeSimplePrinter(const PrinterOptions& options) {
  return std::make_unique<SimplePrinter>(options);
}

}  // namespace stele::cli
