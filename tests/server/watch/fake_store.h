// A store that is nothing but its history: what the hub needs of a ReadView.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "src/server/watch/key_range_map.h"
#include "src/storage/state_machine/state_machine.h"

namespace stele::server {

class FakeStore {
 public:
  // One change of a revision.
  struct Change {
    bool is_delete = false;
    std::string key;
    std::string value;
  };

  static Change Put(std::string key, std::string value) {
    return {false, std::move(key), std::move(value)};
  }
  static Change Delete(std::string key) { return {true, std::move(key), ""}; }

  // Applies the changes as the next revision and returns what a publication of it holds.
  storage::EventBatch Apply(const std::vector<Change>& changes) {
    const std::lock_guard<std::mutex> lock(mutex_);
    storage::EventBatch batch;
    batch.revision = ++current_revision_;
    for (const Change& change : changes) {
      auto kv = std::make_shared<mvccpb::KeyValue>();
      kv->set_key(change.key);
      kv->set_mod_revision(batch.revision);
      std::shared_ptr<const mvccpb::KeyValue>& latest = latest_[change.key];
      storage::Event event;
      event.prev_kv = latest;
      if (latest != nullptr) event.prev.main = latest->mod_revision();
      if (change.is_delete) {
        event.type = mvccpb::Event::DELETE;
        latest = nullptr;
      } else {
        kv->set_value(change.value);
        kv->set_create_revision(latest == nullptr ? batch.revision : latest->create_revision());
        kv->set_version(latest == nullptr ? 1 : latest->version() + 1);
        latest = kv;
      }
      event.kv = std::move(kv);
      batch.events.push_back(std::move(event));
    }
    history_.push_back(batch);
    for (storage::Event& event : batch.events) event.prev_kv = nullptr;
    return batch;
  }

  void Compact(std::int64_t revision) {
    const std::lock_guard<std::mutex> lock(mutex_);
    compact_revision_ = revision;
  }

  std::int64_t current_revision() const {
    const std::lock_guard<std::mutex> lock(mutex_);
    return current_revision_;
  }
  std::int64_t compact_revision() const {
    const std::lock_guard<std::mutex> lock(mutex_);
    return compact_revision_;
  }
  // The revisions from `first` to `last`, as far as they exist.
  std::vector<storage::EventBatch> Revisions(std::int64_t first, std::int64_t last) const {
    const std::lock_guard<std::mutex> lock(mutex_);
    first = std::max(first, kFirstRevision);
    last = std::min(last, current_revision_);
    if (first > last) return {};
    return {history_.begin() + (first - kFirstRevision),
            history_.begin() + (last - kFirstRevision) + 1};
  }

  int reads() const {
    const std::lock_guard<std::mutex> lock(mutex_);
    return reads_;
  }
  int previous_reads() const {
    const std::lock_guard<std::mutex> lock(mutex_);
    return previous_reads_;
  }
  // Reading fails with this from now on.
  void FailReads(absl::Status status) { failure_ = std::move(status); }

  std::shared_ptr<const storage::ReadView> View() const { return ViewAt(current_revision()); }
  std::shared_ptr<const storage::ReadView> ViewAt(std::int64_t revision) const {
    const std::lock_guard<std::mutex> lock(mutex_);
    return std::make_shared<FakeView>(this, revision, compact_revision_);
  }

 private:
  class FakeView : public storage::ReadView {
   public:
    FakeView(const FakeStore* store, std::int64_t current, std::int64_t compacted)
        : store_(store), current_(current), compacted_(compacted) {}

    raft::Index applied_index() const override { return raft::Index{}; }
    std::int64_t current_revision() const override { return current_; }
    std::int64_t compact_revision() const override { return compacted_; }
    absl::Status Range(const etcdserverpb::RangeRequest& /*request*/,
                       etcdserverpb::RangeResponse* /*response*/) const override {
      return absl::UnimplementedError("not a part of this fake");
    }
    absl::Status ReadOnlyTxn(const etcdserverpb::TxnRequest& /*request*/,
                             etcdserverpb::TxnResponse* /*response*/) const override {
      return absl::UnimplementedError("not a part of this fake");
    }
    absl::Status ReadEvents(std::string_view key, std::string_view range_end, std::int64_t from,
                            bool with_prev_kv, std::size_t bytes_max, std::size_t revisions_max,
                            std::vector<storage::EventBatch>* batches,
                            std::int64_t* next) const override {
      const std::lock_guard<std::mutex> lock(store_->mutex_);
      ++store_->reads_;
      if (!store_->failure_.ok()) return store_->failure_;
      if (from < compacted_) return absl::OutOfRangeError("compacted");
      const KeyRange range{std::string(key), std::string(range_end)};
      std::size_t bytes = 0;
      *next = from;
      for (; *next <= current_; ++*next) {
        if (bytes >= bytes_max || batches->size() >= revisions_max) break;
        if (*next < kFirstRevision) continue;
        storage::EventBatch found;
        found.revision = *next;
        const auto position = static_cast<std::size_t>(*next - kFirstRevision);
        for (const storage::Event& event : store_->history_[position].events) {
          if (!range.Contains(event.kv->key())) continue;
          found.events.push_back(event);
          if (!with_prev_kv) found.events.back().prev_kv = nullptr;
          bytes += event.kv->key().size() + event.kv->value().size();
        }
        if (!found.events.empty()) batches->push_back(std::move(found));
      }
      return absl::OkStatus();
    }
    absl::StatusOr<std::shared_ptr<const mvccpb::KeyValue>> Previous(
        const storage::Event& event) const override {
      const std::lock_guard<std::mutex> lock(store_->mutex_);
      ++store_->previous_reads_;
      if (!store_->failure_.ok()) return store_->failure_;
      const auto position = static_cast<std::size_t>(event.kv->mod_revision() - kFirstRevision);
      for (const storage::Event& each : store_->history_[position].events) {
        if (each.kv == event.kv) return each.prev_kv;
      }
      return absl::NotFoundError("no such event");
    }
    std::optional<storage::LeaseChange> Lease(std::int64_t /*id*/) const override {
      return std::nullopt;
    }
    std::vector<storage::LeaseChange> Leases() const override { return {}; }
    std::vector<std::string> LeaseKeys(std::int64_t /*id*/) const override { return {}; }
    std::vector<stelepb::MemberRecord> Members() const override { return {}; }

   private:
    const FakeStore* const store_;
    const std::int64_t current_;
    const std::int64_t compacted_;
  };

  static constexpr std::int64_t kFirstRevision = 2;

  mutable std::mutex mutex_;
  std::int64_t current_revision_ = 1;
  std::int64_t compact_revision_ = -1;
  mutable int reads_ = 0;
  mutable int previous_reads_ = 0;
  absl::Status failure_;
  std::vector<storage::EventBatch> history_;
  std::map<std::string, std::shared_ptr<const mvccpb::KeyValue>> latest_;
};

}  // namespace stele::server
