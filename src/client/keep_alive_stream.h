// Renews leases over one stream that is kept open between renewals.
#pragma once

#include <cstdint>
#include <memory>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "proto/rpc.pb.h"
#include "src/client/client.h"

namespace stele::client {

// Works only inside Renew, in the caller's thread. One thread at a time.
class KeepAliveStream {
 public:
  explicit KeepAliveStream(const Client& client);
  KeepAliveStream(const KeepAliveStream&) = delete;
  KeepAliveStream& operator=(const KeepAliveStream&) = delete;
  ~KeepAliveStream();

  // Renews the lease and answers with its new TTL. Renewing twice does no harm, so this tries other
  // endpoints until `deadline`. NotFound, with the server's usual text, when the lease is gone.
  absl::StatusOr<etcdserverpb::LeaseKeepAliveResponse> Renew(int64_t id, absl::Time deadline);

 private:
  struct Stream;

  absl::Status Open(absl::Time deadline);
  absl::StatusOr<etcdserverpb::LeaseKeepAliveResponse> Exchange(int64_t id, absl::Time deadline);

  std::shared_ptr<Connections> connections_;
  std::unique_ptr<Stream> stream_;  // null while there is no connection
};

}  // namespace stele::client
