#include "tests/conformance/random_programs.h"

#include <algorithm>
#include <atomic>
#include <future>
#include <iostream>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "tests/conformance/program_driver.h"
#include "tests/conformance/program_generator.h"
#include "tests/conformance/program_shrink.h"

namespace stele::conformance {
namespace {

constexpr int kShrinkAttempts = 600;

// The first operation that was answered differently.
struct Difference {
  Program shown;  // ends with that operation
  ProgramAnswer actual;
  ProgramAnswer expected;
};

class Comparison {
 public:
  explicit Comparison(const ServerPair& servers)
      : subject_(servers.subject), reference_(servers.reference) {}

  // An error means that a server cannot be used any more.
  absl::StatusOr<std::optional<Difference>> Run(const Program& program) {
    auto other = std::async(std::launch::async, [&] { return reference_.Run(program); });
    absl::StatusOr<ProgramOutcome> actual = subject_.Run(program);
    absl::StatusOr<ProgramOutcome> expected = other.get();
    if (!actual.ok()) return actual.status();
    if (!expected.ok()) return expected.status();
    if (actual->start != expected->start && !looks_at_every_revision_) {
      // Hashes are about absolute revisions. They went apart, or always were.
      LookAtEveryRevision(true);
      return Run(program);
    }
    answers_ += static_cast<std::int64_t>(actual->answers.size() + actual->final_answers.size());
    return FindDifference(program, *actual, *expected);
  }

  // The difference that is left when as much as possible is taken away; the one that was seen if
  // it does not come again.
  std::string Shrink(const Program& program, const Difference& seen) {
    const auto differs = [this](const Program& candidate) {
      const auto result = Run(candidate);
      return result.ok() && result->has_value();
    };
    std::string once = absl::StrCat("# seen once, and not again:\n", Describe(program, seen));
    // A difference that can be read says more than one of hashes.
    LookAtEveryRevision(true);
    if (!differs(program)) LookAtEveryRevision(false);
    if (!looks_at_every_revision_ && !differs(program)) return once;
    const Program shortest = ShrinkProgram(program, differs, kShrinkAttempts);
    const auto result = Run(shortest);
    if (!result.ok() || !result->has_value()) return once;
    return Describe(program, **result);
  }

  std::int64_t answers() const { return answers_; }

 private:
  static std::string Describe(const Program& program, const Difference& difference) {
    return absl::StrCat(
        ProgramAsCase(difference.shown, absl::StrCat("random program ", program.seed),
                      difference.expected),
        "# the subject answered: ",
        DescribeProgramAnswer(difference.shown.operations.back(), difference.actual), "\n");
  }

  void LookAtEveryRevision(bool look) {
    looks_at_every_revision_ = look;
    subject_.LookAtEveryRevision(look);
    reference_.LookAtEveryRevision(look);
  }

  static std::optional<Difference> FindDifference(const Program& program,
                                                  const ProgramOutcome& actual,
                                                  const ProgramOutcome& expected) {
    Difference difference;
    for (std::size_t i = 0; i < program.operations.size(); ++i) {
      difference.shown.operations.push_back(program.operations[i]);
      if (actual.answers[i] == expected.answers[i]) continue;
      difference.actual = actual.answers[i];
      difference.expected = expected.answers[i];
      return difference;
    }
    const std::size_t questions = std::min(actual.questions.size(), expected.questions.size());
    for (std::size_t i = 0; i < questions; ++i) {
      if (actual.final_answers[i] == expected.final_answers[i]) continue;
      difference.shown.operations.push_back(actual.questions[i]);
      difference.actual = actual.final_answers[i];
      difference.expected = expected.final_answers[i];
      return difference;
    }
    return std::nullopt;
  }

  ProgramDriver subject_;
  ProgramDriver reference_;
  std::int64_t answers_ = 0;
  bool looks_at_every_revision_ = false;
};

// Programs that several lanes share.
class Run {
 public:
  Run(const RandomProgramOptions& options, ComparisonReport* report)
      : options_(options), report_(report) {}

  // Until there is nothing left to do.
  void On(const ServerPair& lane) {
    Comparison comparison(lane);
    for (int number = next_++; number < options_.programs && absl::Now() < options_.until;
         number = next_++) {
      const Program program =
          GenerateProgram(options_.first_seed + static_cast<std::uint64_t>(number),
                          {.operations = options_.operations});
      const absl::StatusOr<std::optional<Difference>> result = comparison.Run(program);
      ++programs_;
      if (!result.ok()) {
        Report(absl::StrCat("program ", program.seed, ": ", result.status().message()));
        break;
      }
      if (!result->has_value()) continue;
      std::cerr << absl::StrCat("program ", program.seed, " differs; looking for a shorter one\n");
      Report(Comparison(lane).Shrink(program, **result));
    }
    answers_ += comparison.answers();
  }

  std::int64_t programs() const { return programs_; }
  std::int64_t answers() const { return answers_; }

 private:
  void Report(std::string difference) {
    const std::lock_guard lock(mutex_);
    report_->differences.push_back(std::move(difference));
    if (std::ssize(report_->differences) >= options_.most_differences) next_ = options_.programs;
  }

  const RandomProgramOptions options_;
  std::atomic<int> next_ = 0;
  std::atomic<std::int64_t> programs_ = 0;
  std::atomic<std::int64_t> answers_ = 0;
  std::mutex mutex_;
  ComparisonReport* const report_;  // Under the mutex.
};

}  // namespace

ComparisonReport CompareRandomPrograms(const std::vector<ServerPair>& lanes,
                                       const RandomProgramOptions& options) {
  ComparisonReport report;
  report.part = "random programs";
  const absl::Time begin = absl::Now();
  Run run(options, &report);
  std::vector<std::thread> threads;
  threads.reserve(lanes.size());
  for (const ServerPair& lane : lanes) threads.emplace_back([&run, &lane] { run.On(lane); });
  for (std::thread& thread : threads) thread.join();
  report.figures = {absl::StrCat(run.programs(), " programs from seed ", options.first_seed),
                    absl::StrCat(run.programs() * options.operations, " operations"),
                    absl::StrCat(run.answers(), " answers compared"),
                    absl::StrCat(absl::FormatDuration(
                        absl::Trunc(absl::Now() - begin, absl::Milliseconds(100))))};
  return report;
}

}  // namespace stele::conformance
