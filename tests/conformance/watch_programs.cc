#include "tests/conformance/watch_programs.h"

#include <algorithm>
#include <functional>
#include <future>
#include <iostream>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/clock.h"
#include "tests/conformance/message_match.h"
#include "tests/conformance/shrink_list.h"
#include "tests/conformance/watch_driver.h"

namespace stele::conformance {
namespace {

constexpr int kShrinkAttempts = 150;
constexpr std::size_t kShownEvents = 30;

// A serialized message in which revisions are relative, as text.
template <class Message>
std::string Show(const std::string& bytes) {
  Message message;
  message.ParseFromString(bytes);
  Bindings bindings;
  bindings.base = kProgramStart;
  return DescribeMessage(message, bindings);
}

std::string ShowWatch(const WatchOutcome& watch) {
  std::string text = absl::StrCat("#   ", Show<etcdserverpb::WatchResponse>(watch.created), "\n");
  for (std::size_t i = 0; i < std::min(watch.events.size(), kShownEvents); ++i) {
    absl::StrAppend(&text, "#   ", Show<mvccpb::Event>(watch.events[i]), "\n");
  }
  for (const std::string& end : watch.ends) {
    absl::StrAppend(&text, "#   ", Show<etcdserverpb::WatchResponse>(end), "\n");
  }
  return text;
}

struct Pair {
  absl::StatusOr<WatchBundleOutcome> actual;
  absl::StatusOr<WatchBundleOutcome> expected;
};

class Comparison {
 public:
  explicit Comparison(const ServerPair& servers)
      : subject_(servers.subject), reference_(servers.reference) {}

  Pair Run(const WatchBundle& bundle) {
    auto other =
        std::async(std::launch::async, [&] { return RunWatchBundle(&reference_, bundle); });
    absl::StatusOr<WatchBundleOutcome> actual = RunWatchBundle(&subject_, bundle);
    return {std::move(actual), other.get()};
  }

  // What differs, in words; empty if nothing does.
  static std::string Describe(const Pair& pair) {
    if (!pair.actual.ok()) return absl::StrCat("# subject: ", pair.actual.status().message(), "\n");
    if (!pair.expected.ok()) {
      return absl::StrCat("# reference: ", pair.expected.status().message(), "\n");
    }
    if (!pair.actual->faults.empty()) {
      return absl::StrCat("# subject: ", absl::StrJoin(pair.actual->faults, "\n# "), "\n");
    }
    for (const auto& [name, expected] : pair.expected->watches) {
      const auto actual = pair.actual->watches.find(name);
      if (actual != pair.actual->watches.end() && actual->second == expected) continue;
      return absl::StrCat("# expected of watch ", name, ":\n", ShowWatch(expected),
                          "# the subject told:\n",
                          actual == pair.actual->watches.end() ? "" : ShowWatch(actual->second));
    }
    return pair.actual->progress == pair.expected->progress ? "" : "# progress differs\n";
  }

  std::string Shrink(const WatchBundle& bundle) {
    const auto with = [&bundle](const std::vector<WatchStep>& steps) {
      return WatchBundle{.seed = bundle.seed, .prefix = bundle.prefix, .steps = steps};
    };
    const std::function<bool(const std::vector<WatchStep>&)> differs =
        [&](const std::vector<WatchStep>& steps) { return !Describe(Run(with(steps))).empty(); };
    int attempts = kShrinkAttempts;
    const WatchBundle shortest = with(ShrinkList(bundle.steps, differs, &attempts));
    const std::string difference = Describe(Run(shortest));
    return absl::StrCat(DescribeWatchBundle(shortest),
                        difference.empty() ? "# it does not differ every time\n" : difference);
  }

 private:
  WireClient subject_;
  WireClient reference_;
};

// One run over all lanes: each takes the next bundle until there are none left, or enough differ.
class Run {
 public:
  explicit Run(const WatchProgramOptions& options) : options_(options) {
    report_.part = "watch programs";
  }

  ComparisonReport Over(const std::vector<ServerPair>& lanes) {
    const absl::Time begin = absl::Now();
    std::vector<std::thread> threads;
    threads.reserve(lanes.size());
    for (const ServerPair& pair : lanes) {
      threads.emplace_back([this, &pair] { RunLane(pair); });
    }
    for (std::thread& thread : threads) thread.join();
    const absl::MutexLock lock(&mutex_);
    report_.figures = {
        absl::StrCat(handed_out_, " programs, bundles from seed ", options_.first_seed, " to ",
                     next_seed_ - 1),
        absl::StrCat(watches_, " watches"), absl::StrCat(events_, " events"),
        absl::StrCat(progress_, " answers about progress"),
        absl::FormatDuration(absl::Trunc(absl::Now() - begin, absl::Milliseconds(100)))};
    return std::move(report_);
  }

 private:
  std::optional<WatchBundle> Next() {
    const absl::MutexLock lock(&mutex_);
    const bool late = absl::Now() > options_.until;
    if (late || handed_out_ >= options_.programs ||
        std::ssize(report_.differences) >= options_.most_differences) {
      return std::nullopt;
    }
    const int programs = std::min(options_.bundle, options_.programs - handed_out_);
    handed_out_ += programs;
    return GenerateWatchBundle(next_seed_++, programs);
  }

  void RunLane(const ServerPair& servers) {
    Comparison comparison(servers);
    while (const std::optional<WatchBundle> bundle = Next()) {
      const Pair pair = comparison.Run(*bundle);
      const std::string difference = Comparison::Describe(pair);
      Count(pair.actual);
      if (difference.empty()) continue;
      std::cerr << "bundle " << bundle->seed << " differs; looking for a shorter one\n"
                << difference;
      const std::string shown =
          absl::StrCat(Comparison(servers).Shrink(*bundle), "# in the whole bundle:\n", difference);
      const absl::MutexLock lock(&mutex_);
      report_.differences.push_back(shown);
    }
  }

  void Count(const absl::StatusOr<WatchBundleOutcome>& outcome) {
    if (!outcome.ok()) return;
    const absl::MutexLock lock(&mutex_);
    watches_ += std::ssize(outcome->watches);
    events_ += outcome->events;
    progress_ += std::ssize(outcome->progress);
  }

  const WatchProgramOptions options_;
  absl::Mutex mutex_;
  int handed_out_ ABSL_GUARDED_BY(mutex_) = 0;
  std::uint64_t next_seed_ ABSL_GUARDED_BY(mutex_) = options_.first_seed;
  std::int64_t watches_ ABSL_GUARDED_BY(mutex_) = 0;
  std::int64_t events_ ABSL_GUARDED_BY(mutex_) = 0;
  std::int64_t progress_ ABSL_GUARDED_BY(mutex_) = 0;
  ComparisonReport report_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace

ComparisonReport CompareWatchPrograms(const std::vector<ServerPair>& lanes,
                                      const WatchProgramOptions& options) {
  return Run(options).Over(lanes);
}

}  // namespace stele::conformance
