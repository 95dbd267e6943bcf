// Core messages to and from their wire form. Decoding trusts nothing: a frame that makes no sense
// is refused whole, and the core never sees it.
#pragma once

#include <optional>

#include "proto/peer.pb.h"
#include "src/raft/message.h"

namespace stele::server {

void EncodeMessage(const raft::Message& message, stelepb::RaftMessage* wire);
// nullopt: no body, entries that are not contiguous with each other and with the entry before them,
// or an unknown entry type.
std::optional<raft::Message> DecodeMessage(const stelepb::RaftMessage& wire);

void EncodeConfState(const raft::ConfState& conf_state, stelepb::RaftConfState* wire);
raft::ConfState DecodeConfState(const stelepb::RaftConfState& wire);
void EncodeSnapshotMeta(const raft::SnapshotMeta& meta, stelepb::RaftSnapshotMeta* wire);
raft::SnapshotMeta DecodeSnapshotMeta(const stelepb::RaftSnapshotMeta& wire);

}  // namespace stele::server
