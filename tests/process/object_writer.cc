#include "tests/process/object_writer.h"

#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>

#include <utility>

#include "tests/process/load_keys.h"

namespace stele::process {
namespace {

constexpr absl::Duration kTimeout = absl::Seconds(20);
constexpr std::int64_t kSecondNs = 1'000'000'000;
constexpr std::int64_t kLeaseTtlSeconds = 3;
constexpr std::size_t kComplaints = 10;
constexpr char kTurnKey[] = "compact_rev_key";

}  // namespace

std::string ObjectKey(const std::string& prefix, std::uint64_t number) {
  return absl::StrCat(prefix, "space", number % 7, "/object-", absl::Dec(number, absl::kZeroPad5));
}

ObjectWriter::ObjectWriter(int number, const std::string& address, Options options)
    : number_(number),
      options_(std::move(options)),
      client_(address),
      random_(options_.seed, "object writer", static_cast<std::uint64_t>(number)),
      thread_([this] { Run(); }) {}

ObjectWriter::~ObjectWriter() { Stop(); }

void ObjectWriter::Stop() {
  stopping_ = true;
  if (thread_.joinable()) thread_.join();
}

void ObjectWriter::Run() {
  while (!stopping_) {
    if (options_.on_leases) RenewLease();
    WriteOnce();
  }
}

// A new lease every second; the old ones run out.
void ObjectWriter::RenewLease() {
  if (MonotonicNs() < lease_until_ns_) return;
  const auto granted = client_.LeaseGrant(kLeaseTtlSeconds, kTimeout);
  if (!granted.ok()) {
    complaints_.push_back(absl::StrCat("lease: ", granted.status().ToString()));
    return;
  }
  lease_ = granted->id();
  lease_until_ns_ = MonotonicNs() + kSecondNs;
}

void ObjectWriter::WriteOnce() {
  const std::string key = ObjectKey(options_.prefix, random_.Below(options_.objects));
  etcdserverpb::RequestOp change;
  const bool deletes = known_[key] != 0 && random_.Chance(0.1);
  if (deletes) {
    change.mutable_request_delete_range()->set_key(key);
  } else {
    etcdserverpb::PutRequest& put = *change.mutable_request_put();
    put.set_key(key);
    put.set_lease(lease_);
    put.set_value(absl::StrCat("writer ", number_, " value ", next_value_++, " ",
                               std::string(random_.Below(600), 'x')));
  }
  // Until nobody else was quicker, as it is done for a change that must not be lost.
  while (!stopping_) {
    const bool is_new = known_[key] == 0;
    if (deletes && is_new) return;
    if (!Commit(key, change)) continue;
    ++(deletes ? figures_.deleted : is_new ? figures_.created : figures_.changed);
    return;
  }
}

bool ObjectWriter::Commit(const std::string& key, const etcdserverpb::RequestOp& change) {
  std::int64_t& known = known_[key];
  etcdserverpb::TxnRequest request;
  etcdserverpb::Compare& compare = *request.add_compare();
  compare.set_key(key);
  compare.set_target(etcdserverpb::Compare::MOD);
  compare.set_mod_revision(known);
  *request.add_success() = change;
  request.add_failure()->mutable_request_range()->set_key(key);
  const auto reply = client_.Txn(request, kTimeout);
  if (!reply.ok()) {
    // Its lease may have ended while others were quicker.
    if (options_.on_leases && reply.status().code() == absl::StatusCode::kNotFound) return true;
    if (complaints_.size() < kComplaints) {
      complaints_.push_back(absl::StrCat("txn: ", reply.status().ToString()));
    }
    return true;
  }
  if (reply->succeeded()) {
    known = change.has_request_put() ? reply->header().revision() : 0;
    return true;
  }
  ++figures_.conflicts;
  const etcdserverpb::RangeResponse& found = reply->responses(0).response_range();
  const std::int64_t now = found.kvs().empty() ? 0 : found.kvs(0).mod_revision();
  if (now == known || now > reply->header().revision()) {
    complaints_.push_back(absl::StrCat("a conflict of ", key, " at ", known, " with ", now));
  }
  known = now;
  return false;
}

IntervalCompactor::IntervalCompactor(const std::string& address, absl::Duration interval)
    : client_(address), interval_(interval), thread_([this] { Run(); }) {}

IntervalCompactor::~IntervalCompactor() { Stop(); }

void IntervalCompactor::Stop() {
  {
    const absl::MutexLock lock(&mutex_);
    stopping_ = true;
  }
  if (thread_.joinable()) thread_.join();
}

void IntervalCompactor::Run() {
  while (true) {
    {
      const absl::MutexLock lock(&mutex_);
      if (mutex_.AwaitWithTimeout(absl::Condition(&stopping_), interval_)) return;
    }
    CompactOnce();
  }
}

void IntervalCompactor::CompactOnce() {
  etcdserverpb::TxnRequest request;
  etcdserverpb::Compare& compare = *request.add_compare();
  compare.set_key(kTurnKey);
  compare.set_target(etcdserverpb::Compare::VERSION);
  compare.set_version(turn_);
  etcdserverpb::PutRequest& put = *request.add_success()->mutable_request_put();
  put.set_key(kTurnKey);
  put.set_value(absl::StrCat(revision_));
  request.add_failure()->mutable_request_range()->set_key(kTurnKey);
  const auto reply = client_.Txn(request, kTimeout);
  if (!reply.ok()) {
    complaints_.push_back(absl::StrCat("compactor: ", reply.status().ToString()));
    return;
  }
  const std::int64_t compacted = std::exchange(revision_, reply->header().revision());
  if (!reply->succeeded()) {
    turn_ = reply->responses(0).response_range().kvs(0).version();
    return;
  }
  ++turn_;
  if (compacted == 0) return;
  etcdserverpb::CompactionRequest compaction;
  compaction.set_revision(compacted);
  const absl::Status status = client_.Compact(compaction, kTimeout).status();
  const bool was_done = absl::StrContains(status.message(), "has been compacted");
  if (!status.ok() && !was_done) {
    complaints_.push_back(absl::StrCat("compaction: ", status.ToString()));
  }
  ++compactions_;
}

}  // namespace stele::process
