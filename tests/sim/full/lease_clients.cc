#include "tests/sim/full/lease_clients.h"

#include <utility>

#include "proto/rpc.pb.h"
#include "tests/history/wire_records.h"
#include "tests/sim/journal.h"

namespace stele::sim {
namespace {

using history::LeaseRequest;
using history::Outcome;

constexpr std::size_t kLeasesRemembered = 12;

Outcome OutcomeOf(const absl::Status& status) {
  history::Operation operation;
  history::NoteError(status, &operation);
  return operation.outcome;
}

}  // namespace

void LeaseClients::Start() {
  for (int i = 0; i < port_->swarm->lease_clients; ++i) ScheduleNext();
}

void LeaseClients::ScheduleNext() {
  port_->queue->After(random_.Exponential(500.0 * kMillisecond), [this] {
    if (!stopped_) Grant();
  });
}

void LeaseClients::Note(LeaseRequest request, Outcome outcome, std::int64_t ttl_seconds) {
  request.end = port_->queue->now();
  request.outcome = outcome;
  request.ttl = ttl_seconds * kSecond;
  port_->noted.lease_requests.push_back(request);
}

void LeaseClients::Grant() {
  Lease lease{next_id_++, random_.Between(1, port_->swarm->ttl_max_seconds), random_.Below(6)};
  const LeaseRequest noted{
      .kind = LeaseRequest::Kind::kGrant, .id = lease.id, .start = port_->queue->now()};
  etcdserverpb::LeaseGrantRequest request;
  request.set_id(lease.id);
  request.set_ttl(lease.ttl_seconds);
  ++pending_;
  port_->CallUnary(
      port_->AnyMember(&random_), "/etcdserverpb.Lease/LeaseGrant", request.SerializeAsString(),
      &random_, [](const Member&) {},
      [this, lease, noted](const absl::Status& status, const std::string& reply) mutable {
        --pending_;
        if (!status.ok()) {
          Note(noted, OutcomeOf(status), 0);
          return ScheduleNext();
        }
        etcdserverpb::LeaseGrantResponse response;
        if (!response.ParseFromString(reply)) throw Violation("a reply cannot be decoded");
        lease.ttl_seconds = response.ttl();
        Note(noted, Outcome::kAcknowledged, lease.ttl_seconds);
        port_->leases.push_back(lease.id);
        if (port_->leases.size() > kLeasesRemembered) port_->leases.erase(port_->leases.begin());
        for (std::uint64_t i = random_.Below(4); i > 0; --i) kv_->PutOnLease(lease.id);
        Plan(lease);
      });
}

void LeaseClients::Plan(const Lease& lease) {
  if (stopped_) return;
  const auto ttl = static_cast<double>(lease.ttl_seconds * kSecond);
  if (lease.renewals_left > 0) {
    // Mostly in time, now and then too late.
    const auto delay = static_cast<Micros>(ttl * (0.2 + 0.9 * random_.Fraction()));
    port_->queue->After(delay, [this, lease] { Renew(lease); });
  } else if (random_.Chance(0.25)) {
    port_->queue->After(random_.Exponential(ttl / 2), [this, lease] { Revoke(lease); });
  } else {
    ScheduleNext();
  }
}

void LeaseClients::Renew(Lease lease) {
  if (stopped_) return;
  --lease.renewals_left;
  auto renewal = std::make_shared<Renewal>();
  renewal->lease = lease;
  renewal->noted = {
      .kind = LeaseRequest::Kind::kRenew, .id = lease.id, .start = port_->queue->now()};
  ++pending_;
  const std::weak_ptr<Renewal> weak = renewal;
  const auto note_answer = [weak](const std::string& message) {
    etcdserverpb::LeaseKeepAliveResponse response;
    if (!response.ParseFromString(message)) throw Violation("a reply cannot be decoded");
    if (const auto open = weak.lock()) open->ttl = response.ttl();
  };
  const auto end = [this, weak](const absl::Status& status) {
    if (const auto open = weak.lock()) End(open.get(), status);
  };
  renewal->call = std::make_shared<SimCall>(port_->queue, port_->DrawDelay(&random_),
                                            SimCall::Outputs{note_answer, end});
  // This keeps the renewal alive; its call must not, or both would live for ever.
  port_->queue->After(ClientPort::kPatience,
                      [this, renewal] { End(renewal.get(), absl::UnavailableError("no answer")); });
  port_->Reach(
      port_->AnyMember(&random_), port_->DrawDelay(&random_),
      [this, renewal](Member* member) { Arrive(*renewal, member); },
      [end] { end(absl::FailedPreconditionError("connection refused")); });
}

void LeaseClients::Arrive(const Renewal& renewal, Member* member) {
  if (renewal.has_ended) return;
  if (!member->facts().is_leader) port_->counts->Reach(FullMark::kLeaseRenewedElsewhere);
  etcdserverpb::LeaseKeepAliveRequest request;
  request.set_id(renewal.lease.id);
  const auto handler = ClientPort::RoomsOf(member)
                           ->OpenStream("/etcdserverpb.Lease/LeaseKeepAlive", renewal.call)
                           .lock();
  handler->OnMessage(request.SerializeAsString());
  handler->OnHalfClose();
}

void LeaseClients::End(Renewal* renewal, const absl::Status& status) {
  if (std::exchange(renewal->has_ended, true)) return;
  --pending_;
  renewal->call->Leave();
  const bool answered = renewal->ttl >= 0;
  Note(renewal->noted, answered ? Outcome::kAcknowledged : OutcomeOf(status),
       answered ? renewal->ttl : 0);
  if (renewal->ttl == 0) {
    port_->counts->Reach(FullMark::kLeaseNotFound);
    return ScheduleNext();
  }
  if (answered) port_->counts->Reach(FullMark::kLeaseRenewed);
  Plan(renewal->lease);
}

void LeaseClients::Revoke(const Lease& lease) {
  if (stopped_) return;
  const LeaseRequest noted{
      .kind = LeaseRequest::Kind::kRevoke, .id = lease.id, .start = port_->queue->now()};
  // It may take effect at any time from now on, so it is noted before its answer.
  Note(noted, Outcome::kUnknown, 0);
  etcdserverpb::LeaseRevokeRequest request;
  request.set_id(lease.id);
  ++pending_;
  port_->CallUnary(
      port_->AnyMember(&random_), "/etcdserverpb.Lease/LeaseRevoke", request.SerializeAsString(),
      &random_, [](const Member&) {},
      [this](const absl::Status& status, const std::string& /*reply*/) {
        --pending_;
        if (status.ok()) port_->counts->Reach(FullMark::kLeaseRevoked);
        ScheduleNext();
      });
}

}  // namespace stele::sim
