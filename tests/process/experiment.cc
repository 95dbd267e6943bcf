#include "tests/process/experiment.h"

#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <iterator>
#include <utility>

#include "tests/process/history_checks.h"
#include "tests/process/load_keys.h"

namespace stele::process {
namespace {

constexpr absl::Duration kPatience = absl::Seconds(30);

RunFigures Count(const History& history) {
  RunFigures figures;
  for (const WriteRecord& write : history.writes) {
    figures.acknowledged += write.outcome == Outcome::kAcknowledged;
    figures.unknown += write.outcome == Outcome::kUnknown;
  }
  figures.reads = std::ssize(history.reads);
  for (const WatchRecord& watch : history.watches) figures.events += std::ssize(watch.events);
  return figures;
}

}  // namespace

Experiment::Experiment(Cluster::Options options, WriteLoad::Options load)
    : cluster_(std::move(options)) {
  for (int i = 0; i < cluster_.size(); ++i) {
    AddWatcher(absl::StrCat("watcher ", i),
               {.first_member = static_cast<std::size_t>(i), .with_previous = i % 2 == 1});
  }
  reads_ = std::make_unique<ReadLoad>(addresses());
  writes_ = std::make_unique<WriteLoad>(addresses(), load);
}

Experiment::~Experiment() = default;

std::vector<std::string> Experiment::addresses() const {
  std::vector<std::string> addresses;
  for (int i = 0; i < cluster_.size(); ++i) addresses.push_back(cluster_.address(i));
  return addresses;
}

void Experiment::AddWatcher(const std::string& name, Watcher::Options options) {
  watchers_.push_back(std::make_unique<Watcher>(name, addresses(), options));
}

void Experiment::ExpectWritesResume(int avoided) {
  EXPECT_TRUE(writes_->ProbeUntilAcknowledged(avoided, kPatience)) << "writes do not resume";
}

Violations Experiment::Judge() {
  Violations violations;
  writes_->Stop();
  reads_->Stop();
  history_.writes = writes_->TakeRecords();
  std::ranges::move(reads_->TakeRecords(), std::back_inserter(history_.reads));
  std::int64_t last_revision = 1;
  for (int i = 0; i < cluster_.size(); ++i) {
    for (const bool linearizable : {true, false}) {
      auto read = ReadAll(cluster_.client(i), i, linearizable, absl::Seconds(10));
      if (read) {
        last_revision = std::max(last_revision, read->revision);
        history_.reads.push_back(*std::move(read));
      } else {
        violations.push_back(absl::StrCat("member ", i, " answers no read"));
      }
    }
  }
  for (const auto& watcher : watchers_) {
    const bool arrived = watcher->AwaitRevision(last_revision, kPatience);
    watcher->Stop();
    resumptions_ += watcher->resumptions();
    history_.watches.push_back(watcher->TakeRecord());
    const std::string& name = history_.watches.back().name;
    if (!arrived) violations.push_back(absl::StrCat(name, " never saw ", last_revision));
    for (const std::string& complaint : watcher->complaints()) {
      violations.push_back(absl::StrCat(name, " was ", complaint));
    }
  }
  std::ranges::move(CheckHistory(history_), std::back_inserter(violations));
  return violations;
}

RunFigures Experiment::Finish() {
  for (const std::string& violation : Judge()) ADD_FAILURE() << violation;
  RunFigures figures = Count(history_);
  figures.resumptions = resumptions_;
  std::cout << "acknowledged writes " << figures.acknowledged << ", unknown " << figures.unknown
            << ", reads " << figures.reads << ", watch events " << figures.events
            << ", watches resumed " << figures.resumptions << "\n";
  return figures;
}

absl::Duration Experiment::GapAfter(std::int64_t since_ns) const {
  const auto gap = TimeToNextAcknowledged(history_.writes, since_ns);
  EXPECT_TRUE(gap.has_value());
  return gap.value_or(absl::InfiniteDuration());
}

int Scaled(int count) {
  const char* text = std::getenv("STELE_PROCESS_SCALE");
  int scale = 1;
  if (text != nullptr) {
    EXPECT_TRUE(absl::SimpleAtoi(text, &scale)) << text;
  }
  return count * std::max(scale, 1);
}

}  // namespace stele::process
