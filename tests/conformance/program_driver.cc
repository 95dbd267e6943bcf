#include "tests/conformance/program_driver.h"

#include <algorithm>
#include <memory>

#include "absl/strings/str_cat.h"
#include "proto/rpc.pb.h"
#include "tests/conformance/method_table.h"
#include "tests/conformance/program_generator.h"

namespace stele::conformance {
namespace {

using google::protobuf::Message;

constexpr char kMarker[] = "!";
const std::string kEverything(1, '\0');

template <class Request>
Operation Make(const char* method, Request request) {
  return {FindMethod(method), std::make_shared<const Request>(std::move(request))};
}

Operation RangeOfEverything(std::int64_t revision) {
  etcdserverpb::RangeRequest range;
  range.set_key(kEverything);
  range.set_range_end(kEverything);
  range.set_revision(revision);
  return Make("Range", std::move(range));
}

Operation DeleteOf(const std::string& key, const std::string& range_end) {
  etcdserverpb::DeleteRangeRequest erase;
  erase.set_key(key);
  erase.set_range_end(range_end);
  return Make("DeleteRange", std::move(erase));
}

// What two right servers may answer differently.
void Mask(Message* response) {
  const auto* header = response->GetDescriptor()->FindFieldByName("header");
  if (header != nullptr && response->GetReflection()->HasField(*response, header)) {
    auto* inner = static_cast<etcdserverpb::ResponseHeader*>(
        response->GetReflection()->MutableMessage(response, header));
    inner->clear_cluster_id();
    inner->clear_member_id();
    inner->clear_raft_term();
  }
  if (auto* left = dynamic_cast<etcdserverpb::LeaseTimeToLiveResponse*>(response)) {
    if (left->ttl() > 0) left->set_ttl(1);
    std::sort(left->mutable_keys()->begin(), left->mutable_keys()->end());
  }
  if (auto* list = dynamic_cast<etcdserverpb::LeaseLeasesResponse*>(response)) {
    std::sort(list->mutable_leases()->begin(), list->mutable_leases()->end(),
              [](const auto& a, const auto& b) { return a.id() < b.id(); });
  }
}

// The header of a nested transaction's answer: a case of its own judges it.
void MaskNested(etcdserverpb::TxnResponse* txn) {
  for (etcdserverpb::ResponseOp& part : *txn->mutable_responses()) {
    if (!part.has_response_txn()) continue;
    part.mutable_response_txn()->mutable_header()->clear_revision();
    MaskNested(part.mutable_response_txn());
  }
}

std::int64_t RevisionOf(const Message& response) {
  const auto* field = response.GetDescriptor()->FindFieldByName("header");
  if (field == nullptr) return 0;
  return static_cast<const etcdserverpb::ResponseHeader&>(
             response.GetReflection()->GetMessage(response, field))
      .revision();
}

bool SucceededIn(const Program& program, const ProgramOutcome& outcome, const char* method) {
  for (std::size_t i = 0; i < program.operations.size(); ++i) {
    if (program.operations[i].method->name() == method && outcome.answers[i].code == 0) return true;
  }
  return false;
}

}  // namespace

ProgramAnswer ProgramDriver::Ask(const Operation& operation) {
  const std::unique_ptr<Message> request(operation.request->New());
  request->CopyFrom(*operation.request);
  MakeRevisionsAbsolute(request.get(), start_);
  const std::unique_ptr<Message> response = NewMessage(operation.method->output_type());
  const CallEnd end = client_.CallOnce(PathOf(*operation.method), *request, response.get());
  ProgramAnswer answer{.code = end.code, .text = end.text, .response = ""};
  if (end.code != 0) return answer;
  newest_ = std::max(newest_, RevisionOf(*response));
  Mask(response.get());
  if (auto* txn = dynamic_cast<etcdserverpb::TxnResponse*>(response.get())) MaskNested(txn);
  MakeRevisionsRelative(response.get(), start_);
  answer.response = response->SerializeAsString();
  return answer;
}

// Deletes everything and forgets the past. The compacted revision is that of a put: what is kept of
// a deletion at exactly the compacted revision depends on the release of etcd.
absl::Status ProgramDriver::GoToStart() {
  start_ = 0;
  newest_ = 0;
  for (const std::int64_t lease : ProgramLeases()) {
    etcdserverpb::LeaseRevokeRequest revoke;
    revoke.set_id(lease);
    Ask(Make("LeaseRevoke", std::move(revoke)));
  }
  etcdserverpb::PutRequest put;
  put.set_key(kMarker);
  ProgramAnswer last = Ask(DeleteOf(kEverything, kEverything));
  if (last.code == 0) last = Ask(Make("Put", put));
  etcdserverpb::CompactionRequest compaction;
  compaction.set_revision(newest_);
  if (last.code == 0) last = Ask(DeleteOf(kMarker, ""));
  if (last.code == 0) last = Ask(Make("Compact", std::move(compaction)));
  if (last.code != 0) return absl::UnavailableError(absl::StrCat("cannot start: ", last.text));
  start_ = newest_;
  return absl::OkStatus();
}

std::vector<Operation> ProgramDriver::Questions(const Program& program,
                                                const ProgramOutcome& outcome) const {
  std::vector<Operation> questions;
  if (hash_suffices_ && !SucceededIn(program, outcome, "Compact")) {
    questions.push_back(Make("HashKV", etcdserverpb::HashKVRequest()));
    questions.push_back(RangeOfEverything(0));
  } else {
    for (std::int64_t offset = 0; offset <= newest_ - start_; ++offset) {
      questions.push_back(RangeOfEverything(kProgramStart + offset));
    }
  }
  questions.push_back(Make("LeaseLeases", etcdserverpb::LeaseLeasesRequest()));
  for (const std::int64_t lease : ProgramLeases()) {
    etcdserverpb::LeaseTimeToLiveRequest left;
    left.set_id(lease);
    left.set_keys(true);
    questions.push_back(Make("LeaseTimeToLive", std::move(left)));
  }
  return questions;
}

absl::StatusOr<ProgramOutcome> ProgramDriver::Run(const Program& program) {
  if (absl::Status status = GoToStart(); !status.ok()) return status;
  ProgramOutcome outcome;
  outcome.start = start_;
  outcome.answers.reserve(program.operations.size());
  for (const Operation& operation : program.operations) outcome.answers.push_back(Ask(operation));
  outcome.questions = Questions(program, outcome);
  for (const Operation& question : outcome.questions) {
    outcome.final_answers.push_back(Ask(question));
  }
  return outcome;
}

}  // namespace stele::conformance
