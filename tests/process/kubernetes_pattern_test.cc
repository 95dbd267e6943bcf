// The way Kubernetes uses the store: lists in pages of 500 at a fixed revision while the keys
// change and compactions run, writes by transactions on the last revision of an object, watches
// from the list's revision with progress, lists anew when history is gone. Nothing may fail but for
// conflicts and compactions, and every cache must be what the store shows at the same revision.
//
// STELE_PROCESS_SCALE: so many times longer; 90 is half an hour.
#include <absl/strings/str_cat.h>
#include <absl/time/clock.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <iostream>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

#include "tests/process/experiment.h"
#include "tests/process/list_watch_cache.h"
#include "tests/process/object_writer.h"

namespace stele::process {
namespace {

constexpr absl::Duration kPatience = absl::Seconds(60);
constexpr int kSeconds = 20;

struct Resource {
  std::string prefix;
  std::uint64_t objects;
  bool on_leases;
};

const std::vector<Resource>& Resources() {
  static const std::vector<Resource> resources{{"/registry/pods/", 1800, false},
                                               {"/registry/configmaps/", 1200, false},
                                               {"/registry/events/", 700, true}};
  return resources;
}

// As many objects as there are to be, so that the first lists have several pages.
void FillStore(MemberClient& client) {
  for (const Resource& resource : Resources()) {
    constexpr std::uint64_t kAtOnce = 100;
    for (std::uint64_t first = 0; first < resource.objects; first += kAtOnce) {
      etcdserverpb::TxnRequest request;
      for (std::uint64_t i = first; i < first + kAtOnce; ++i) {
        etcdserverpb::PutRequest& put = *request.add_success()->mutable_request_put();
        put.set_key(ObjectKey(resource.prefix, i));
        put.set_value("at first");
      }
      ASSERT_TRUE(client.Txn(request, kPatience).ok());
    }
  }
}

class Load {
 public:
  explicit Load(const Cluster& cluster) {
    for (int i = 0; i < 2 * static_cast<int>(Resources().size()); ++i) {
      const Resource& resource = Resources()[static_cast<std::size_t>(i) / 2];
      writers_.push_back(
          std::make_unique<ObjectWriter>(i, cluster.address(i % cluster.size()),
                                         ObjectWriter::Options{.prefix = resource.prefix,
                                                               .objects = resource.objects,
                                                               .on_leases = resource.on_leases}));
    }
    for (int i = 0; i < 2; ++i) {
      compactors_.push_back(std::make_unique<IntervalCompactor>(cluster.address(i % cluster.size()),
                                                                absl::Seconds(1)));
    }
  }

  // Prints what it amounted to and answers what must not be.
  std::vector<std::string> Stop() {
    std::vector<std::string> complaints;
    ObjectWriter::Figures sum;
    for (const auto& writer : writers_) {
      writer->Stop();
      sum.created += writer->figures().created;
      sum.changed += writer->figures().changed;
      sum.deleted += writer->figures().deleted;
      sum.conflicts += writer->figures().conflicts;
      std::ranges::copy(writer->complaints(), std::back_inserter(complaints));
    }
    std::int64_t compactions = 0;
    for (const auto& compactor : compactors_) {
      compactor->Stop();
      compactions += compactor->compactions();
      std::ranges::copy(compactor->complaints(), std::back_inserter(complaints));
    }
    std::cout << "created " << sum.created << ", changed " << sum.changed << ", deleted "
              << sum.deleted << ", conflicts " << sum.conflicts << ", compactions " << compactions
              << "\n";
    EXPECT_GT(sum.conflicts, 0);
    EXPECT_GT(compactions, 0);
    return complaints;
  }

 private:
  std::vector<std::unique_ptr<ObjectWriter>> writers_;
  std::vector<std::unique_ptr<IntervalCompactor>> compactors_;
};

std::int64_t CurrentRevision(MemberClient& client) {
  etcdserverpb::RangeRequest request;
  request.set_key("none");
  const auto reply = client.Range(request, kPatience);
  EXPECT_TRUE(reply.ok());
  return reply.ok() ? reply->header().revision() : 0;
}

void Print(const std::vector<std::unique_ptr<ListWatchCache>>& caches) {
  ListWatchCache::Figures sum;
  for (const auto& cache : caches) {
    const ListWatchCache::Figures& figures = cache->figures();
    sum.lists += figures.lists;
    sum.pages += figures.pages;
    sum.compacted += figures.compacted;
    sum.watches += figures.watches;
    sum.events += figures.events;
    sum.progress += figures.progress;
    sum.comparisons += figures.comparisons;
  }
  std::cout << caches.size() << " caches: " << sum.lists << " lists in " << sum.pages << " pages, "
            << sum.watches << " watches, " << sum.events << " events, " << sum.progress
            << " times progress, " << sum.comparisons << " comparisons, " << sum.compacted
            << " times compacted\n";
  EXPECT_GT(sum.comparisons, std::ssize(caches));
}

// What the caches complain of in the end.
std::vector<std::string> RunCaches(Cluster& cluster, absl::Duration duration,
                                   std::vector<std::unique_ptr<ListWatchCache>>* caches) {
  Load load(cluster);
  for (const absl::Time end = absl::Now() + duration; absl::Now() < end;) {
    absl::SleepFor(absl::Milliseconds(1000));
    for (const auto& cache : *caches) cache->RequestProgress();
  }
  std::vector<std::string> complaints = load.Stop();
  const std::int64_t last = CurrentRevision(cluster.client(0));
  for (const auto& cache : *caches) {
    if (!cache->AwaitComparison(last, kPatience)) complaints.emplace_back("a cache is late");
    cache->Stop();
    std::ranges::copy(cache->complaints(), std::back_inserter(complaints));
  }
  Print(*caches);
  return complaints;
}

TEST(KubernetesPatternTest, CachesAreWhatTheStoreIs) {
  Cluster cluster(Cluster::Options{});
  FillStore(cluster.client(0));
  std::vector<std::unique_ptr<ListWatchCache>> caches;
  for (int i = 0; i < 6; ++i) {
    const auto kind = static_cast<std::size_t>(i) % (Resources().size() + 1);
    const std::string prefix =
        kind < Resources().size() ? Resources()[kind].prefix : std::string("/registry/");
    caches.push_back(std::make_unique<ListWatchCache>(
        absl::StrCat("cache ", i), cluster.address(i % cluster.size()),
        ListWatchCache::Options{.prefix = prefix, .seed = static_cast<std::uint64_t>(i)}));
  }
  for (const std::string& complaint :
       RunCaches(cluster, absl::Seconds(Scaled(kSeconds)), &caches)) {
    ADD_FAILURE() << complaint;
  }
}

// Shows that the test above would notice.
TEST(KubernetesPatternTest, AMissedEventIsNoticed) {
  Cluster cluster({.members = 1});
  FillStore(cluster.client(0));
  std::vector<std::unique_ptr<ListWatchCache>> caches;
  caches.push_back(std::make_unique<ListWatchCache>(
      "cache", cluster.address(0),
      ListWatchCache::Options{.prefix = "/registry/", .misses_an_event = true}));
  EXPECT_THAT(RunCaches(cluster, absl::Seconds(3), &caches),
              ::testing::Contains(::testing::StartsWith("cache: ")));
}

}  // namespace
}  // namespace stele::process
