#include "tests/conformance/program_generator.h"

#include <limits>
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
constexpr int kDeepest = 3;

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
        return Add("Txn", Txn(1));
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
    grant.set_ttl(dice_.Chance(97) ? kTimeToLive + dice_.Below(100) : 9'000'000'001);
    Add("LeaseGrant", std::move(grant));
  }

  void AddCompaction() {
    etcdserverpb::CompactionRequest compaction;
    compaction.set_revision(dice_.Chance(90) ? RecentRevision() : 0);
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
    switch (dice_.Weighted({70, 26, 2, 2})) {
      case 0:
        return 0;
      case 1:
        return RecentRevision();
      case 2:
        return std::numeric_limits<std::int64_t>::max();
      default:
        return 1;
    }
  }

  etcdserverpb::PutRequest Put() {
    etcdserverpb::PutRequest put;
    put.set_key(keys_.Key(&dice_));
    put.set_value(KeyUniverse::Value(&dice_));
    if (dice_.Chance(25)) put.set_lease(Lease());
    put.set_prev_kv(dice_.Chance(30));
    if (dice_.Chance(6)) {
      put.set_ignore_value(true);
      if (dice_.Chance(90)) put.clear_value();
    }
    if (dice_.Chance(6)) {
      put.set_ignore_lease(true);
      if (dice_.Chance(90)) put.clear_lease();
    }
    return put;
  }

  RangeRequest Range() {
    RangeRequest range;
    auto [key, end] = keys_.Range(&dice_);
    range.set_key(std::move(key));
    range.set_range_end(std::move(end));
    range.set_revision(ReadRevision());
    if (dice_.Chance(30)) range.set_limit(dice_.Below(6));
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
    auto [key, end] = keys_.Range(&dice_);
    erase.set_key(std::move(key));
    erase.set_range_end(std::move(end));
    erase.set_prev_kv(dice_.Chance(40));
    return erase;
  }

  Compare Comparison() {
    Compare compare;
    compare.set_key(keys_.Key(&dice_));
    if (dice_.Chance(20)) {
      auto [key, end] = keys_.Range(&dice_);
      compare.set_key(std::move(key));
      compare.set_range_end(std::move(end));
    }
    compare.set_result(static_cast<Compare::CompareResult>(dice_.Below(4)));
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
    switch (dice_.Weighted({45, 25, 15, depth < kDeepest ? 12 : 0})) {
      case 0:
        *operation->mutable_request_put() = Put();
        return;
      case 1:
        *operation->mutable_request_range() = Range();
        return;
      case 2:
        *operation->mutable_request_delete_range() = Delete();
        // Whether such a range meets a put of the same transaction is left to a case.
        if (operation->request_delete_range().range_end() == std::string(1, '\0')) {
          operation->mutable_request_delete_range()->clear_range_end();
        }
        return;
      default:
        *operation->mutable_request_txn() = Txn(depth + 1);
    }
  }

  TxnRequest Txn(int depth) {
    TxnRequest txn;
    const std::int64_t compares = dice_.Below(3);
    for (std::int64_t i = 0; i < compares; ++i) *txn.add_compare() = Comparison();
    const std::int64_t success = dice_.Below(4);
    for (std::int64_t i = 0; i < success; ++i) FillOperation(txn.add_success(), depth);
    const std::int64_t failure = dice_.Below(3);
    for (std::int64_t i = 0; i < failure; ++i) FillOperation(txn.add_failure(), depth);
    return txn;
  }

  Dice dice_;
  const KeyUniverse keys_;
  const ProgramShape shape_;
  Program program_;
};

}  // namespace

Program GenerateProgram(std::uint64_t seed, const ProgramShape& shape) {
  return Generator(seed, shape).Run();
}

std::vector<std::int64_t> ProgramLeases() {
  std::vector<std::int64_t> leases;
  for (int i = 0; i < kLeases; ++i) leases.push_back(kFirstLease + i);
  return leases;
}

}  // namespace stele::conformance
