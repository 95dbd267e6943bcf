#include "tests/process/random_run.h"

#include <absl/strings/str_cat.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "tests/process/load_keys.h"
#include "tests/process/outside_view.h"

namespace stele::process {
namespace {

constexpr absl::Duration kPatience = absl::Seconds(30);
constexpr std::int64_t kSecondNs = 1'000'000'000;
// A lease lives on for an election timeout after an election, and expiry is looked for twice a
// second; the rest is for a machine with other things to do.
constexpr std::int64_t kExpirySlack = 8 * kSecondNs;

std::vector<std::string> AddressesOf(const Cluster& cluster) {
  std::vector<std::string> addresses;
  for (int i = 0; i < cluster.size(); ++i) addresses.push_back(cluster.address(i));
  return addresses;
}

history::OperationDraw::Shape ShapeOf(int client) {
  return {.value_prefix = absl::StrCat("c", client, "-"),
          .keys = 40,
          // One writes values large enough for a watch to fall into fragments.
          .value_bytes_max = client == 0 ? 12000 : 60,
          .read_share = 0.4,
          .txn_share = 0.4,
          .nested_share = 0.15};
}

}  // namespace

RandomRun::RandomRun(Options options, Cluster* cluster)
    : options_(options), cluster_(cluster), scene_(AddressesOf(*cluster)) {
  for (int i = 0; i < options_.witnesses; ++i) {
    watchers_.push_back(std::make_unique<RandomWatcher>(i, options_.seed, true, &scene_));
  }
  for (int i = 0; i < options_.watchers; ++i) {
    watchers_.push_back(std::make_unique<RandomWatcher>(i, options_.seed, false, &scene_));
  }
  for (int i = 0; i < options_.kv_clients; ++i) {
    kv_clients_.push_back(std::make_unique<RandomKvClient>(i, options_.seed, ShapeOf(i), &scene_));
  }
  for (int i = 0; i < options_.lease_clients; ++i) {
    lease_clients_.push_back(std::make_unique<RandomLeaseClient>(i, options_.seed, &scene_));
  }
  compactor_ = std::make_unique<RandomCompactor>(options_.seed, &scene_);
}

RandomRun::~RandomRun() { scene_.Stop(); }

std::int64_t RandomRun::sent() const {
  std::int64_t sent = 0;
  for (const auto& client : kv_clients_) sent += client->sent();
  return sent;
}

std::int64_t RandomRun::AwaitEndOfLeases() {
  std::int64_t none_since = 0;
  const absl::Duration longest =
      absl::Seconds(kLongestTtlSeconds + 1) + absl::Nanoseconds(kExpirySlack);
  WaitFor(longest, [&] {
    const auto leases = cluster_->client(0).LeaseLeases(absl::Seconds(2));
    if (!leases.ok() || !leases->leases().empty()) return false;
    none_since = MonotonicNs();
    return true;
  });
  return none_since;
}

void RandomRun::WriteOn(history::History* history) {
  MemberChoice choice(scene_.addresses(), 0);
  const std::int64_t goal = scene_.known_revision() + history::kWatchAhead + 1;
  for (int i = 0; scene_.known_revision() < goal && i < 1000; ++i) {
    history::Operation put{
        .success = {
            {.kind = history::Step::Kind::kPut, .key = "last", .value = absl::StrCat("last-", i)}}};
    Perform(&choice, &scene_, absl::Seconds(10), &put);
    history->operations.push_back(std::move(put));
  }
}

void RandomRun::ReadAll(history::History* history) {
  MemberChoice choice(scene_.addresses(), 0);
  sim::RandomStream random(options_.seed, "last reads");
  for (int i = 0; i < 4 * cluster_->size(); ++i) {
    history::Operation read{.success = {{.kind = history::Step::Kind::kRange,
                                         .key = std::string(1, '\0'),
                                         .range_end = std::string(1, '\0')}},
                            .serializable = i % 2 == 1};
    Perform(&choice, &scene_, absl::Seconds(10), &read);
    if (read.outcome != history::Outcome::kAcknowledged) {
      complaints_.push_back(absl::StrCat("member ", choice.member(), " answers no read"));
    }
    history->operations.push_back(std::move(read));
    choice.Move(&random);
  }
}

void RandomRun::CollectWatches(std::int64_t revision, history::History* history) {
  for (const auto& watcher : watchers_) {
    const bool arrived = watcher->AwaitRevision(revision, kPatience);
    watcher->Stop();
    std::vector<history::WatchRecord> records = watcher->TakeRecords();
    if (!arrived) {
      complaints_.push_back(absl::StrCat(records.back().name, " never saw ", revision));
    }
    std::ranges::copy(watcher->complaints(), std::back_inserter(complaints_));
    std::ranges::move(records, std::back_inserter(history->watches));
  }
}

history::History RandomRun::Finish() {
  history::History history;
  scene_.Stop();
  history.calm_since = MonotonicNs();
  history.expiry_slack = kExpirySlack;
  for (const auto& client : kv_clients_) {
    std::ranges::move(client->TakeRecords(), std::back_inserter(history.operations));
  }
  for (const auto& client : lease_clients_) client->TakeRecords(&history);
  history.compactions = compactor_->TakeRecords();
  const std::int64_t none_left_since = AwaitEndOfLeases();
  for (const auto& watcher : watchers_) watcher->Calm();
  WriteOn(&history);
  ReadAll(&history);
  CollectWatches(scene_.known_revision(), &history);
  history.end = MonotonicNs();
  FindRevisions(&history);
  FindLeaseLives(none_left_since, &history);
  return history;
}

}  // namespace stele::process
