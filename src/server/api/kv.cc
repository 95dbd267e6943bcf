#include "src/server/api/kv.h"

#include <memory>
#include <string>
#include <utility>
#include <variant>

#include "src/server/api/headers.h"
#include "src/server/api/validate.h"
#include "src/storage/state_machine/command_cost.h"

namespace stele::server {
namespace {

namespace pb = etcdserverpb;
using CallPtr = std::shared_ptr<Call>;

// What the handlers work with; shared by all rows.
struct Kv {
  KvLimits limits;
  const NodeFacts* facts;
  Proposer* proposer;
  Reader* reader;
  CompactionWatch* compaction;
  std::shared_ptr<const Quota> quota;

  void Range(CallPtr call, std::unique_ptr<pb::RangeRequest> request) const;
  void Put(CallPtr call, std::unique_ptr<pb::PutRequest> request) const;
  void DeleteRange(CallPtr call, std::unique_ptr<pb::DeleteRangeRequest> request) const;
  void Txn(CallPtr call, std::unique_ptr<pb::TxnRequest> request) const;
  void Compact(CallPtr call, std::unique_ptr<pb::CompactionRequest> request) const;

  // Answers by `reply(view, call)`, which may also return what is wrong instead.
  template <class Reply>
  void AnswerFromView(CallPtr call, bool serializable, Reply reply) const;
  // Proposes and answers with the result's response.
  template <class Response>
  void AnswerFromApply(CallPtr call, stelepb::Command* command) const;
};

template <class Reply>
void Kv::AnswerFromView(CallPtr call, bool serializable, Reply reply) const {
  auto answer = [call = std::move(call),
                 reply = std::move(reply)](absl::StatusOr<Reader::View> view) {
    if (!view.ok()) return call->Finish(view.status());
    if (call->ended()) return;
    if (absl::Status status = reply(**view, call.get()); !status.ok()) call->Finish(status);
  };
  if (serializable) return answer(reader->Serializable());
  reader->Linearizable(std::move(answer));
}

template <class Response>
void Kv::AnswerFromApply(CallPtr call, stelepb::Command* command) const {
  proposer->Propose(command,
                    [facts = facts, call = std::move(call)](storage::CommandResult result) {
                      if (!result.status.ok()) return call->Finish(result.status);
                      ReplyWithHeader(*facts, call.get(), &std::get<Response>(result.response));
                    });
}

void Kv::Range(CallPtr call, std::unique_ptr<pb::RangeRequest> request) const {
  if (absl::Status invalid = ValidateRange(*request); !invalid.ok()) return call->Finish(invalid);
  const bool serializable = request->serializable();
  AnswerFromView(
      std::move(call), serializable,
      [facts = facts, request = std::move(request)](const storage::ReadView& view, Call* asked) {
        pb::RangeResponse only_header;
        FillHeader(*facts, view.current_revision(), only_header.mutable_header());
        std::string bytes = only_header.SerializeAsString();
        absl::Status status = view.EncodeRange(*request, &bytes);
        if (status.ok()) asked->Reply(std::move(bytes));
        return status;
      });
}

void Kv::Put(CallPtr call, std::unique_ptr<pb::PutRequest> request) const {
  // Room is asked for first, as etcd does: a full store answers so even to what is wrong anyway.
  if (!quota->HasRoomFor(storage::CostOf(*request))) return quota->Refuse(std::move(call));
  if (absl::Status invalid = ValidatePut(*request); !invalid.ok()) return call->Finish(invalid);
  stelepb::Command command;
  command.set_allocated_put(request.release());
  AnswerFromApply<pb::PutResponse>(std::move(call), &command);
}

void Kv::DeleteRange(CallPtr call, std::unique_ptr<pb::DeleteRangeRequest> request) const {
  if (absl::Status invalid = ValidateDeleteRange(*request); !invalid.ok()) {
    return call->Finish(invalid);
  }
  stelepb::Command command;
  command.set_allocated_delete_range(request.release());
  AnswerFromApply<pb::DeleteRangeResponse>(std::move(call), &command);
}

void Kv::Txn(CallPtr call, std::unique_ptr<pb::TxnRequest> request) const {
  if (!quota->HasRoomFor(storage::CostOf(*request))) return quota->Refuse(std::move(call));
  if (absl::Status invalid = ValidateTxn(*request, limits.txn_ops_max); !invalid.ok()) {
    return call->Finish(invalid);
  }
  const TxnNature nature = NatureOf(*request);
  if (nature.read_only) {
    return AnswerFromView(
        std::move(call), nature.serializable,
        [facts = facts, request = std::move(request)](const storage::ReadView& view, Call* asked) {
          pb::TxnResponse response;
          absl::Status status = view.ReadOnlyTxn(*request, &response);
          if (status.ok()) ReplyWithHeader(*facts, asked, &response);
          return status;
        });
  }
  stelepb::Command command;
  command.set_allocated_txn(request.release());
  AnswerFromApply<pb::TxnResponse>(std::move(call), &command);
}

void Kv::Compact(CallPtr call, std::unique_ptr<pb::CompactionRequest> request) const {
  const std::int64_t revision = request->revision();
  const bool physical = request->physical();
  stelepb::Command command;
  command.set_allocated_compact(request.release());
  if (!physical) return AnswerFromApply<pb::CompactionResponse>(std::move(call), &command);
  proposer->Propose(&command, [facts = facts, compaction = compaction, revision,
                               call = std::move(call)](storage::CommandResult result) mutable {
    if (!result.status.ok()) return call->Finish(result.status);
    compaction->WhenCompacted(
        revision, [facts, call = std::move(call),
                   response = std::get<pb::CompactionResponse>(result.response)]() mutable {
          ReplyWithHeader(*facts, call.get(), &response);
        });
  });
}

}  // namespace

void AddKvMethods(const KvLimits& limits, const ClientPorts& ports,
                  std::shared_ptr<const Quota> quota, MethodRows* rows) {
  const NodeFacts* const facts = ports.facts;
  const auto kv = std::make_shared<const Kv>(
      Kv{limits, facts, ports.proposer, ports.reader, ports.compaction, std::move(quota)});
  const auto row = [&](auto request, const char* path, auto method) {
    using Request = decltype(request);
    rows->AddUnary<Request>(path, facts,
                            [kv, method](CallPtr call, std::unique_ptr<Request> owned) {
                              ((*kv).*method)(std::move(call), std::move(owned));
                            });
  };
  row(pb::RangeRequest(), "/etcdserverpb.KV/Range", &Kv::Range);
  row(pb::PutRequest(), "/etcdserverpb.KV/Put", &Kv::Put);
  row(pb::DeleteRangeRequest(), "/etcdserverpb.KV/DeleteRange", &Kv::DeleteRange);
  row(pb::TxnRequest(), "/etcdserverpb.KV/Txn", &Kv::Txn);
  row(pb::CompactionRequest(), "/etcdserverpb.KV/Compact", &Kv::Compact);
}

}  // namespace stele::server
