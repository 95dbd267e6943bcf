#include "src/server/peer/peer_transport.h"

#include <algorithm>
#include <iterator>
#include <mutex>
#include <set>
#include <utility>
#include <variant>

#include "proto/peer.pb.h"
#include "src/server/peer/codec.h"

namespace stele::server {
namespace {

constexpr absl::Duration kAskTimeout = absl::Seconds(2);
// Until a majority has reported: the others may be slow to apply.
constexpr absl::Duration kReportTimeout = absl::Seconds(30);
constexpr std::size_t kAnnouncedMax = 64;

}  // namespace

PeerTransport::PeerTransport(EventLoop* loop, const PeerIdentity& identity, Outputs outputs)
    : loop_(loop),
      identity_(identity),
      outputs_(std::move(outputs)),
      link_surroundings_{outputs_.unreachable, outputs_.removed, [this] { return own_urls_; }} {}

void PeerTransport::Follow(std::vector<PeerAddress> members, std::vector<std::uint64_t> removed,
                           std::string own_urls) {
  loop_->Post([this, members = std::move(members), removed = std::move(removed),
               own_urls = std::move(own_urls)] {
    if (!own_urls.empty()) own_urls_ = own_urls;
    listed_.clear();
    for (const PeerAddress& member : members) listed_[member.id] = member.host_ports;
    for (const std::uint64_t id : removed) announced_.erase({id});
    std::set<raft::NodeId> touched;
    for (const auto& [id, link] : links_) touched.insert(id);
    for (const auto& [id, host_ports] : listed_) touched.insert(id);
    for (const raft::NodeId id : touched) UpdateLink(id);
  });
}

void PeerTransport::Announce(PeerAddress address) {
  loop_->Post([this, address = std::move(address)] {
    const bool is_new = !announced_.contains(address.id);
    if (address.id == identity_.self || (is_new && announced_.size() >= kAnnouncedMax)) return;
    announced_[address.id] = address.host_ports;
    UpdateLink(address.id);
  });
}

// What a member says of itself is tried first: the table here may be old.
void PeerTransport::UpdateLink(raft::NodeId peer) {
  HostPorts wanted;
  for (const auto* known : {&announced_, &listed_}) {
    const auto found = known->find(peer);
    if (found == known->end()) continue;
    for (const std::string& host_port : found->second) {
      if (std::find(wanted.begin(), wanted.end(), host_port) == wanted.end()) {
        wanted.push_back(host_port);
      }
    }
  }
  const auto link = links_.find(peer);
  if (wanted.empty()) {
    if (link != links_.end()) links_.erase(link);
    return;
  }
  if (link != links_.end() && link->second->address().host_ports == wanted) return;
  auto next = std::make_unique<PeerLink>(loop_, identity_, PeerAddress{peer, std::move(wanted)},
                                         &link_surroundings_);
  next->Start();
  links_[peer] = std::move(next);
}

PeerLink* PeerTransport::Link(raft::NodeId peer) {
  auto link = links_.find(peer);
  return link == links_.end() ? nullptr : link->second.get();
}

void PeerTransport::Close() { links_.clear(); }

void PeerTransport::Send(std::vector<raft::Message> messages) {
  if (messages.empty()) return;
  bool first = false;
  {
    const std::lock_guard lock(mutex_);
    first = queued_.empty();
    if (first) {
      queued_.swap(messages);
    } else {
      queued_.insert(queued_.end(), std::make_move_iterator(messages.begin()),
                     std::make_move_iterator(messages.end()));
    }
  }
  if (first) loop_->Post([this] { SendQueued(); });
}

void PeerTransport::SendQueued() {
  std::vector<raft::Message> messages;
  {
    const std::lock_guard lock(mutex_);
    messages.swap(queued_);
  }
  std::map<raft::NodeId, stelepb::PeerFrame> frames;
  for (const raft::Message& message : messages) {
    if (std::holds_alternative<raft::InstallSnapshot>(message.body)) {
      outputs_.snapshot_wanted(message.to);
      continue;
    }
    EncodeMessage(message, frames[message.to].add_messages());
  }
  for (auto& [to, frame] : frames) {
    PeerLink* link = Link(to);
    if (link == nullptr) continue;
    frame.set_cluster_id(identity_.cluster_id);
    frame.set_from(identity_.self.value);
    frame.set_to(to.value);
    link->Send(frame.SerializeAsString());
  }
}

void PeerTransport::Ask(raft::NodeId leader, std::int64_t lease_id, bool renew,
                        LeaseClock::Done done) {
  // std::function wants something it can copy.
  auto shared = std::make_shared<LeaseClock::Done>(std::move(done));
  const bool posted = loop_->Post([this, leader, lease_id, renew, shared] {
    PeerLink* link = Link(leader);
    if (link == nullptr) return (*shared)(absl::UnavailableError("the leader is not known here"));
    stelepb::LeaseQuestion question;
    question.set_cluster_id(identity_.cluster_id);
    question.set_lease_id(lease_id);
    question.set_renew(renew);
    link->Ask(
        "/stelepb.Peer/AskLease", question.SerializeAsString(), kAskTimeout,
        [shared](absl::StatusOr<std::string> bytes) {
          if (!bytes.ok()) return (*shared)(bytes.status());
          stelepb::LeaseReply reply;
          if (!reply.ParseFromString(*bytes)) {
            return (*shared)(absl::UnavailableError("malformed answer of the leader"));
          }
          (*shared)(LeaseAnswer{reply.found(), reply.remaining_seconds(), reply.granted_seconds()});
        });
  });
  if (!posted) (*shared)(absl::UnavailableError("shutting down"));
}

void PeerTransport::AskChange(
    raft::NodeId leader, const stelepb::Command& change, absl::Duration timeout,
    std::function<void(absl::StatusOr<std::vector<stelepb::MemberRecord>>)> answer) {
  PeerLink* link = Link(leader);
  if (link == nullptr || !link->connected()) {
    return answer(absl::AbortedError("the leader cannot be reached"));
  }
  stelepb::MemberChangeQuestion question;
  question.set_cluster_id(identity_.cluster_id);
  *question.mutable_change() = change;
  link->Ask(
      "/stelepb.Peer/ChangeMembers", question.SerializeAsString(), timeout,
      [answer = std::move(answer)](absl::StatusOr<std::string> bytes) {
        if (!bytes.ok()) return answer(bytes.status());
        stelepb::MemberList list;
        if (!list.ParseFromString(*bytes)) {
          return answer(absl::UnavailableError("malformed answer of the leader"));
        }
        answer(std::vector<stelepb::MemberRecord>(list.members().begin(), list.members().end()));
      });
}

void PeerTransport::AskAdmission(
    raft::NodeId peer, const stelepb::AdmissionQuestion& question,
    const std::function<void(absl::StatusOr<Admission::Answer>)>& answer) {
  const bool posted = loop_->Post([this, peer, question, answer] {
    PeerLink* link = Link(peer);
    if (link == nullptr || !link->connected()) {
      return answer(absl::UnavailableError("the member cannot be reached"));
    }
    link->Ask("/stelepb.Peer/Admit", question.SerializeAsString(), kAskTimeout,
              [answer](const absl::StatusOr<std::string>& bytes) {
                stelepb::AdmissionAnswer reply;
                if (!bytes.ok()) return answer(bytes.status());
                if (!reply.ParseFromString(*bytes)) {
                  return answer(absl::UnavailableError("malformed answer"));
                }
                answer(Admission::Answer{reply.known_epoch(), reply.acked_index()});
              });
  });
  if (!posted) answer(absl::UnavailableError("shutting down"));
}

void PeerTransport::ReportState(raft::NodeId leader, const stelepb::StateReport& report,
                                std::function<void(absl::StatusOr<stelepb::StateVerdict>)> done) {
  PeerLink* link = Link(leader);
  if (link == nullptr || !link->connected()) {
    return done(absl::UnavailableError("the leader cannot be reached"));
  }
  link->Ask("/stelepb.Peer/ReportState", report.SerializeAsString(), kReportTimeout,
            [done = std::move(done)](const absl::StatusOr<std::string>& bytes) {
              stelepb::StateVerdict verdict;
              if (!bytes.ok()) return done(bytes.status());
              if (!verdict.ParseFromString(*bytes)) {
                return done(absl::UnavailableError("malformed answer"));
              }
              done(verdict);
            });
}

}  // namespace stele::server
