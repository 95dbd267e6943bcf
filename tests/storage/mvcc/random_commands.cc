#include "tests/storage/mvcc/random_commands.h"

#include <algorithm>

namespace stele::storage {

using etcdserverpb::RangeRequest;

std::string RandomCommands::Key() {
  // Keys that are prefixes of each other, and bytes that an order gets wrong first.
  static const std::string keys[] = {"a",
                                     "b",
                                     std::string("b\0", 2),
                                     std::string("b\0\0", 3),
                                     std::string("b\0\x01", 3),
                                     std::string("b\0\xff", 3),
                                     "b\x01",
                                     "ba",
                                     "b\xff",
                                     "c",
                                     "\xff",
                                     "\xff\xff",
                                     std::string("\0", 1)};
  return keys[Below(std::size(keys))];
}

void RandomCommands::Interval(std::string* key, std::string* range_end) {
  *key = Key();
  switch (Below(5)) {
    case 0:
      range_end->clear();
      break;
    case 1:
      range_end->assign(1, '\0');
      break;
    case 2:
      key->assign(1, '\0');
      range_end->assign(1, '\0');
      break;
    default:
      *range_end = Key();
  }
}

std::int64_t RandomCommands::RevisionNear(std::int64_t compacted, std::int64_t current) {
  const std::int64_t lowest = std::max<std::int64_t>(compacted, 1) - 2;
  const std::int64_t highest = current + 2;
  return lowest + static_cast<std::int64_t>(Below(static_cast<std::uint64_t>(highest - lowest)));
}

RangeRequest RandomCommands::Range(std::int64_t compacted, std::int64_t current) {
  RangeRequest request;
  Interval(request.mutable_key(), request.mutable_range_end());
  if (OneIn(2)) request.set_revision(RevisionNear(compacted, current));
  if (OneIn(3)) request.set_limit(static_cast<std::int64_t>(Below(5)));
  if (OneIn(3)) request.set_sort_order(static_cast<RangeRequest::SortOrder>(Below(3)));
  if (OneIn(3)) request.set_sort_target(static_cast<RangeRequest::SortTarget>(Below(5)));
  request.set_keys_only(OneIn(5));
  request.set_count_only(OneIn(5));
  if (OneIn(6)) request.set_min_mod_revision(RevisionNear(compacted, current));
  if (OneIn(6)) request.set_max_mod_revision(RevisionNear(compacted, current));
  if (OneIn(6)) request.set_min_create_revision(RevisionNear(compacted, current));
  if (OneIn(6)) request.set_max_create_revision(RevisionNear(compacted, current));
  return request;
}

etcdserverpb::PutRequest RandomCommands::Put() {
  etcdserverpb::PutRequest request;
  request.set_key(Key());
  request.set_ignore_value(OneIn(8));
  if (!request.ignore_value()) request.set_value("v" + std::to_string(Below(100)));
  request.set_ignore_lease(OneIn(8));
  if (!request.ignore_lease() && OneIn(3)) request.set_lease(LeaseId());
  request.set_prev_kv(OneIn(3));
  return request;
}

etcdserverpb::DeleteRangeRequest RandomCommands::DeleteRange() {
  etcdserverpb::DeleteRangeRequest request;
  request.set_key(Key());
  if (OneIn(3)) Interval(request.mutable_key(), request.mutable_range_end());
  request.set_prev_kv(OneIn(3));
  return request;
}

etcdserverpb::Compare RandomCommands::Compare(std::int64_t current) {
  etcdserverpb::Compare compare;
  compare.set_key(Key());
  if (OneIn(4)) Interval(compare.mutable_key(), compare.mutable_range_end());
  compare.set_result(static_cast<etcdserverpb::Compare::CompareResult>(Below(4)));
  compare.set_target(static_cast<etcdserverpb::Compare::CompareTarget>(Below(5)));
  const auto revision = static_cast<std::int64_t>(Below(static_cast<std::uint64_t>(current) + 2));
  switch (compare.target()) {
    case etcdserverpb::Compare::VERSION:
      compare.set_version(static_cast<std::int64_t>(Below(4)));
      break;
    case etcdserverpb::Compare::CREATE:
      compare.set_create_revision(OneIn(2) ? 0 : revision);
      break;
    case etcdserverpb::Compare::MOD:
      compare.set_mod_revision(OneIn(2) ? 0 : revision);
      break;
    case etcdserverpb::Compare::LEASE:
      compare.set_lease(OneIn(2) ? 0 : LeaseId());
      break;
    default:
      compare.set_value("v" + std::to_string(Below(100)));
  }
  return compare;
}

etcdserverpb::TxnRequest RandomCommands::Txn(int depth, std::int64_t compacted,
                                             std::int64_t current) {
  etcdserverpb::TxnRequest request;
  for (std::uint64_t i = Below(3); i > 0; --i) *request.add_compare() = Compare(current);
  for (auto* branch : {request.mutable_success(), request.mutable_failure()}) {
    for (std::uint64_t i = Below(4); i > 0; --i) {
      etcdserverpb::RequestOp* op = branch->Add();
      const std::uint64_t kind = Below(depth > 0 ? 10 : 9);
      if (kind < 4) {
        *op->mutable_request_put() = Put();
      } else if (kind < 7) {
        *op->mutable_request_range() = Range(compacted, current);
      } else if (kind < 9) {
        *op->mutable_request_delete_range() = DeleteRange();
      } else {
        *op->mutable_request_txn() = Txn(depth - 1, compacted, current);
      }
    }
  }
  return request;
}

stelepb::Command RandomCommands::Next(std::uint64_t term, std::int64_t compacted,
                                      std::int64_t current) {
  stelepb::Command command;
  const std::uint64_t kind = Below(100);
  if (kind < 45) {
    *command.mutable_put() = Put();
  } else if (kind < 60) {
    *command.mutable_delete_range() = DeleteRange();
  } else if (kind < 85) {
    *command.mutable_txn() = Txn(2, compacted, current);
  } else if (kind < 89) {
    command.mutable_compact()->set_revision(RevisionNear(compacted, current));
  } else if (kind < 95) {
    command.mutable_lease_grant()->set_id(LeaseId());
    command.mutable_lease_grant()->set_ttl_seconds(static_cast<std::int64_t>(Below(100)) + 1);
  } else {
    command.mutable_lease_revoke()->set_id(LeaseId());
    if (OneIn(2)) command.mutable_lease_revoke()->set_expired_in_term(term - Below(2));
  }
  return command;
}

}  // namespace stele::storage
