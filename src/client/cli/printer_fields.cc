// The format with everything there is, one `"Name" : value` a line.
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "src/client/cli/go_text.h"
#include "src/client/cli/printer.h"

namespace stele::cli {
namespace {

// Collects lines; the order of the calls is the order of the output.
class Lines {
 public:
  template <typename Value>
  Lines& Number(const char* name, Value value) {
    absl::StrAppend(&text_, "\"", name, "\" : ", value, "\n");
    return *this;
  }
  Lines& Bool(const char* name, bool value) { return Plain(name, value ? "true" : "false"); }
  Lines& Plain(const char* name, const std::string& value) {
    absl::StrAppend(&text_, "\"", name, "\" : ", value, "\n");
    return *this;
  }
  Lines& Quoted(const char* name, const std::string& value) { return Plain(name, Quote(value)); }
  Lines& Blank() {
    text_ += "\n";
    return *this;
  }

  Lines& Header(const etcdserverpb::ResponseHeader& header) {
    return Number("ClusterID", header.cluster_id())
        .Number("MemberID", header.member_id())
        .Number("Revision", header.revision())
        .Number("RaftTerm", header.raft_term());
  }

  Lines& Kv(const std::string& prefix, const mvccpb::KeyValue& kv) {
    const auto name = [&prefix](const char* field) { return prefix + field; };
    return Quoted(name("Key").c_str(), kv.key())
        .Number(name("CreateRevision").c_str(), kv.create_revision())
        .Number(name("ModRevision").c_str(), kv.mod_revision())
        .Number(name("Version").c_str(), kv.version())
        .Quoted(name("Value").c_str(), kv.value())
        .Number(name("Lease").c_str(), kv.lease());
  }

  std::string Take() { return std::move(text_); }

 private:
  std::string text_;
};

class FieldsPrinter : public Printer {
 public:
  std::string Range(const etcdserverpb::RangeResponse& response) const override {
    Lines lines;
    lines.Header(response.header());
    for (const auto& kv : response.kvs()) lines.Kv("", kv);
    return lines.Bool("More", response.more()).Number("Count", response.count()).Take();
  }

  std::string Put(const etcdserverpb::PutResponse& response) const override {
    Lines lines;
    lines.Header(response.header());
    if (response.has_prev_kv()) lines.Kv("Prev", response.prev_kv());
    return lines.Take();
  }

  std::string Delete(const etcdserverpb::DeleteRangeResponse& response) const override {
    Lines lines;
    lines.Header(response.header()).Number("Deleted", response.deleted());
    for (const auto& kv : response.prev_kvs()) lines.Kv("Prev", kv);
    return lines.Take();
  }

  std::string Txn(const etcdserverpb::TxnResponse& response) const override {
    std::string text =
        Lines().Header(response.header()).Bool("Succeeded", response.succeeded()).Take();
    for (const auto& operation : response.responses()) {
      if (operation.has_response_range()) text += Range(operation.response_range());
      if (operation.has_response_put()) text += Put(operation.response_put());
      if (operation.has_response_delete_range()) text += Delete(operation.response_delete_range());
      if (operation.has_response_txn()) text += Txn(operation.response_txn());
    }
    return text;
  }

  std::string Watch(const etcdserverpb::WatchResponse& response) const override {
    Lines lines;
    lines.Header(response.header());
    for (const auto& event : response.events()) {
      lines.Plain("Type", mvccpb::Event::EventType_Name(event.type()));
      if (event.has_prev_kv()) lines.Kv("Prev", event.prev_kv());
      lines.Kv("", event.kv());
    }
    return lines.Take();
  }

  std::string LeaseGrant(const etcdserverpb::LeaseGrantResponse& response) const override {
    return IdAndTtl(response);
  }

  std::string LeaseRevoke(int64_t /*id*/,
                          const etcdserverpb::LeaseRevokeResponse& response) const override {
    return Lines().Header(response.header()).Take();
  }

  std::string LeaseTimeToLive(const etcdserverpb::LeaseTimeToLiveResponse& response,
                              bool /*keys*/) const override {
    Lines lines;
    lines.Header(response.header())
        .Number("ID", response.id())
        .Number("TTL", response.ttl())
        .Number("GrantedTTL", response.grantedttl());
    for (const auto& key : response.keys()) lines.Quoted("Key", key);
    return lines.Take();
  }

  std::string LeaseList(const etcdserverpb::LeaseLeasesResponse& response) const override {
    Lines lines;
    lines.Header(response.header());
    for (const auto& lease : response.leases()) lines.Number("ID", lease.id());
    return lines.Take();
  }

  std::string LeaseKeepAlive(const etcdserverpb::LeaseKeepAliveResponse& response) const override {
    return IdAndTtl(response);
  }

  std::string MemberList(const etcdserverpb::MemberListResponse& response) const override {
    Lines lines;
    lines.Header(response.header());
    for (const auto& member : response.members()) {
      lines.Number("ID", member.id()).Quoted("Name", member.name());
      for (const auto& url : member.peerurls()) lines.Quoted("PeerURL", url);
      for (const auto& url : member.clienturls()) lines.Quoted("ClientURL", url);
      lines.Bool("IsLearner", member.islearner()).Blank();
    }
    return lines.Take();
  }

  std::string Done(const google::protobuf::Message& /*response*/,
                   const std::string& /*sentence*/) const override {
    return "";
  }

  std::string Status(const std::vector<EndpointStatus>& statuses) const override {
    Lines lines;
    for (const auto& [endpoint, status] : statuses) {
      lines.Header(status.header())
          .Quoted("Version", status.version())
          .Number("DBSize", status.dbsize())
          .Number("Leader", status.leader())
          .Bool("IsLearner", status.islearner())
          .Number("RaftIndex", status.raftindex())
          .Number("RaftTerm", status.raftterm())
          .Number("RaftAppliedIndex", status.raftappliedindex())
          .Plain("Errors", absl::StrCat("[", absl::StrJoin(status.errors(), " "), "]"))
          .Quoted("Endpoint", endpoint)
          .Blank();
    }
    return lines.Take();
  }

  std::string Health(const std::vector<EndpointHealth>& healths) const override {
    Lines lines;
    for (const EndpointHealth& health : healths) {
      lines.Quoted("Endpoint", health.endpoint)
          .Bool("Health", health.healthy)
          .Plain("Took", DurationText(health.took))
          .Plain("Error", health.error)
          .Blank();
    }
    return lines.Take();
  }

  std::string Hashes(const std::vector<EndpointHash>& hashes) const override {
    Lines lines;
    for (const auto& [endpoint, hash] : hashes) {
      lines.Header(hash.header()).Quoted("Endpoint", endpoint).Number("Hash", hash.hash()).Blank();
    }
    return lines.Take();
  }

  std::string Alarms(const etcdserverpb::AlarmResponse& response) const override {
    Lines lines;
    lines.Header(response.header());
    for (const auto& alarm : response.alarms()) {
      lines.Number("MemberID", alarm.memberid())
          .Plain("AlarmType", etcdserverpb::AlarmType_Name(alarm.alarm()))
          .Blank();
    }
    return lines.Take();
  }

 private:
  template <typename Response>
  static std::string IdAndTtl(const Response& response) {
    return Lines()
        .Header(response.header())
        .Number("ID", response.id())
        .Number("TTL", response.ttl())
        .Take();
  }
};

}  // namespace

std::unique_ptr<Printer> MakeFieldsPrinter() { return std::make_unique<FieldsPrinter>(); }

}  // namespace stele::cli
