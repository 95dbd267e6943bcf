#include "tests/conformance/watch_programs.h"

#include <algorithm>
#include <functional>
#include <future>
#include <iostream>
#include <memory>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
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
  Comparison(const std::string& subject, const std::string& reference)
      : subject_(std::make_unique<WireClient>(subject)),
        reference_(std::make_unique<WireClient>(reference)) {}

  Pair Run(const WatchBundle& bundle) {
    auto other =
        std::async(std::launch::async, [&] { return RunWatchBundle(reference_.get(), bundle); });
    absl::StatusOr<WatchBundleOutcome> actual = RunWatchBundle(subject_.get(), bundle);
    if (actual.ok()) events_ += actual->events;
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

  std::int64_t events() const { return events_; }

 private:
  std::unique_ptr<WireClient> subject_;
  std::unique_ptr<WireClient> reference_;
  std::int64_t events_ = 0;
};

}  // namespace

ComparisonReport CompareWatchPrograms(const std::string& subject, const std::string& reference,
                                      const WatchProgramOptions& options) {
  ComparisonReport report;
  report.part = "watch programs";
  const absl::Time begin = absl::Now();
  Comparison comparison(subject, reference);
  std::int64_t watches = 0;
  std::uint64_t seed = options.first_seed;
  int done = 0;
  while (done < options.programs) {
    if (std::ssize(report.differences) >= options.most_differences) break;
    const int programs = std::min(options.bundle, options.programs - done);
    const WatchBundle bundle = GenerateWatchBundle(seed++, programs);
    done += programs;
    const Pair pair = comparison.Run(bundle);
    const std::string difference = Comparison::Describe(pair);
    if (pair.actual.ok()) watches += static_cast<std::int64_t>(pair.actual->watches.size());
    if (difference.empty()) continue;
    std::cerr << "bundle " << bundle.seed << " differs; looking for a shorter one\n" << difference;
    report.differences.push_back(absl::StrCat(Comparison(subject, reference).Shrink(bundle),
                                              "# in the whole bundle:\n", difference));
  }
  report.figures = {
      absl::StrCat(done, " programs, bundles from seed ", options.first_seed),
      absl::StrCat(watches, " watches"), absl::StrCat(comparison.events(), " events"),
      absl::FormatDuration(absl::Trunc(absl::Now() - begin, absl::Milliseconds(100)))};
  return report;
}

}  // namespace stele::conformance
