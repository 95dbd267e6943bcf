#include "tests/conformance/case_surroundings.h"

#include "proto/rpc.pb.h"
#include "tests/conformance/answer_check.h"
#include "tests/conformance/expansion.h"

namespace stele::conformance {
namespace {

constexpr absl::Duration kLimit = absl::Seconds(20);

template <class Response>
absl::StatusOr<Response> Ask(WireClient* client, const char* path,
                             const google::protobuf::Message& request) {
  const Answer answer = client->Call(path, request.SerializeAsString(), {}, kLimit);
  if (answer.end.code != 0) {
    return absl::Status(static_cast<absl::StatusCode>(answer.end.code), answer.end.text);
  }
  Response response;
  if (answer.messages.size() != 1 || !response.ParseFromString(answer.messages[0])) {
    return absl::InternalError("no answer");
  }
  return response;
}

}  // namespace

absl::StatusOr<Surroundings> LookAround(WireClient* client) {
  Surroundings found;
  etcdserverpb::RangeRequest range;
  range.set_key("k");
  range.set_count_only(true);
  const auto ranged = Ask<etcdserverpb::RangeResponse>(client, "/etcdserverpb.KV/Range", range);
  if (!ranged.ok()) return ranged.status();
  found.revision = ranged->header().revision();
  const auto leases = Ask<etcdserverpb::LeaseLeasesResponse>(
      client, "/etcdserverpb.Lease/LeaseLeases", etcdserverpb::LeaseLeasesRequest());
  if (!leases.ok()) return leases.status();
  for (const etcdserverpb::LeaseStatus& lease : leases->leases()) found.leases.insert(lease.id());
  return found;
}

void CleanUp(WireClient* client, const Surroundings& before, const std::string& prefix) {
  const absl::StatusOr<Surroundings> now = LookAround(client);
  if (!now.ok()) return;
  for (const std::int64_t lease : now->leases) {
    if (before.leases.contains(lease)) continue;
    etcdserverpb::LeaseRevokeRequest revoke;
    revoke.set_id(lease);
    Ask<etcdserverpb::LeaseRevokeResponse>(client, "/etcdserverpb.Lease/LeaseRevoke", revoke)
        .IgnoreError();
  }
  etcdserverpb::DeleteRangeRequest erase;
  erase.set_key(prefix);
  erase.set_range_end(EndOfPrefix(prefix));
  Ask<etcdserverpb::DeleteRangeResponse>(client, "/etcdserverpb.KV/DeleteRange", erase)
      .IgnoreError();
}

}  // namespace stele::conformance
