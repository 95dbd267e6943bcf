// One JSON object (or list) a line. Names and shapes are those of etcd's command line, irregular as
// they are, because scripts read them.
#include "src/client/cli/go_text.h"
#include "src/client/cli/json_message.h"
#include "src/client/cli/printer.h"

namespace stele::cli {
namespace {

std::string Line(const Json& json) { return Serialize(json) + "\n"; }

class JsonPrinter : public Printer {
 public:
  std::string Range(const etcdserverpb::RangeResponse& response) const override {
    return Line(ToJson(response));
  }
  std::string Put(const etcdserverpb::PutResponse& response) const override {
    return Line(ToJson(response));
  }
  std::string Delete(const etcdserverpb::DeleteRangeResponse& response) const override {
    return Line(ToJson(response));
  }
  std::string Txn(const etcdserverpb::TxnResponse& response) const override {
    return Line(ToJson(response));
  }

  std::string Watch(const etcdserverpb::WatchResponse& response) const override {
    Json events = Json::array();
    for (const auto& event : response.events()) events.push_back(ToJson(event));
    return Line({{"Header", ToJson(response.header())},
                 {"Events", std::move(events)},
                 {"CompactRevision", response.compact_revision()},
                 {"Canceled", response.canceled()},
                 {"Created", response.created()}});
  }

  std::string LeaseGrant(const etcdserverpb::LeaseGrantResponse& response) const override {
    Json json = ToJson(response.header());
    json["ID"] = response.id();
    json["TTL"] = response.ttl();
    json["Error"] = response.error();
    return Line(json);
  }

  std::string LeaseRevoke(int64_t /*id*/,
                          const etcdserverpb::LeaseRevokeResponse& response) const override {
    return Line(ToJson(response));
  }

  std::string LeaseTimeToLive(const etcdserverpb::LeaseTimeToLiveResponse& response,
                              bool /*keys*/) const override {
    Json json = ToJson(response.header());
    json["id"] = response.id();
    json["ttl"] = response.ttl();
    json["granted-ttl"] = response.grantedttl();
    json["keys"] = nullptr;
    for (const auto& key : response.keys()) json["keys"].push_back(Base64(key));
    return Line(json);
  }

  std::string LeaseList(const etcdserverpb::LeaseLeasesResponse& response) const override {
    Json json = ToJson(response.header());
    json["leases"] = Json::array();
    for (const auto& lease : response.leases()) json["leases"].push_back({{"id", lease.id()}});
    return Line(json);
  }

  std::string LeaseKeepAlive(const etcdserverpb::LeaseKeepAliveResponse& response) const override {
    Json json = ToJson(response.header());
    json["ID"] = response.id();
    json["TTL"] = response.ttl();
    return Line(json);
  }

  std::string MemberList(const etcdserverpb::MemberListResponse& response) const override {
    return Line(ToJson(response));
  }

  std::string Done(const google::protobuf::Message& response,
                   const std::string& /*sentence*/) const override {
    return Line(ToJson(response));
  }

  std::string Status(const std::vector<EndpointStatus>& statuses) const override {
    Json list = Json::array();
    for (const auto& [endpoint, status] : statuses) {
      list.push_back({{"Endpoint", endpoint}, {"Status", ToJson(status)}});
    }
    return Line(list);
  }

  std::string Health(const std::vector<EndpointHealth>& healths) const override {
    Json list = Json::array();
    for (const EndpointHealth& health : healths) {
      Json json = {{"endpoint", health.endpoint},
                   {"health", health.healthy},
                   {"took", DurationText(health.took)}};
      if (!health.error.empty()) json["error"] = health.error;
      list.push_back(std::move(json));
    }
    return Line(list);
  }

  std::string Hashes(const std::vector<EndpointHash>& hashes) const override {
    Json list = Json::array();
    for (const auto& [endpoint, hash] : hashes) {
      list.push_back({{"Endpoint", endpoint}, {"HashKV", ToJson(hash)}});
    }
    return Line(list);
  }

  std::string Alarms(const etcdserverpb::AlarmResponse& response) const override {
    return Line(ToJson(response));
  }
};

}  // namespace

std::unique_ptr<Printer> MakeJsonPrinter() { return std::make_unique<JsonPrinter>(); }

}  // namespace stele::cli
