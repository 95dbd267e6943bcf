#include "tests/process/experiment.h"

#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <iterator>
#include <utility>

#include "tests/history/history_checks.h"
#include "tests/process/load_keys.h"

namespace stele::process {
namespace {

constexpr absl::Duration kPatience = absl::Seconds(30);

RunFigures Count(const history::History& history, const std::vector<history::Operation>& written) {
  RunFigures figures;
  for (const history::Operation& write : written) {
    figures.acknowledged += write.outcome == history::Outcome::kAcknowledged;
    figures.unknown += write.outcome == history::Outcome::kUnknown;
  }
  figures.reads = std::ssize(history.operations) - std::ssize(written);
  for (const history::WatchRecord& watch : history.watches) {
    for (const history::WatchSession& session : watch.sessions) {
      for (const auto& response : session.responses) figures.events += std::ssize(response.events);
    }
  }
  return figures;
}

// What happened, as the watcher saw it that saw most.
std::vector<history::RevisionRecord> Revisions(const std::vector<history::WatchRecord>& watches) {
  std::vector<history::RevisionRecord> longest;
  for (const history::WatchRecord& watch : watches) {
    std::vector<history::RevisionRecord> seen = history::RevisionsSeenBy(watch);
    if (seen.size() > longest.size()) longest = std::move(seen);
  }
  return longest;
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
  written_ = writes_->TakeRecords();
  std::ranges::copy(written_, std::back_inserter(history_.operations));
  std::ranges::move(reads_->TakeRecords(), std::back_inserter(history_.operations));
  std::int64_t last_revision = 1;
  for (int i = 0; i < cluster_.size(); ++i) {
    for (const bool linearizable : {true, false}) {
      auto read = ReadAll(cluster_.client(i), i, linearizable, absl::Seconds(10));
      if (read) {
        last_revision = std::max(last_revision, read->revision);
        history_.operations.push_back(*std::move(read));
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
    if (arrived) history_.watches.back().complete_to = last_revision;
    const std::string& name = history_.watches.back().name;
    if (!arrived) violations.push_back(absl::StrCat(name, " never saw ", last_revision));
    for (const std::string& complaint : watcher->complaints()) {
      violations.push_back(absl::StrCat(name, " was ", complaint));
    }
  }
  history_.revisions = Revisions(history_.watches);
  for (const history::Violation& violation : history::CheckHistory(history_)) {
    violations.push_back(absl::StrCat(violation.check, ": ", violation.text));
  }
  return violations;
}

RunFigures Experiment::Finish() {
  for (const std::string& violation : Judge()) ADD_FAILURE() << violation;
  RunFigures figures = Count(history_, written_);
  figures.resumptions = resumptions_;
  std::cout << "acknowledged writes " << figures.acknowledged << ", unknown " << figures.unknown
            << ", reads " << figures.reads << ", watch events " << figures.events
            << ", watches resumed " << figures.resumptions << "\n";
  return figures;
}

absl::Duration Experiment::GapAfter(std::int64_t since_ns) const {
  const auto gap = TimeToNextAcknowledged(written_, since_ns);
  EXPECT_TRUE(gap.has_value());
  return gap.value_or(absl::InfiniteDuration());
}

int Scaled(int count) {
  const char* text = std::getenv("STELE_PROCESS_SCALE");
  double scale = 1;
  if (text != nullptr) {
    EXPECT_TRUE(absl::SimpleAtod(text, &scale)) << text;
  }
  return std::max(1, static_cast<int>(count * scale));
}

}  // namespace stele::process
