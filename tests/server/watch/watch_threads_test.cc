// The hub between real threads; meant for the thread sanitizer, with the oracle to judge.
#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "tests/server/watch/hub_fixture.h"
#include "tests/server/watch/watch_oracle.h"

namespace stele::server {
namespace {

constexpr int kRevisions = 3000;
constexpr int kLastRevisions = 300;
constexpr int kClients = 3;

class WatchThreadsTest : public HubFixture {
 protected:
  static WatchOptions Options() {
    WatchOptions options;
    options.stream_bytes_max = 5000;
    options.slice_revisions = 20;
    options.inbox_bytes_max = 100000;
    return options;
  }

  void Wake() {
    const std::lock_guard<std::mutex> lock(mutex_);
    woken_ = true;
    changed_.notify_one();
  }

  void RunHub(const std::stop_token& stop) {
    while (true) {
      while (hub_->RunOnce()) {
      }
      std::unique_lock<std::mutex> lock(mutex_);
      if (!woken_ && stop.stop_requested()) return;
      changed_.wait_for(lock, std::chrono::milliseconds(5), [this] { return woken_; });
      woken_ = false;
    }
  }

  void RunApply() {
    for (int i = 0; i < kRevisions; ++i) {
      Publish({store_.Apply({FakeStore::Put(std::string(1, static_cast<char>('a' + i % 5)),
                                            std::string(100, 'v'))})});
      if (i % 500 == 250) store_.Compact(store_.current_revision() - 100);
    }
  }

  void RunClient(int seed, WatchStreamId stream, const std::shared_ptr<FakeCall>& call,
                 StreamOracle* oracle) {
    for (int i = 0; i < 400; ++i) {
      Create request = Request(std::string(1, static_cast<char>('a' + (seed + i) % 5)));
      if (i % 3 == 0) request.set_range_end("z");
      if (i % 4 == 0) request.set_start_revision(store_.current_revision() - i % 50);
      if (request.start_revision() < 0) request.set_start_revision(1);
      oracle->Asked(request);
      hub_->Create(stream, request);
      hub_->RequestProgress(stream);
      // Cancels most watches again, at whatever point of their life.
      if (i > 5) hub_->Cancel(stream, i - 5);
      call->SetReading(i % 7 != 0);
      // Other streams come and go.
      auto brief = std::make_shared<FakeCall>();
      const WatchStreamId brief_stream = Open(brief, i % 2 == 0);
      hub_->Create(brief_stream, request);
      hub_->CloseStream(brief_stream, absl::CancelledError());
    }
    call->SetReading(true);
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  bool woken_ = false;
};

TEST_F(WatchThreadsTest, KeepsEveryGuaranteeBetweenThreads) {
  WatchOptions options = Options();
  options.ids = {kClusterId, kMemberId};
  hub_ = std::make_unique<WatchHub>(options,
                                    WatchSurroundings{.view = [this] { return store_.View(); },
                                                      .raft_term = [] { return kTerm; },
                                                      .now = [] { return absl::UnixEpoch(); },
                                                      .random = [] { return 0.5; },
                                                      .wake = [this] { Wake(); }});
  std::vector<std::shared_ptr<FakeCall>> calls;
  std::vector<std::unique_ptr<StreamOracle>> oracles;
  std::vector<WatchStreamId> streams;
  {
    std::jthread hub([this](const std::stop_token& stop) { RunHub(stop); });
    {
      std::vector<std::jthread> threads;
      threads.emplace_back([this] { RunApply(); });
      for (int i = 0; i < kClients; ++i) {
        calls.push_back(std::make_shared<FakeCall>());
        oracles.push_back(std::make_unique<StreamOracle>(&store_));
        streams.push_back(Open(calls.back()));
        threads.emplace_back(
            [this, i, stream = streams.back(), call = calls.back(), oracle = oracles.back().get()] {
              RunClient(i, stream, call, oracle);
            });
      }
    }
    // However the threads were scheduled, these watches see events while the hub's thread runs.
    for (std::size_t i = 0; i < kClients; ++i) {
      const Create request = Request("a", "z");
      oracles[i]->Asked(request);
      hub_->Create(streams[i], request);
    }
    for (int i = 0; i < kLastRevisions; ++i) {
      Publish({store_.Apply({FakeStore::Put("k", std::string(100, 'v'))})});
    }
    hub.request_stop();
  }
  Run();
  std::int64_t events = 0;
  std::size_t live = 0;
  for (std::size_t i = 0; i < kClients; ++i) {
    oracles[i]->Check(calls[i]->Take(), store_.current_revision());
    oracles[i]->CheckComplete(store_.current_revision());
    events += oracles[i]->events_seen();
    live += oracles[i]->live();
  }
  EXPECT_GE(events, kClients * kLastRevisions);
  EXPECT_EQ(hub_->counters().watchers, static_cast<std::int64_t>(live));
  EXPECT_EQ(hub_->counters().streams, kClients);
  EXPECT_EQ(hub_->counters().slow_watchers, 0);
  EXPECT_EQ(hub_->counters().pending_events, 0);
}

}  // namespace
}  // namespace stele::server
