// The short forms of Client for keys, and ranges that come in several pieces.
#include <utility>

#include "proto/rpc.grpc.pb.h"
#include "src/client/client.h"
#include "src/client/key_prefix.h"
#include "src/client/unary_call.h"

namespace stele::client {

absl::StatusOr<mvccpb::KeyValue> Client::Get(const std::string& key) {
  auto response = Range(GetOf(KeyRange::One(key)));
  if (!response.ok()) return response.status();
  if (response->kvs().empty()) return absl::NotFoundError("there is no such key");
  return std::move(*response->mutable_kvs(0));
}

absl::StatusOr<etcdserverpb::RangeResponse> Client::Get(const KeyRange& range, GetOptions options) {
  return Range(GetOf(range, options));
}

absl::StatusOr<etcdserverpb::PutResponse> Client::Put(const std::string& key,
                                                      const std::string& value, int64_t lease_id) {
  return Put(PutOf(key, value, {.lease = lease_id}));
}

absl::StatusOr<etcdserverpb::DeleteRangeResponse> Client::Delete(const std::string& key) {
  return DeleteRange(DeleteOf(KeyRange::One(key)));
}

absl::StatusOr<etcdserverpb::DeleteRangeResponse> Client::Delete(const KeyRange& range,
                                                                 DeleteOptions options) {
  return DeleteRange(DeleteOf(range, options));
}

absl::Status Client::RangeStream(const etcdserverpb::RangeRequest& request,
                                 absl::FunctionRef<bool(const etcdserverpb::RangeResponse&)> take,
                                 CallOptions options) {
  const absl::Time deadline = DeadlineOf(*connections_, options);
  const etcdserverpb::RangeRequest sent = WithPrefix(key_prefix_, request);
  for (int attempt = 1;; ++attempt) {
    auto connection = connections_->Pick(deadline);
    if (!connection.ok()) return connection.status();
    grpc::ClientContext context;
    context.set_deadline(ToDeadline(deadline));
    etcdserverpb::KV::Stub stub(connection->channel);
    const auto stream = stub.RangeStream(&context, sent);
    etcdserverpb::RangeStreamResponse piece;
    bool started = false;
    bool wanted = true;
    while (wanted && stream->Read(&piece)) {
      started = true;
      StripPrefixFrom(key_prefix_, *piece.mutable_range_response());
      wanted = take(piece.range_response());
    }
    if (!wanted) context.TryCancel();
    const grpc::Status answer = stream->Finish();
    if (answer.ok() || !wanted) return absl::OkStatus();
    absl::Status status = ToStatus(answer, connection->endpoint);
    connections_->MarkFailed(*connection, status);
    if (started || !MayRetry(CallKind::kRead, status) || absl::Now() >= deadline) return status;
    PauseBeforeRetry(attempt, deadline);
  }
}

absl::StatusOr<int64_t> Client::ReadInPages(
    const KeyRange& range, int64_t page_size,
    absl::FunctionRef<bool(const etcdserverpb::RangeResponse&)> take, CallOptions options) {
  etcdserverpb::RangeRequest request = GetOf(range, {.limit = page_size});
  while (true) {
    auto page = Range(request, options);
    if (!page.ok()) return page.status();
    if (request.revision() == 0) request.set_revision(page->header().revision());
    if (!take(*page) || !page->more() || page->kvs().empty()) return request.revision();
    // The smallest key behind the last one.
    request.set_key(page->kvs().rbegin()->key() + std::string(1, '\0'));
  }
}

}  // namespace stele::client
