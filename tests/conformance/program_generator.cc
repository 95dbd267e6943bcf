#include "tests/conformance/program_generator.h"

#include <limits>
#include <string>
#include <utility>

#include "proto/rpc.pb.h"
#include "tests/conformance/dice.h"
#include "tests/conformance/key_universe.h"
#include "tests/conformance/method_table.h"

namespace stele::conformance {
namespace {

using etcdserverpb::Compare;
using etcdserverpb::RangeRequest;
using etcdserverpb::RequestOp;
using etcdserverpb::TxnRequest;

constexpr int kLeases = 5;
constexpr std::int64_t kFirstLease = 101;
constexpr std::int64_t kNoLease = 999;  // never granted
constexpr std::int64_t kTimeToLive = 3600;
constexpr std::int64_t kTimeToLiveStep = 100;  // so that their order does not hang on a second
constexpr int kDeepest = 3;
const std::string kFromKeyOn(1, '\0');

// What a put of the transaction that is being made may be refused for. For nothing behind a range
// at a revision: which of the two errors the transaction ends with depends on the release (a case
// decides). Nor may a put want to keep something of a key that the transaction may have deleted:
// etcd dies of it.
struct PutRefusals {
  bool for_lease = true;
  bool for_key = true;
};

class Generator {
 public:
  Generator(std::uint64_t seed, const ProgramShape& shape)
      : dice_(seed), keys_(&dice_, ""), shape_(shape) {
    program_.seed = seed;
  }

  Program Run() {
    for (int i = 0; i < shape_.operations; ++i) AddOperation();
    return std::move(program_);
  }

 private:
  template <class Request>
  void Add(const char* method, Request request) {
    program_.operations.push_back(
        {FindMethod(method), std::make_shared<const Request>(std::move(request))});
  }

  void AddOperation() {
    switch (dice_.Weighted({28, 20, 11, 26, 2, 5, 3, 3, 2})) {
      case 0:
        return Add("Put", Put());
      case 1:
        return Add("Range", Range());
      case 2:
        return Add("DeleteRange", Delete());
      case 3:
        return Add("Txn", Txn());
      case 4:
        return AddCompaction();
      case 5:
        return AddGrant();
      case 6: {
        etcdserverpb::LeaseRevokeRequest revoke;
        revoke.set_id(Lease());
        return Add("LeaseRevoke", std::move(revoke));
      }
      case 7: {
        etcdserverpb::LeaseTimeToLiveRequest left;
        left.set_id(Lease());
        left.set_keys(dice_.Chance(70));
        return Add("LeaseTimeToLive", std::move(left));
      }
      default:
        return Add("LeaseLeases", etcdserverpb::LeaseLeasesRequest());
    }
  }

  std::int64_t Lease() { return dice_.Chance(5) ? kNoLease : kFirstLease + dice_.Below(kLeases); }

  void AddGrant() {
    etcdserverpb::LeaseGrantRequest grant;
    grant.set_id(Lease() == kNoLease ? kFirstLease : kFirstLease + dice_.Below(kLeases));
    grant.set_ttl(dice_.Chance(97) ? kTimeToLive + kTimeToLiveStep * dice_.Below(20)
                                   : 9'000'000'001);
    Add("LeaseGrant", std::move(grant));
  }

  void AddCompaction() {
    etcdserverpb::CompactionRequest compaction;
    compaction.set_revision(dice_.Chance(90) ? RecentRevision() : -dice_.Below(2));
    compaction.set_physical(dice_.Chance(20));
    Add("Compact", std::move(compaction));
  }

  // Most operations write, so that this is in the past, or just ahead.
  std::int64_t RecentRevision() {
    const std::int64_t operations = std::ssize(program_.operations);
    return kProgramStart + dice_.Below(operations + 2) - 1;
  }

  // A revision to read at; often the newest.
  std::int64_t ReadRevision() {
    switch (dice_.Weighted({70, 25, 2, 2, 1})) {
      case 0:
        return 0;
      case 1:
        return RecentRevision();
      case 2:
        return std::numeric_limits<std::int64_t>::max();
      case 3:
        return 1;
      default:
        return -1;
    }
  }

  etcdserverpb::PutRequest Put() {
    etcdserverpb::PutRequest put;
    put.set_key(Key());
    put.set_value(KeyUniverse::Value(&dice_));
    put.set_prev_kv(dice_.Chance(30));
    if (refusals_.for_lease && dice_.Chance(25)) put.set_lease(Lease());
    if (refusals_.for_key && dice_.Chance(6)) {
      put.set_ignore_value(true);
      if (dice_.Chance(90)) put.clear_value();
    }
    if (refusals_.for_key && dice_.Chance(6)) {
      put.set_ignore_lease(true);
      if (dice_.Chance(90)) put.clear_lease();
    }
    return put;
  }

  // Seldom none at all, which is refused.
  std::string Key() { return dice_.Below(400) == 0 ? std::string() : keys_.Key(&dice_); }

  std::pair<std::string, std::string> Interval() {
    std::pair<std::string, std::string> interval = keys_.Range(&dice_);
    if (dice_.Below(400) == 0) interval.first.clear();
    return interval;
  }

  RangeRequest Range() {
    RangeRequest range;
    auto [key, end] = Interval();
    range.set_key(std::move(key));
    range.set_range_end(std::move(end));
    range.set_revision(ReadRevision());
    if (dice_.Chance(30)) range.set_limit(dice_.Below(8) - 1);
    if (dice_.Chance(30)) {
      range.set_sort_order(static_cast<RangeRequest::SortOrder>(dice_.Below(3)));
      range.set_sort_target(static_cast<RangeRequest::SortTarget>(dice_.Below(5)));
    }
    range.set_serializable(dice_.Chance(20));
    range.set_keys_only(dice_.Chance(10));
    range.set_count_only(dice_.Chance(8));
    if (dice_.Chance(8)) range.set_min_mod_revision(RecentRevision());
    if (dice_.Chance(8)) range.set_max_mod_revision(RecentRevision());
    if (dice_.Chance(5)) range.set_min_create_revision(RecentRevision());
    if (dice_.Chance(5)) range.set_max_create_revision(RecentRevision());
    return range;
  }

  etcdserverpb::DeleteRangeRequest Delete() {
    etcdserverpb::DeleteRangeRequest erase;
    auto [key, end] = Interval();
    erase.set_key(std::move(key));
    erase.set_range_end(std::move(end));
    erase.set_prev_kv(dice_.Chance(40));
    return erase;
  }

  Compare Comparison() {
    Compare compare;
    compare.set_key(Key());
    if (dice_.Chance(20)) {
      auto [key, end] = Interval();
      compare.set_key(std::move(key));
      compare.set_range_end(std::move(end));
    }
    // Seldom one that nobody knows.
    compare.set_result(static_cast<Compare::CompareResult>(
        dice_.Chance(1) ? Compare::CompareResult_MAX + 1 : dice_.Below(4)));
    compare.set_target(static_cast<Compare::CompareTarget>(dice_.Below(5)));
    if (dice_.Chance(3)) return compare;  // without an operand
    switch (compare.target()) {
      case Compare::VERSION:
        compare.set_version(dice_.Below(4));
        break;
      case Compare::CREATE:
        compare.set_create_revision(dice_.Chance(40) ? 0 : RecentRevision());
        break;
      case Compare::MOD:
        compare.set_mod_revision(dice_.Chance(30) ? 0 : RecentRevision());
        break;
      case Compare::LEASE:
        compare.set_lease(dice_.Chance(50) ? 0 : Lease());
        break;
      default:
        compare.set_value(KeyUniverse::Value(&dice_));
    }
    return compare;
  }

  void FillOperation(RequestOp* operation, int depth) {
    if (dice_.Below(500) == 0) return;  // which is refused
    switch (dice_.Weighted({45, 25, 15, depth < kDeepest ? 12 : 0})) {
      case 0:
        *operation->mutable_request_put() = Put();
        return;
      case 1:
        *operation->mutable_request_range() = Range();
        if (operation->request_range().revision() != 0) refusals_ = {false, false};
        return;
      case 2:
        *operation->mutable_request_delete_range() = Delete();
        if (operation->request_delete_range().range_end() == kFromKeyOn) refusals_.for_key = false;
        return;
      default:
        *operation->mutable_request_txn() = NestedTxn(depth + 1);
    }
  }

  TxnRequest Txn() {
    TxnRequest txn = NestedTxn(1);
    refusals_ = {};
    return txn;
  }

  TxnRequest NestedTxn(int depth) {
    TxnRequest txn;
    const std::int64_t compares = dice_.Below(3);
    for (std::int64_t i = 0; i < compares; ++i) *txn.add_compare() = Comparison();
    const PutRefusals before = refusals_;
    const std::int64_t success = dice_.Below(4);
    for (std::int64_t i = 0; i < success; ++i) FillOperation(txn.add_success(), depth);
    const PutRefusals after_success = std::exchange(refusals_, before);
    const std::int64_t failure = dice_.Below(3);
    for (std::int64_t i = 0; i < failure; ++i) FillOperation(txn.add_failure(), depth);
    refusals_.for_lease = refusals_.for_lease && after_success.for_lease;
    refusals_.for_key = refusals_.for_key && after_success.for_key;
    return txn;
  }

  Dice dice_;
  const KeyUniverse keys_;
  const ProgramShape shape_;
  Program program_;
  PutRefusals refusals_;
};

}  // namespace

Program GenerateProgram(std::uint64_t seed, const ProgramShape& shape) {
  return Generator(seed, shape).Run();
}

}  // namespace stele::conformance
