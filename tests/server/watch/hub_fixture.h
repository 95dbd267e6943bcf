// A hub over a FakeStore, driven by hand, and the verbs of its tests.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "src/server/watch/watch_hub.h"
#include "tests/server/watch/fake_call.h"
#include "tests/server/watch/fake_store.h"

namespace stele::server {

inline constexpr std::uint64_t kClusterId = 77;
inline constexpr std::uint64_t kMemberId = 78;
inline constexpr std::uint64_t kTerm = 5;

// "#0 @4 put a=1@3 del b@4", "#0 @4 created", "#-1 @4 progress": a response in one line.
inline std::string Describe(const etcdserverpb::WatchResponse& response) {
  std::string line = absl::StrCat("#", response.watch_id(), " @", response.header().revision());
  if (response.created()) absl::StrAppend(&line, " created");
  if (response.canceled()) absl::StrAppend(&line, " canceled");
  if (response.compact_revision() != 0) {
    absl::StrAppend(&line, " compacted=", response.compact_revision());
  }
  if (!response.cancel_reason().empty()) {
    absl::StrAppend(&line, " '", response.cancel_reason(), "'");
  }
  if (response.fragment()) absl::StrAppend(&line, " fragment");
  if (!response.created() && !response.canceled() && response.events().empty()) {
    absl::StrAppend(&line, " progress");
  }
  for (const mvccpb::Event& event : response.events()) {
    const bool is_delete = event.type() == mvccpb::Event::DELETE;
    absl::StrAppend(&line, is_delete ? " del " : " put ", event.kv().key());
    if (!is_delete) absl::StrAppend(&line, "=", event.kv().value());
    absl::StrAppend(&line, "@", event.kv().mod_revision());
    if (event.has_prev_kv()) absl::StrAppend(&line, "(was ", event.prev_kv().value(), ")");
  }
  return line;
}

class HubFixture : public ::testing::Test {
 protected:
  using Lines = std::vector<std::string>;
  using Create = etcdserverpb::WatchCreateRequest;

  explicit HubFixture(WatchOptions options = {}) { MakeHub(options); }

  void MakeHub(WatchOptions options) {
    options.ids = {kClusterId, kMemberId};
    options.current_revision = store_.current_revision();
    hub_ = std::make_unique<WatchHub>(options,
                                      WatchSurroundings{.view = [this] { return store_.View(); },
                                                        .raft_term = [] { return kTerm; },
                                                        .now = [this] { return now_; },
                                                        .random = [] { return 0.5; },
                                                        .wake = [this] { ++wakes_; }});
  }

  // Lets the hub work until it has nothing to do.
  void Run() {
    for (int pass = 0; hub_->RunOnce(); ++pass) {
      ASSERT_LT(pass, 100000) << "the hub never rests";
    }
    hub_->CheckInvariants();
  }

  WatchStreamId Open(const std::shared_ptr<FakeCall>& call, bool require_leader = false) {
    return hub_->OpenStream(call, require_leader);
  }

  static Create Request(std::string key, std::string range_end = "", std::int64_t start = 0) {
    Create request;
    request.set_key(std::move(key));
    request.set_range_end(std::move(range_end));
    request.set_start_revision(start);
    return request;
  }

  // Applied, but not yet published.
  storage::EventBatch Apply(const std::vector<FakeStore::Change>& changes) {
    return store_.Apply(changes);
  }
  void Publish(std::vector<storage::EventBatch> batches) {
    const std::int64_t revision = batches.back().revision;
    hub_->Publish(std::move(batches), store_.ViewAt(revision));
  }
  // One revision, applied, published and delivered.
  void Commit(const std::vector<FakeStore::Change>& changes) {
    Publish({Apply(changes)});
    Run();
  }
  void PutMany(const std::string& key, int count, std::size_t value_bytes = 1) {
    for (int i = 0; i < count; ++i) {
      Publish({Apply({FakeStore::Put(key, std::string(value_bytes, 'v'))})});
    }
    Run();
  }

  static Lines TakeLines(FakeCall& call) {
    Lines lines;
    for (const auto& response : call.Take()) lines.push_back(Describe(response));
    return lines;
  }

  FakeStore store_;
  absl::Time now_ = absl::UnixEpoch();
  int wakes_ = 0;
  std::unique_ptr<WatchHub> hub_;
};

}  // namespace stele::server
