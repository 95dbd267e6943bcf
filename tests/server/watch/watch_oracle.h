// Judges what one stream was told, knowing only the requests it sent and the history of the store:
// an independent statement of the guarantees Ordered, Unique, Reliable, Atomic and Bookmarkable.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <deque>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "proto/rpc.pb.h"
#include "src/server/watch/key_range_map.h"
#include "tests/server/watch/fake_store.h"
#include "tests/server/watch/hub_fixture.h"

namespace stele::server {

class StreamOracle {
 public:
  explicit StreamOracle(const FakeStore* store) : store_(store) {}

  // Creations in the order in which they were sent.
  void Asked(const etcdserverpb::WatchCreateRequest& request) { asked_.push_back(request); }

  // The next responses of the stream, while `published` was the published revision.
  void Check(const std::vector<etcdserverpb::WatchResponse>& responses, std::int64_t published) {
    for (const auto& response : responses) {
      SCOPED_TRACE(Describe(response));
      EXPECT_LE(response.header().revision(), published);
      if (open_fragment_ >= 0) {
        EXPECT_EQ(response.watch_id(), open_fragment_) << "fragments of a watch are contiguous";
      }
      if (response.created()) {
        CheckCreated(response);
      } else if (response.canceled()) {
        CheckCanceled(response);
      } else if (response.events().empty()) {
        CheckProgress(response);
      } else {
        CheckEvents(response);
      }
    }
  }

  // Every watch that was not canceled has everything up to `published`.
  void CheckComplete(std::int64_t published) const {
    EXPECT_TRUE(asked_.empty()) << "a creation was not answered";
    EXPECT_EQ(open_fragment_, -1);
    for (const auto& [id, watch] : watches_) {
      EXPECT_EQ(Expected(watch, watch.next, published).size(), 0U) << "watch " << id;
    }
  }

  std::size_t live() const { return watches_.size(); }
  std::int64_t AnyWatch(unsigned draw) const {
    if (watches_.empty()) return 99;
    auto chosen = watches_.begin();
    std::advance(chosen, draw % watches_.size());
    return chosen->first;
  }
  std::int64_t events_seen() const { return events_seen_; }
  std::int64_t progress_seen() const { return progress_seen_; }
  std::int64_t compactions_seen() const { return compactions_seen_; }

 private:
  struct Watch {
    etcdserverpb::WatchCreateRequest request;
    KeyRange range;
    // What the client may still be told: nothing below was missed, nothing below may come again.
    std::int64_t next = 0;
    std::vector<std::string> fragments;  // events of a response that is not complete yet
  };

  static KeyRange RangeOf(const etcdserverpb::WatchCreateRequest& request) {
    return {request.key().empty() ? std::string(1, '\0') : request.key(), request.range_end()};
  }

  static std::string Wire(const storage::Event& event, bool with_prev_kv) {
    mvccpb::Event wire;
    wire.set_type(event.type);
    *wire.mutable_kv() = *event.kv;
    if (with_prev_kv && event.prev_kv != nullptr) *wire.mutable_prev_kv() = *event.prev_kv;
    return wire.SerializeAsString();
  }

  // All events that this watch must be told of the revisions [first, last].
  std::vector<std::string> Expected(const Watch& watch, std::int64_t first,
                                    std::int64_t last) const {
    std::vector<std::string> events;
    for (const storage::EventBatch& batch : store_->Revisions(first, last)) {
      for (const storage::Event& event : batch.events) {
        const auto dropped = event.type == mvccpb::Event::PUT
                                 ? etcdserverpb::WatchCreateRequest::NOPUT
                                 : etcdserverpb::WatchCreateRequest::NODELETE;
        bool wanted = watch.range.Contains(event.kv->key());
        for (const int filter : watch.request.filters()) wanted = wanted && filter != dropped;
        if (wanted) events.push_back(Wire(event, watch.request.prev_kv()));
      }
    }
    return events;
  }

  void CheckCreated(const etcdserverpb::WatchResponse& response) {
    ASSERT_FALSE(asked_.empty());
    Watch watch{asked_.front(), RangeOf(asked_.front()), 0, {}};
    asked_.pop_front();
    const std::int64_t wanted_id = watch.request.watch_id();
    const bool duplicate =
        wanted_id != 0 && (watches_.contains(wanted_id) || compacted_ids_.contains(wanted_id));
    const bool refused = duplicate || watch.range.IsEmpty() || watch.request.start_revision() < 0;
    ASSERT_EQ(response.canceled(), refused);
    if (refused) {
      EXPECT_EQ(response.watch_id(), -1);
      EXPECT_NE(response.cancel_reason(), "");
      return;
    }
    if (watch.request.watch_id() != 0) {
      EXPECT_EQ(response.watch_id(), watch.request.watch_id());
    }
    watch.next = watch.request.start_revision() != 0 ? watch.request.start_revision()
                                                     : response.header().revision() + 1;
    EXPECT_TRUE(watches_.emplace(response.watch_id(), std::move(watch)).second);
  }

  void CheckCanceled(const etcdserverpb::WatchResponse& response) {
    // A watch that ended as compacted is canceled once more when the client asks for it.
    if (response.compact_revision() == 0 && compacted_ids_.erase(response.watch_id()) == 1) return;
    const auto found = watches_.find(response.watch_id());
    ASSERT_NE(found, watches_.end());
    if (response.compact_revision() != 0) {
      EXPECT_LT(found->second.next, response.compact_revision());
      EXPECT_LE(response.compact_revision(), store_->compact_revision());
      EXPECT_EQ(response.header().revision(), 0);
      EXPECT_TRUE(compacted_ids_.insert(response.watch_id()).second);
      ++compactions_seen_;
    }
    watches_.erase(found);
  }

  void CheckProgress(const etcdserverpb::WatchResponse& response) {
    ++progress_seen_;
    const std::int64_t revision = response.header().revision();
    for (auto& [id, watch] : watches_) {
      if (response.watch_id() != -1 && response.watch_id() != id) continue;
      EXPECT_LE(watch.request.start_revision(), revision);
      EXPECT_EQ(Expected(watch, watch.next, revision).size(), 0U) << "progress ran ahead of " << id;
      watch.next = std::max(watch.next, revision + 1);
    }
  }

  void CheckEvents(const etcdserverpb::WatchResponse& response) {
    const auto found = watches_.find(response.watch_id());
    ASSERT_NE(found, watches_.end()) << "events of a watch that does not exist";
    Watch& watch = found->second;
    EXPECT_TRUE(!response.fragment() || watch.request.fragment());
    for (const mvccpb::Event& event : response.events()) {
      watch.fragments.push_back(event.SerializeAsString());
    }
    open_fragment_ = response.fragment() ? response.watch_id() : -1;
    if (response.fragment()) return;
    // Everything that concerns this watch from its cursor to the header's revision, and nothing
    // else: in order, once, whole revisions.
    const std::int64_t covered = response.header().revision();
    EXPECT_EQ(watch.fragments, Expected(watch, watch.next, covered));
    events_seen_ += static_cast<std::int64_t>(watch.fragments.size());
    watch.fragments.clear();
    watch.next = std::max(watch.next, covered + 1);
  }

  const FakeStore* const store_;
  std::deque<etcdserverpb::WatchCreateRequest> asked_;
  std::map<std::int64_t, Watch> watches_;
  std::set<std::int64_t> compacted_ids_;
  std::int64_t open_fragment_ = -1;
  std::int64_t events_seen_ = 0;
  std::int64_t progress_seen_ = 0;
  std::int64_t compactions_seen_ = 0;
};

}  // namespace stele::server
