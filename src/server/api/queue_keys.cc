#include "src/server/api/queue_keys.h"

#include "absl/strings/str_cat.h"

namespace stele::server {
namespace {

namespace pb = etcdserverpb;

pb::TxnRequest* TxnIfCreatedAt(const std::string& key, std::int64_t create_revision,
                               stelepb::Command* command) {
  pb::TxnRequest* txn = command->mutable_txn();
  pb::Compare* compare = txn->add_compare();
  compare->set_key(key);
  compare->set_target(pb::Compare::CREATE);
  compare->set_result(pb::Compare::EQUAL);
  compare->set_create_revision(create_revision);
  return txn;
}

void FillPut(const std::string& key, const std::string& value, std::int64_t lease,
             pb::PutRequest* put) {
  put->set_key(key);
  put->set_value(value);
  put->set_lease(lease);
}

pb::RangeRequest FirstByCreation(const std::string& prefix, pb::RangeRequest::SortOrder order) {
  pb::RangeRequest range;
  range.set_key(prefix);
  range.set_range_end(PrefixEnd(prefix));
  range.set_sort_target(pb::RangeRequest::CREATE);
  range.set_sort_order(order);
  range.set_limit(1);
  return range;
}

}  // namespace

std::string QueuePrefix(std::string_view name) { return std::string(name) + "/"; }

std::string QueueKey(std::string_view prefix, std::int64_t lease) {
  const auto bits = static_cast<std::uint64_t>(lease);
  const std::string digits =
      lease < 0 ? absl::StrCat("-", absl::Hex(~bits + 1)) : absl::StrCat(absl::Hex(bits));
  return std::string(prefix) + digits;
}

std::string PrefixEnd(std::string_view prefix) {
  std::string end(prefix);
  while (!end.empty() && end.back() == '\xff') end.pop_back();
  if (end.empty()) return std::string(1, '\0');
  ++end.back();
  return end;
}

pb::RangeRequest HeadOfQueue(const std::string& prefix) {
  return FirstByCreation(prefix, pb::RangeRequest::ASCEND);
}

pb::RangeRequest LastCreatedBy(const std::string& prefix, std::int64_t create_revision_max) {
  pb::RangeRequest range = FirstByCreation(prefix, pb::RangeRequest::DESCEND);
  range.set_max_create_revision(create_revision_max);
  return range;
}

stelepb::Command Enqueue(const std::string& prefix, const std::string& key,
                         const std::string& value, std::int64_t lease) {
  stelepb::Command command;
  pb::TxnRequest* txn = TxnIfCreatedAt(key, 0, &command);
  FillPut(key, value, lease, txn->add_success()->mutable_request_put());
  *txn->add_success()->mutable_request_range() = HeadOfQueue(prefix);
  txn->add_failure()->mutable_request_range()->set_key(key);
  *txn->add_failure()->mutable_request_range() = HeadOfQueue(prefix);
  return command;
}

stelepb::Command PutIfStill(const std::string& key, std::int64_t create_revision,
                            const std::string& value, std::int64_t lease) {
  stelepb::Command command;
  pb::TxnRequest* txn = TxnIfCreatedAt(key, create_revision, &command);
  FillPut(key, value, lease, txn->add_success()->mutable_request_put());
  return command;
}

stelepb::Command DeleteIfStill(const std::string& key, std::int64_t create_revision) {
  stelepb::Command command;
  pb::TxnRequest* txn = TxnIfCreatedAt(key, create_revision, &command);
  txn->add_success()->mutable_request_delete_range()->set_key(key);
  return command;
}

stelepb::Command DeleteKey(const std::string& key) {
  stelepb::Command command;
  command.mutable_delete_range()->set_key(key);
  return command;
}

}  // namespace stele::server
