// Response headers, and replies that carry them.
#pragma once

#include <cstdint>
#include <memory>

#include "absl/status/status.h"
#include "proto/rpc.pb.h"
#include "src/server/api/call.h"
#include "src/server/api/ports.h"

namespace stele::server {

inline void FillHeader(const NodeFacts& facts, std::int64_t revision,
                       etcdserverpb::ResponseHeader* header) {
  header->set_cluster_id(facts.cluster_id());
  header->set_member_id(facts.member_id());
  header->set_revision(revision);
  header->set_raft_term(facts.raft_term());
}

// Fills the ids of a header whose revision is set already and sends the response.
template <class Response>
void ReplyWithHeader(const NodeFacts& facts, Call* call, Response* response) {
  FillHeader(facts, response->header().revision(), response->mutable_header());
  call->Reply(response->SerializeAsString());
}

}  // namespace stele::server
