#include "src/client/txn_builder.h"

namespace stele::client {

using etcdserverpb::Compare;

Operand::Operand(Compare::CompareTarget target, KeyRange range)
    : target_(target), range_(std::move(range)) {}

Compare Operand::With(Compare::CompareResult result, int64_t number) const {
  Compare compare;
  compare.set_result(result);
  compare.set_target(target_);
  compare.set_key(range_.key);
  compare.set_range_end(range_.end);
  switch (target_) {
    case Compare::VERSION:
      compare.set_version(number);
      break;
    case Compare::CREATE:
      compare.set_create_revision(number);
      break;
    case Compare::MOD:
      compare.set_mod_revision(number);
      break;
    case Compare::LEASE:
      compare.set_lease(number);
      break;
    default:
      // A value compared with a number means the number's digits.
      compare.set_value(std::to_string(number));
  }
  return compare;
}

Compare Operand::With(Compare::CompareResult result, const std::string& bytes) const {
  Compare compare;
  compare.set_result(result);
  compare.set_target(target_);
  compare.set_key(range_.key);
  compare.set_range_end(range_.end);
  compare.set_value(bytes);
  return compare;
}

Operand VersionOf(const std::string& key) { return {Compare::VERSION, KeyRange::One(key)}; }
Operand CreateRevisionOf(const std::string& key) { return {Compare::CREATE, KeyRange::One(key)}; }
Operand ModRevisionOf(const std::string& key) { return {Compare::MOD, KeyRange::One(key)}; }
Operand ValueOf(const std::string& key) { return {Compare::VALUE, KeyRange::One(key)}; }
Operand LeaseOf(const std::string& key) { return {Compare::LEASE, KeyRange::One(key)}; }

Operation::Operation(etcdserverpb::RangeRequest request) {
  *operation_.mutable_request_range() = std::move(request);
}
Operation::Operation(etcdserverpb::PutRequest request) {
  *operation_.mutable_request_put() = std::move(request);
}
Operation::Operation(etcdserverpb::DeleteRangeRequest request) {
  *operation_.mutable_request_delete_range() = std::move(request);
}
Operation::Operation(etcdserverpb::TxnRequest request) {
  *operation_.mutable_request_txn() = std::move(request);
}

TxnBuilder& TxnBuilder::When(Compare condition) {
  *request_.add_compare() = std::move(condition);
  return *this;
}

TxnBuilder& TxnBuilder::Then(Operation operation) {
  *request_.add_success() = std::move(operation).Take();
  return *this;
}

TxnBuilder& TxnBuilder::Else(Operation operation) {
  *request_.add_failure() = std::move(operation).Take();
  return *this;
}

}  // namespace stele::client
