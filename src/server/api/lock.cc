#include "src/server/api/lock.h"

#include <memory>
#include <utility>

#include "proto/lock.pb.h"
#include "src/server/api/errors.h"
#include "src/server/api/headers.h"
#include "src/server/api/queue_keys.h"

namespace stele::server {
namespace {

namespace pb = v3lockpb;
using CallPtr = std::shared_ptr<Call>;

void Grant(const QueueEntry& entry, std::int64_t revision) {
  pb::LockResponse response;
  FillHeader(*entry.ports().client.facts, revision, response.mutable_header());
  response.set_key(entry.key());
  entry.call().Reply(response.SerializeAsString());
}

// Whoever waited may have lost the lease meanwhile, and the key with it.
void GrantIfStillThere(const std::shared_ptr<QueueEntry>& entry) {
  entry->ports().client.reader->Linearizable([entry](absl::StatusOr<Reader::View> view) {
    if (!view.ok()) return entry->Leave(view.status());
    etcdserverpb::RangeRequest request;
    request.set_key(entry->key());
    etcdserverpb::RangeResponse found;
    absl::Status read = (*view)->Range(request, &found);
    if (!read.ok()) return entry->Leave(read);
    if (found.kvs().empty()) {
      return entry->Leave(absl::UnknownError("mutex: session is expired"));
    }
    Grant(*entry, found.header().revision());
  });
}

void Unlock(const ClientPorts& ports, const CallPtr& call, const pb::UnlockRequest& request) {
  if (request.key().empty()) return call->Finish(EmptyKeyError());
  stelepb::Command command = DeleteKey(request.key());
  ports.proposer->Propose(&command,
                          [facts = ports.facts, call](const storage::CommandResult& result) {
                            if (!result.status.ok()) return call->Finish(result.status);
                            pb::UnlockResponse response;
                            FillHeader(*facts, result.revision, response.mutable_header());
                            call->Reply(response.SerializeAsString());
                          });
}

}  // namespace

void AddLockMethods(const QueuePorts& ports, MethodRows* rows) {
  rows->AddUnary<pb::LockRequest>(
      "/v3lockpb.Lock/Lock", ports.client.facts,
      [ports](CallPtr call, std::unique_ptr<pb::LockRequest> request) {
        QueueEntry::Wish wish{.name = request->name(), .value = "", .lease = request->lease()};
        QueueEntry::Join(ports, std::move(call), std::move(wish), [](QueueEntry& entry) {
          entry.waited() ? GrantIfStillThere(entry.shared()) : Grant(entry, entry.revision());
        });
      });
  rows->AddUnary<pb::UnlockRequest>(
      "/v3lockpb.Lock/Unlock", ports.client.facts,
      [ports = ports.client](const CallPtr& call, std::unique_ptr<pb::UnlockRequest> request) {
        Unlock(ports, call, *request);
      });
}

}  // namespace stele::server
