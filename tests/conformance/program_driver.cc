#include "tests/conformance/program_driver.h"

#include <algorithm>
#include <memory>

#include "absl/strings/str_cat.h"
#include "proto/rpc.pb.h"
#include "tests/conformance/method_table.h"

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

Operation PutOfMarker() {
  etcdserverpb::PutRequest put;
  put.set_key(kMarker);
  return Make("Put", std::move(put));
}

Operation ListOfLeases() { return Make("LeaseLeases", etcdserverpb::LeaseLeasesRequest()); }

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
  // Newer than etcd 3.4.
  if (auto* hash = dynamic_cast<etcdserverpb::HashKVResponse*>(response)) {
    hash->clear_hash_revision();
  }
}

std::int64_t RevisionOf(const Message& response) {
  const auto* field = response.GetDescriptor()->FindFieldByName("header");
  if (field == nullptr) return 0;
  return static_cast<const etcdserverpb::ResponseHeader&>(
             response.GetReflection()->GetMessage(response, field))
      .revision();
}

template <class Request>
Request OfLease(std::int64_t id) {
  Request request;
  request.set_id(id);
  return request;
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
  MakeRevisionsRelative(response.get(), start_);
  answer.response = response->SerializeAsString();
  return answer;
}

std::vector<std::int64_t> ProgramDriver::Leases(const ProgramAnswer& list) {
  etcdserverpb::LeaseLeasesResponse response;
  response.ParseFromString(list.response);
  std::vector<std::int64_t> ids;
  for (const etcdserverpb::LeaseStatus& lease : response.leases()) ids.push_back(lease.id());
  return ids;
}

// Deletes everything and forgets the past. The compacted revision is that of a put: what is kept of
// a deletion at exactly the compacted revision depends on the release of etcd.
absl::Status ProgramDriver::GoToStart() {
  start_ = 0;
  newest_ = 0;
  for (const std::int64_t lease : Leases(Ask(ListOfLeases()))) {
    Ask(Make("LeaseRevoke", OfLease<etcdserverpb::LeaseRevokeRequest>(lease)));
  }
  ProgramAnswer last = Ask(DeleteOf(kEverything, kEverything));
  if (last.code == 0) last = Ask(PutOfMarker());
  etcdserverpb::CompactionRequest compaction;
  compaction.set_revision(newest_);
  if (last.code == 0) last = Ask(DeleteOf(kMarker, ""));
  if (last.code == 0) last = Ask(Make("Compact", std::move(compaction)));
  if (last.code != 0) return absl::UnavailableError(absl::StrCat("cannot start: ", last.text));
  start_ = newest_;
  return absl::OkStatus();
}

// What is asked at the end, so that everything that was written is seen. The hash stands for the
// store at every revision that is left; a few of these are read all the same, because reading is a
// matter of its own.
void ProgramDriver::AskFinally(ProgramOutcome* outcome) {
  const auto ask = [this, outcome](Operation question) {
    outcome->final_answers.push_back(Ask(question));
    outcome->questions.push_back(std::move(question));
  };
  const std::int64_t span = newest_ - start_;
  if (looks_at_every_revision_) {
    for (std::int64_t offset = 0; offset <= span; ++offset) {
      ask(RangeOfEverything(kProgramStart + offset));
    }
  } else {
    // A store with a key in it: without any, etcd hashes what a compaction under way has left.
    ask(PutOfMarker());
    ask(Make("HashKV", etcdserverpb::HashKVRequest()));
    ask(RangeOfEverything(kProgramStart + span / 3));
    ask(RangeOfEverything(kProgramStart + span * 2 / 3));
    ask(RangeOfEverything(0));
  }
  ask(ListOfLeases());
  for (const std::int64_t lease : Leases(outcome->final_answers.back())) {
    auto left = OfLease<etcdserverpb::LeaseTimeToLiveRequest>(lease);
    left.set_keys(true);
    ask(Make("LeaseTimeToLive", std::move(left)));
  }
}

absl::StatusOr<ProgramOutcome> ProgramDriver::Run(const Program& program) {
  if (absl::Status status = GoToStart(); !status.ok()) return status;
  ProgramOutcome outcome;
  outcome.start = start_;
  outcome.answers.reserve(program.operations.size());
  for (const Operation& operation : program.operations) outcome.answers.push_back(Ask(operation));
  AskFinally(&outcome);
  return outcome;
}

}  // namespace stele::conformance
