#include "src/storage/state_machine/command_cost.h"

#include <algorithm>

namespace stele::storage {

namespace {

constexpr std::int64_t kKeyCost = 256;

using Operations = google::protobuf::RepeatedPtrField<etcdserverpb::RequestOp>;

std::int64_t CostOfAll(const Operations& operations) {
  std::int64_t cost = 0;
  for (const etcdserverpb::RequestOp& operation : operations) {
    if (operation.has_request_put()) cost += CostOf(operation.request_put());
    if (operation.has_request_txn()) cost += CostOf(operation.request_txn());
  }
  return cost;
}

}  // namespace

std::int64_t CostOf(const etcdserverpb::PutRequest& request) {
  return kKeyCost + static_cast<std::int64_t>(request.key().size() + request.value().size());
}

std::int64_t CostOf(const etcdserverpb::TxnRequest& request) {
  return std::max(CostOfAll(request.success()), CostOfAll(request.failure()));
}

std::int64_t CostOf(const stelepb::Command& command) {
  if (command.has_put()) return CostOf(command.put());
  if (command.has_txn()) return CostOf(command.txn());
  return command.has_lease_grant() ? kLeaseCost : 0;
}

}  // namespace stele::storage
