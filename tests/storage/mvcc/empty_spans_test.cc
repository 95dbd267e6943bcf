#include "src/storage/mvcc/empty_spans.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "src/storage/state_machine/state_machine.h"

namespace stele::storage {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

const std::string kAll(1, '\0');

class EmptySpansTest : public ::testing::Test {
 protected:
  void Use(const EmptySpanLimits& limits) { spans_ = std::make_unique<EmptySpans>(limits); }

  void Create(const std::string& key) { Record(mvccpb::Event::PUT, key); }
  void Remove(const std::string& key) { Record(mvccpb::Event::DELETE, key); }
  void Overwrite(const std::string& key) { Record(mvccpb::Event::PUT, key, Revision{1, 0}); }

  void Record(mvccpb::Event::EventType type, const std::string& key, Revision prev = {}) {
    auto kv = std::make_shared<mvccpb::KeyValue>();
    kv->set_key(key);
    Event event;
    event.type = type;
    event.kv = std::move(kv);
    event.prev = prev;
    EventBatch batch;
    batch.revision = ++revision_;
    batch.events.push_back(std::move(event));
    spans_->Record(std::vector<EventBatch>{batch}, revision_);
  }

  // Lets time pass, until spans that meet are joined.
  void Wait() {
    for (int i = 0; i < 300; ++i) Overwrite("x");
  }

  std::vector<std::string> Within(const std::string& begin, const std::string& end,
                                  std::int64_t revision, std::size_t count = 100) const {
    std::vector<std::string> found;
    for (const EmptySpans::Span& span : spans_->Within(KeyInterval(begin, end), revision, count)) {
      found.push_back(absl::StrCat(span.begin, "-", span.end));
    }
    return found;
  }
  std::vector<std::string> All() const { return Within(kAll, kAll, revision_); }

  std::unique_ptr<EmptySpans> spans_ = std::make_unique<EmptySpans>(EmptySpanLimits{});
  std::int64_t revision_ = 10;
};

const std::string kAfterD = std::string("d") + '\0';

TEST_F(EmptySpansTest, TellsWhatItWasTold) {
  Overwrite("x");
  EXPECT_THAT(All(), IsEmpty());
  spans_->Learn({"b", "f"}, revision_);
  spans_->Learn({"p", "t"}, revision_);
  EXPECT_THAT(All(), ElementsAre("b-f", "p-t"));
  EXPECT_THAT(Within("c", "e", revision_), ElementsAre("b-f"));
  EXPECT_THAT(Within("f", "p", revision_), IsEmpty());
  EXPECT_THAT(Within("a", kAll, revision_, 1), ElementsAre("b-f"));
}

TEST_F(EmptySpansTest, ASpanMayHaveNoEnd) {
  Overwrite("x");
  spans_->Learn({"p", ""}, revision_);
  EXPECT_THAT(Within("z", kAll, revision_), ElementsAre("p-"));
  Create("r");
  EXPECT_THAT(All(), ElementsAre("p-r", std::string("r") + '\0' + "-"));
}

TEST_F(EmptySpansTest, ViewsFromBeforeItWasLearnedMayStillSeeKeysThere) {
  Overwrite("x");
  spans_->Learn({"b", "f"}, revision_);
  EXPECT_THAT(Within(kAll, kAll, revision_ - 1), IsEmpty());
}

TEST_F(EmptySpansTest, WhatOverlapsBecomesOne) {
  Overwrite("x");
  spans_->Learn({"b", "f"}, revision_);
  spans_->Learn({"h", "k"}, revision_);
  spans_->Learn({"e", "j"}, revision_);
  EXPECT_THAT(All(), ElementsAre("b-k"));
}

TEST_F(EmptySpansTest, ACreationSplitsAndARemovalHeals) {
  Overwrite("x");
  spans_->Learn({"b", "f"}, revision_);
  Create("d");
  EXPECT_THAT(All(), ElementsAre("b-d", kAfterD + "-f"));
  const std::int64_t lived_at = revision_;
  Remove("d");
  EXPECT_THAT(All(), ElementsAre("b-f"));
  EXPECT_THAT(Within(kAll, kAll, lived_at), ElementsAre("b-d", kAfterD + "-f"));
  Wait();
  EXPECT_THAT(All(), ElementsAre("b-f"));
  // Joined, so whoever still reads what was then is told nothing rather than too much.
  EXPECT_THAT(Within(kAll, kAll, lived_at), IsEmpty());
}

TEST_F(EmptySpansTest, ACreationAtTheEdgeShortens) {
  Overwrite("x");
  spans_->Learn({"b", "f"}, revision_);
  Create("b");
  EXPECT_THAT(All(), ElementsAre(std::string("b") + '\0' + "-f"));
  Create("f");
  EXPECT_THAT(All(), ElementsAre(std::string("b") + '\0' + "-f"));
}

TEST_F(EmptySpansTest, WhatWasCreatedSinceIsNotEmpty) {
  Overwrite("x");
  spans_->Learn({"y", "z"}, revision_);
  const std::int64_t seen_at = revision_;
  Create("d");
  spans_->Learn({"b", "f"}, seen_at);
  spans_->Learn({"g", "k"}, seen_at);
  EXPECT_THAT(All(), ElementsAre("g-k", "y-z"));
}

TEST_F(EmptySpansTest, WhatWasSeenTooLongAgoIsNotLearned) {
  Use({.recent_creations = 2});
  Overwrite("x");
  spans_->Learn({"y", "z"}, revision_);
  const std::int64_t seen_at = revision_;
  Create("d");
  Create("e");
  Create("k");
  spans_->Learn({"p", "q"}, seen_at);
  EXPECT_THAT(All(), ElementsAre("y-z"));
}

TEST_F(EmptySpansTest, ForgetsEverythingRatherThanGrow) {
  Use({.spans_max = 3});
  Overwrite("x");
  for (const char* key : {"b", "d", "f", "h"}) {
    spans_->Learn({key, std::string(key) + "1"}, revision_);
  }
  EXPECT_THAT(All(), ElementsAre("h-h1"));
}

// Whatever is learned from whichever view: nothing is said to be empty that is not.
TEST_F(EmptySpansTest, IsRightAboutRandomHistories) {
  constexpr int kRounds = 200;
  constexpr int kSteps = 300;
  constexpr unsigned kKeys = 20;
  const unsigned seed = std::random_device{}();
  SCOPED_TRACE(absl::StrCat("seed ", seed));
  std::mt19937 random(seed);
  const auto below = [&](unsigned bound) { return static_cast<unsigned>(random() % bound); };
  const auto key_at = [](unsigned number) { return absl::StrCat("k", number + 100); };
  int told = 0;
  for (int round = 0; round < kRounds; ++round) {
    Use({.spans_max = 1 + below(12),
         .recent_creations = below(8),
         .join_after_revisions = static_cast<std::int64_t>(below(6))});
    std::map<std::int64_t, std::set<std::string>> states;  // by revision
    std::set<std::string> live;
    Overwrite("x");
    states[revision_] = live;
    for (int step = 0; step < kSteps; ++step) {
      const std::string key = key_at(below(kKeys));
      const std::int64_t seen_at =
          std::max<std::int64_t>(states.begin()->first, revision_ - below(8));
      const std::set<std::string>& seen = states[seen_at];
      switch (below(4)) {
        case 0:
          if (live.insert(key).second) Create(key);
          break;
        case 1:
          if (live.erase(key) == 1) Remove(key);
          break;
        case 2: {  // what a scan of that state finds between two keys
          const auto next = seen.lower_bound(key);
          if (next == seen.end() || *next != key) {
            spans_->Learn({key, next == seen.end() ? "" : *next}, seen_at);
          }
          break;
        }
        default:
          for (const EmptySpans::Span& span :
               spans_->Within(KeyInterval(key, kAll), seen_at, 1 + below(3))) {
            ++told;
            const auto first = seen.lower_bound(span.begin);
            ASSERT_TRUE(first == seen.end() || (!span.end.empty() && *first >= span.end))
                << *first << " is in " << span.begin << "-" << span.end << " at " << seen_at;
          }
      }
      states[revision_] = live;
    }
  }
  EXPECT_GT(told, 1000);
}

}  // namespace
}  // namespace stele::storage
