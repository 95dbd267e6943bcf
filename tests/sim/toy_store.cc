#include "tests/sim/toy_store.h"

#include <cstring>
#include <string_view>

#include "tests/sim/random_stream.h"

namespace stele::sim {
namespace {

absl::Status NoKeys() { return absl::UnimplementedError("the toy store has no keys"); }

}  // namespace

std::uint64_t HashOf(const raft::Entry& entry) {
  std::string_view bytes = entry.data.view();
  std::uint64_t hash = MixBits(bytes.size() + 1) ^ static_cast<std::uint64_t>(entry.type);
  while (!bytes.empty()) {
    std::uint64_t word = 0;
    const std::size_t size = bytes.size() < sizeof(word) ? bytes.size() : sizeof(word);
    std::memcpy(&word, bytes.data(), size);
    hash = MixBits(hash ^ word) + 1;
    bytes.remove_prefix(size);
  }
  return hash;
}

StoreState Applied(const StoreState& before, const raft::Entry& entry) {
  return {entry.id, MixBits(before.hash + MixBits(HashOf(entry) ^ entry.id.term.value)) + 1};
}

absl::Status ToyView::Range(const etcdserverpb::RangeRequest& /*request*/,
                            etcdserverpb::RangeResponse* /*response*/) const {
  return NoKeys();
}

absl::Status ToyView::ReadOnlyTxn(const etcdserverpb::TxnRequest& /*request*/,
                                  etcdserverpb::TxnResponse* /*response*/) const {
  return NoKeys();
}

absl::Status ToyView::ReadEvents(std::string_view /*key*/, std::string_view /*range_end*/,
                                 std::int64_t /*from*/, bool /*with_prev_kv*/,
                                 std::size_t /*bytes_max*/, std::size_t /*revisions_max*/,
                                 std::vector<storage::EventBatch>* /*batches*/,
                                 std::int64_t* /*next*/) const {
  return NoKeys();
}

std::optional<storage::LeaseChange> ToyView::Lease(std::int64_t /*id*/) const {
  return std::nullopt;
}

std::vector<std::string> ToyView::LeaseKeys(std::int64_t /*id*/) const { return {}; }

}  // namespace stele::sim
