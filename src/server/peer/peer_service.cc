#include "src/server/peer/peer_service.h"

#include <charconv>
#include <optional>
#include <string>
#include <utility>

#include "fmt/format.h"
#include "proto/peer.pb.h"
#include "spdlog/spdlog.h"
#include "src/server/peer/codec.h"
#include "src/server/url.h"

namespace stele::server {
namespace {

absl::Status CheckAddressee(const PeerIdentity& identity, const Call& call) {
  const std::string cluster = call.Metadata("stele-cluster-id").value_or("");
  const std::string ours = fmt::format("{:x}", identity.cluster_id);
  if (cluster != ours) {
    return absl::FailedPreconditionError(fmt::format(
        "etcdserver: cluster ID mismatch: this member belongs to cluster {}, the caller to '{}'",
        ours, cluster));
  }
  const std::string to = call.Metadata("stele-to").value_or("");
  const std::string self = fmt::format("{:x}", identity.self.value);
  if (to != self) {
    return absl::FailedPreconditionError(fmt::format("this is member {}, not '{}'", self, to));
  }
  return absl::OkStatus();
}

std::optional<raft::NodeId> Sender(const Call& call) {
  const std::string from = call.Metadata("stele-from").value_or("");
  raft::NodeId sender;
  const auto [end, error] =
      std::from_chars(from.data(), from.data() + from.size(), sender.value, 16);
  if (from.empty() || error != std::errc() || end != from.data() + from.size()) return std::nullopt;
  return sender;
}

// Where the caller says that it can be reached; URLs that make no sense are left out.
std::vector<std::string> AnnouncedHostPorts(const Call& call) {
  std::vector<std::string> host_ports;
  for (const std::string& url : SplitList(call.Metadata("stele-peer-urls").value_or(""))) {
    if (absl::StatusOr<Url> parsed = ParseUrl(url); parsed.ok()) {
      host_ports.push_back(parsed->HostPort());
    }
  }
  return host_ports;
}

absl::Status Admit(const PeerIdentity& identity, const PeerServiceOutputs& outputs, PeerGate* gate,
                   const std::shared_ptr<Call>& call) {
  if (absl::Status status = CheckAddressee(identity, *call); !status.ok()) return status;
  const std::optional<raft::NodeId> sender = Sender(*call);
  if (!sender) return absl::InvalidArgumentError("the caller does not say who it is");
  if (absl::Status status = gate->Admit(*sender, call); !status.ok()) return status;
  std::vector<std::string> host_ports = AnnouncedHostPorts(*call);
  if (!host_ports.empty()) outputs.announced({*sender, std::move(host_ports)});
  return absl::OkStatus();
}

// Frames of one other member, until either side goes.
class ExchangeStream final : public CallHandler {
 public:
  ExchangeStream(const PeerIdentity& identity, const PeerServiceOutputs* outputs,
                 std::shared_ptr<Call> call)
      : identity_(identity), outputs_(outputs), call_(std::move(call)) {}

  void OnMessage(std::string_view bytes) override {
    stelepb::PeerFrame frame;
    if (!frame.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())) ||
        frame.cluster_id() != identity_.cluster_id || frame.to() != identity_.self.value) {
      return Refuse("a frame that is not for this member");
    }
    std::vector<raft::Message> messages;
    messages.reserve(static_cast<std::size_t>(frame.messages_size()));
    for (const stelepb::RaftMessage& wire : frame.messages()) {
      std::optional<raft::Message> message = DecodeMessage(wire);
      if (!message || message->from.value != frame.from() || message->to != identity_.self) {
        return Refuse("a malformed message");
      }
      messages.push_back(*std::move(message));
    }
    outputs_->messages(std::move(messages));
  }

  void OnHalfClose() override { call_->Finish(absl::OkStatus()); }

 private:
  void Refuse(const char* what) {
    spdlog::warn("closing the stream of member {}: it sent {}", call_->peer(), what);
    call_->Finish(absl::InvalidArgumentError(what));
  }

  const PeerIdentity identity_;
  const PeerServiceOutputs* const outputs_;
  const std::shared_ptr<Call> call_;
};

// Answers nothing and hears nothing: the call was refused when it came.
class RefusedStream final : public CallHandler {
 public:
  void OnMessage(std::string_view) override {}
};

// Parses a unary call's question; false, with the call refused, if it is not for this cluster.
template <class Question>
bool TakeQuestion(const PeerIdentity& identity, std::string_view bytes, Call* call,
                  Question* question) {
  if (question->ParseFromArray(bytes.data(), static_cast<int>(bytes.size())) &&
      question->cluster_id() == identity.cluster_id) {
    return true;
  }
  call->Finish(absl::InvalidArgumentError("a question that is not for this cluster"));
  return false;
}

void AnswerLease(const PeerIdentity& identity, LeaseKeeper* leases, std::shared_ptr<Call> call,
                 std::string_view bytes) {
  stelepb::LeaseQuestion question;
  if (!TakeQuestion(identity, bytes, call.get(), &question)) return;
  leases->AnswerPeer(question.lease_id(), question.renew(),
                     [call = std::move(call)](absl::StatusOr<LeaseAnswer> answer) {
                       if (!answer.ok()) return call->Finish(answer.status());
                       stelepb::LeaseReply reply;
                       reply.set_found(answer->found);
                       reply.set_remaining_seconds(answer->remaining_seconds);
                       reply.set_granted_seconds(answer->granted_seconds);
                       call->Reply(reply.SerializeAsString());
                     });
}

void ReplyWithMembers(const PeerIdentity& identity, Call* call,
                      const std::vector<stelepb::MemberRecord>& members,
                      const std::vector<stelepb::MemberRecord>& founders) {
  stelepb::MemberList list;
  list.set_cluster_id(identity.cluster_id);
  *list.mutable_members() = {members.begin(), members.end()};
  *list.mutable_founders() = {founders.begin(), founders.end()};
  call->Reply(list.SerializeAsString());
}

void AnswerChange(const PeerIdentity& identity, const PeerServiceOutputs& outputs,
                  std::shared_ptr<Call> call, std::string_view bytes) {
  stelepb::MemberChangeQuestion question;
  if (!TakeQuestion(identity, bytes, call.get(), &question)) return;
  outputs.change_members(std::move(*question.mutable_change()),
                         [identity, call = std::move(call)](auto members) {
                           if (!members.ok()) return call->Finish(members.status());
                           ReplyWithMembers(identity, call.get(), *members, {});
                         });
}

void AnswerAdmission(const PeerIdentity& identity, const PeerServiceOutputs& outputs,
                     std::shared_ptr<Call> call, std::string_view bytes) {
  stelepb::AdmissionQuestion question;
  if (!TakeQuestion(identity, bytes, call.get(), &question)) return;
  outputs.admission(question, [call = std::move(call)](const stelepb::AdmissionAnswer& answer) {
    call->Reply(answer.SerializeAsString());
  });
}

void AnswerStateReport(const PeerIdentity& identity, const PeerServiceOutputs& outputs,
                       std::shared_ptr<Call> call, std::string_view bytes) {
  stelepb::StateReport report;
  if (!TakeQuestion(identity, bytes, call.get(), &report)) return;
  outputs.state_report(report, [call = std::move(call)](const auto& verdict) {
    if (!verdict.ok()) return call->Finish(verdict.status());
    call->Reply(verdict->SerializeAsString());
  });
}

void AnswerList(const PeerIdentity& identity, Reader* reader, std::shared_ptr<Call> call) {
  reader->Linearizable([identity, call = std::move(call)](absl::StatusOr<Reader::View> view) {
    if (!view.ok()) return call->Finish(view.status());
    ReplyWithMembers(identity, call.get(), (*view)->Members(), (*view)->Founders());
  });
}

void AddUnary(const char* path,
              std::function<void(std::shared_ptr<Call>, std::string_view)> on_request,
              MethodRows* rows) {
  Method row;
  row.path = path;
  row.kind = MethodKind::kUnary;
  row.on_request = std::move(on_request);
  rows->Add(std::move(row));
}

}  // namespace

void AddPeerMethods(const PeerIdentity& identity, PeerServiceOutputs outputs, PeerGate* gate,
                    LeaseKeeper* leases, Reader* reader, SnapshotReceiver* snapshots,
                    MethodRows* rows) {
  const auto shared = std::make_shared<const PeerServiceOutputs>(std::move(outputs));
  const auto stream = [&](const char* path, auto make_handler) {
    Method row;
    row.path = path;
    row.kind = MethodKind::kBidiStream;
    row.on_stream = [identity, shared, gate,
                     make_handler](std::shared_ptr<Call> call) -> std::unique_ptr<CallHandler> {
      if (absl::Status refused = Admit(identity, *shared, gate, call); !refused.ok()) {
        spdlog::warn("refusing {}: {}", call->peer(), std::string(refused.message()));
        call->Finish(refused);
        return std::make_unique<RefusedStream>();
      }
      return make_handler(std::move(call));
    };
    rows->Add(std::move(row));
  };
  stream("/stelepb.Peer/Exchange", [identity, shared](std::shared_ptr<Call> call) {
    return std::make_unique<ExchangeStream>(identity, shared.get(), std::move(call));
  });
  stream("/stelepb.Peer/InstallSnapshot",
         [snapshots](std::shared_ptr<Call> call) { return snapshots->Receive(std::move(call)); });
  AddUnary(
      "/stelepb.Peer/AskLease",
      [identity, leases](std::shared_ptr<Call> call, std::string_view bytes) {
        AnswerLease(identity, leases, std::move(call), bytes);
      },
      rows);
  AddUnary(
      "/stelepb.Peer/ChangeMembers",
      [identity, shared](std::shared_ptr<Call> call, std::string_view bytes) {
        AnswerChange(identity, *shared, std::move(call), bytes);
      },
      rows);
  AddUnary(
      "/stelepb.Peer/Admit",
      [identity, shared](std::shared_ptr<Call> call, std::string_view bytes) {
        AnswerAdmission(identity, *shared, std::move(call), bytes);
      },
      rows);
  AddUnary(
      "/stelepb.Peer/ReportState",
      [identity, shared](std::shared_ptr<Call> call, std::string_view bytes) {
        AnswerStateReport(identity, *shared, std::move(call), bytes);
      },
      rows);
  AddUnary(
      "/stelepb.Peer/ListMembers",
      [identity, reader](std::shared_ptr<Call> call, std::string_view /*bytes*/) {
        AnswerList(identity, reader, std::move(call));
      },
      rows);
}

}  // namespace stele::server
