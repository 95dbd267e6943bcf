#include "tests/conformance/case_suite.h"

#include <algorithm>
#include <atomic>
#include <fstream>
#include <iostream>
#include <iterator>
#include <random>
#include <thread>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/synchronization/mutex.h"
#include "tests/conformance/case_runner.h"

namespace stele::conformance {
namespace {

using Outcome = CaseReport::Outcome;

// kPassed means that the case is to be run.
Outcome Foresee(const Case& test, const Subject& subject) {
  // Stele follows the newest etcd, whatever release its version tells clients to expect.
  if (!subject.is_stele && subject.version < test.since) return Outcome::kNewer;
  if (!test.only.empty() && (test.only == "stele") != subject.is_stele) return Outcome::kDeliberate;
  if (!test.missing.empty() && subject.is_stele) return Outcome::kMissing;
  if (test.own_server && subject.binary.empty()) return Outcome::kNoServer;
  return Outcome::kPassed;
}

class SuiteRunner {
 public:
  SuiteRunner(const std::vector<Case>& cases, const Subject& subject)
      : cases_(cases), subject_(subject), run_id_(std::random_device{}() & 0xffffU) {
    report_.subject = subject.name;
    report_.cases.resize(cases.size());
    for (std::size_t i = 0; i < cases.size(); ++i) {
      report_.cases[i] = {&cases[i], Foresee(cases[i], subject), {}};
      if (report_.cases[i].outcome == Outcome::kPassed) {
        (cases[i].own_server ? alone_ : shared_).push_back(i);
      }
    }
  }

  SuiteReport Run(int threads) {
    std::vector<std::thread> workers;
    for (int i = 0; i < threads; ++i) {
      workers.emplace_back([this] { RunAlone(); });
    }
    for (const std::size_t index : shared_) {
      Keep(index, RunCase(cases_[index], {subject_.address}, nullptr, PrefixOf(index)));
    }
    for (std::thread& worker : workers) worker.join();
    return std::move(report_);
  }

 private:
  // The run's number keeps cases of different runs on a foreign server apart.
  std::string PrefixOf(std::size_t index) const {
    return absl::StrCat("k", absl::Hex(run_id_, absl::kZeroPad4), "-", index, "/");
  }

  void RunAlone() {
    for (std::size_t next = next_++; next < alone_.size(); next = next_++) {
      const std::size_t index = alone_[next];
      const Case& test = cases_[index];
      auto group = ServerGroup::Start(subject_.binary, *test.own_server);
      if (group.ok()) {
        Keep(index, RunCase(test, {}, group->get(), PrefixOf(index)));
      } else {
        CaseResult failed;
        failed.problems = {absl::StrCat(test.file, ":", test.line, ": ", test.name),
                           std::string(group.status().message())};
        Keep(index, std::move(failed));
      }
    }
  }

  void Keep(std::size_t index, CaseResult result) {
    const absl::MutexLock lock(&mutex_);
    CaseReport& report = report_.cases[index];
    report.outcome = result.problems.empty() ? Outcome::kPassed : Outcome::kFailed;
    report.problems = std::move(result.problems);
    if (!report.problems.empty()) std::cerr << "failed: " << report.problems[0] << "\n";
    report_.calls += result.calls;
    report_.recordings[cases_[index].file].merge(result.recordings);
  }

  const std::vector<Case>& cases_;
  const Subject& subject_;
  const std::uint32_t run_id_;
  std::vector<std::size_t> shared_;
  std::vector<std::size_t> alone_;
  std::atomic<std::size_t> next_ = 0;
  absl::Mutex mutex_;
  SuiteReport report_;
};

}  // namespace

int SuiteReport::Count(CaseReport::Outcome outcome) const {
  return static_cast<int>(
      std::count_if(cases.begin(), cases.end(),
                    [outcome](const CaseReport& report) { return report.outcome == outcome; }));
}

SuiteReport RunCases(const std::vector<Case>& cases, const Subject& subject, int threads) {
  return SuiteRunner(cases, subject).Run(threads);
}

absl::Status WriteRecordings(const SuiteReport& report, const std::string& directory) {
  for (const auto& [file, recordings] : report.recordings) {
    if (recordings.empty()) continue;
    const std::string path = absl::StrCat(directory, "/", file);
    std::ifstream in(path, std::ios::binary);
    const std::string text{std::istreambuf_iterator<char>(in), {}};
    std::vector<std::string> lines = absl::StrSplit(text, '\n');
    for (const auto& [line, recorded] : recordings) {
      lines[static_cast<std::size_t>(line - 1)] = absl::StrJoin(recorded, "\n");
    }
    std::ofstream out(path, std::ios::binary | std::ios::trunc);
    out << absl::StrJoin(lines, "\n");
    if (!out.flush()) return absl::InternalError(absl::StrCat("cannot write ", path));
  }
  return absl::OkStatus();
}

}  // namespace stele::conformance
