#include "src/server/peer/codec.h"

#include <string>
#include <utility>

namespace stele::server {
namespace {

using stelepb::RaftMessage;

template <class... Ts>
struct Overloaded : Ts... {
  using Ts::operator()...;
};
template <class... Ts>
Overloaded(Ts...) -> Overloaded<Ts...>;

void EncodeAppendEntries(const raft::AppendEntries& body, RaftMessage::AppendEntries* wire) {
  wire->set_prev_log_index(body.prev_entry.index.value);
  wire->set_prev_log_term(body.prev_entry.term.value);
  wire->set_leader_commit(body.leader_commit.value);
  wire->mutable_entries()->Reserve(static_cast<int>(body.entries.size()));
  for (const raft::Entry& entry : body.entries) {
    stelepb::RaftEntry* to = wire->add_entries();
    to->set_term(entry.id.term.value);
    to->set_index(entry.id.index.value);
    to->set_type(static_cast<std::uint32_t>(entry.type));
    to->set_data(entry.data.view().data(), entry.data.size());
  }
}

std::optional<raft::AppendEntries> DecodeAppendEntries(const RaftMessage::AppendEntries& wire) {
  raft::AppendEntries body;
  body.prev_entry = {raft::Index{wire.prev_log_index()}, raft::Term{wire.prev_log_term()}};
  body.leader_commit = raft::Index{wire.leader_commit()};
  body.entries.reserve(static_cast<std::size_t>(wire.entries_size()));
  raft::EntryId previous = body.prev_entry;
  for (const stelepb::RaftEntry& from : wire.entries()) {
    const raft::EntryId id{raft::Index{from.index()}, raft::Term{from.term()}};
    if (id.index != previous.index.Next() || id.term < previous.term) return std::nullopt;
    if (from.type() > static_cast<std::uint32_t>(raft::EntryType::kConfChange)) return std::nullopt;
    body.entries.push_back(
        {id, static_cast<raft::EntryType>(from.type()), raft::Payload(from.data())});
    previous = id;
  }
  return body;
}

void EncodeAppendResponse(const raft::AppendResponse& body, RaftMessage::AppendResponse* wire) {
  wire->set_rejected(body.rejected);
  wire->set_match_index(body.match_index.value);
  wire->set_rejected_index(body.rejected_index.value);
  wire->set_hint_index(body.hint.index.value);
  wire->set_hint_term(body.hint.term.value);
}

raft::AppendResponse DecodeAppendResponse(const RaftMessage::AppendResponse& wire) {
  return {wire.rejected(), raft::Index{wire.match_index()}, raft::Index{wire.rejected_index()},
          raft::EntryId{raft::Index{wire.hint_index()}, raft::Term{wire.hint_term()}}};
}

void EncodeRequestVote(const raft::RequestVote& body, RaftMessage::RequestVote* wire) {
  wire->set_last_log_index(body.last_entry.index.value);
  wire->set_last_log_term(body.last_entry.term.value);
  wire->set_pre_vote(body.pre_vote);
  wire->set_leader_transfer(body.leader_transfer);
}

raft::RequestVote DecodeRequestVote(const RaftMessage::RequestVote& wire) {
  return {raft::EntryId{raft::Index{wire.last_log_index()}, raft::Term{wire.last_log_term()}},
          wire.pre_vote(), wire.leader_transfer()};
}

std::optional<raft::MessageBody> DecodeBody(const RaftMessage& wire) {
  switch (wire.body_case()) {
    case RaftMessage::kRequestVote:
      return DecodeRequestVote(wire.request_vote());
    case RaftMessage::kVoteResponse:
      return raft::VoteResponse{wire.vote_response().granted(), wire.vote_response().pre_vote()};
    case RaftMessage::kAppendEntries:
      if (auto body = DecodeAppendEntries(wire.append_entries())) return *std::move(body);
      return std::nullopt;
    case RaftMessage::kAppendResponse:
      return DecodeAppendResponse(wire.append_response());
    case RaftMessage::kHeartbeat:
      return raft::Heartbeat{raft::Index{wire.heartbeat().leader_commit()},
                             wire.heartbeat().round()};
    case RaftMessage::kHeartbeatResponse:
      return raft::HeartbeatResponse{wire.heartbeat_response().round()};
    case RaftMessage::kInstallSnapshot:
      return raft::InstallSnapshot{DecodeSnapshotMeta(wire.install_snapshot().meta())};
    case RaftMessage::kReadIndexRequest:
      return raft::ReadIndexRequest{wire.read_index_request().request_id()};
    case RaftMessage::kReadIndexResponse:
      return raft::ReadIndexResponse{wire.read_index_response().request_id(),
                                     raft::Index{wire.read_index_response().read_index()},
                                     wire.read_index_response().rejected()};
    case RaftMessage::kTimeoutNow:
      return raft::TimeoutNow{};
    case RaftMessage::kForwardedProposal: {
      raft::ForwardedProposal body;
      for (const std::string& data : wire.forwarded_proposal().data()) body.data.emplace_back(data);
      return body;
    }
    case RaftMessage::BODY_NOT_SET:
      break;
  }
  return std::nullopt;
}

}  // namespace

void EncodeMessage(const raft::Message& message, stelepb::RaftMessage* wire) {
  wire->set_from(message.from.value);
  wire->set_to(message.to.value);
  wire->set_term(message.term.value);
  std::visit(Overloaded{
                 [&](const raft::RequestVote& body) {
                   EncodeRequestVote(body, wire->mutable_request_vote());
                 },
                 [&](const raft::VoteResponse& body) {
                   wire->mutable_vote_response()->set_granted(body.granted);
                   wire->mutable_vote_response()->set_pre_vote(body.pre_vote);
                 },
                 [&](const raft::AppendEntries& body) {
                   EncodeAppendEntries(body, wire->mutable_append_entries());
                 },
                 [&](const raft::AppendResponse& body) {
                   EncodeAppendResponse(body, wire->mutable_append_response());
                 },
                 [&](const raft::Heartbeat& body) {
                   wire->mutable_heartbeat()->set_leader_commit(body.leader_commit.value);
                   wire->mutable_heartbeat()->set_round(body.round);
                 },
                 [&](const raft::HeartbeatResponse& body) {
                   wire->mutable_heartbeat_response()->set_round(body.round);
                 },
                 [&](const raft::InstallSnapshot& body) {
                   EncodeSnapshotMeta(body.meta, wire->mutable_install_snapshot()->mutable_meta());
                 },
                 [&](const raft::ReadIndexRequest& body) {
                   wire->mutable_read_index_request()->set_request_id(body.request_id);
                 },
                 [&](const raft::ReadIndexResponse& body) {
                   wire->mutable_read_index_response()->set_request_id(body.request_id);
                   wire->mutable_read_index_response()->set_read_index(body.read_index.value);
                   wire->mutable_read_index_response()->set_rejected(body.rejected);
                 },
                 [&](const raft::TimeoutNow&) { wire->mutable_timeout_now(); },
                 [&](const raft::ForwardedProposal& body) {
                   for (const raft::Payload& data : body.data) {
                     wire->mutable_forwarded_proposal()->add_data(data.view().data(), data.size());
                   }
                 },
             },
             message.body);
}

std::optional<raft::Message> DecodeMessage(const stelepb::RaftMessage& wire) {
  std::optional<raft::MessageBody> body = DecodeBody(wire);
  if (!body) return std::nullopt;
  return raft::Message{raft::NodeId{wire.from()}, raft::NodeId{wire.to()}, raft::Term{wire.term()},
                       *std::move(body)};
}

void EncodeConfState(const raft::ConfState& conf_state, stelepb::RaftConfState* wire) {
  for (const raft::NodeId id : conf_state.voters) wire->add_voters(id.value);
  for (const raft::NodeId id : conf_state.voters_outgoing) wire->add_voters_outgoing(id.value);
  for (const raft::NodeId id : conf_state.learners) wire->add_learners(id.value);
  for (const raft::NodeId id : conf_state.learners_next) wire->add_learners_next(id.value);
  wire->set_auto_leave(conf_state.auto_leave);
}

raft::ConfState DecodeConfState(const stelepb::RaftConfState& wire) {
  raft::ConfState conf_state;
  for (const std::uint64_t id : wire.voters()) conf_state.voters.push_back({id});
  for (const std::uint64_t id : wire.voters_outgoing()) conf_state.voters_outgoing.push_back({id});
  for (const std::uint64_t id : wire.learners()) conf_state.learners.push_back({id});
  for (const std::uint64_t id : wire.learners_next()) conf_state.learners_next.push_back({id});
  conf_state.auto_leave = wire.auto_leave();
  return conf_state;
}

void EncodeSnapshotMeta(const raft::SnapshotMeta& meta, stelepb::RaftSnapshotMeta* wire) {
  wire->set_index(meta.last.index.value);
  wire->set_term(meta.last.term.value);
  EncodeConfState(meta.conf_state, wire->mutable_conf_state());
}

raft::SnapshotMeta DecodeSnapshotMeta(const stelepb::RaftSnapshotMeta& wire) {
  return {raft::EntryId{raft::Index{wire.index()}, raft::Term{wire.term()}},
          DecodeConfState(wire.conf_state())};
}

}  // namespace stele::server
