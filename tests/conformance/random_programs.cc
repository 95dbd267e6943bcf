#include "tests/conformance/random_programs.h"

#include <algorithm>
#include <future>
#include <iostream>
#include <optional>
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
  Comparison(const std::string& subject, const std::string& reference)
      : subject_(subject), reference_(reference) {
    // The hash over all revisions would be cheaper, but does not yet agree after every program.
    LookAtEveryRevision();
  }

  // An error means that a server cannot be used any more.
  absl::StatusOr<std::optional<Difference>> Run(const Program& program) {
    auto other = std::async(std::launch::async, [&] { return reference_.Run(program); });
    absl::StatusOr<ProgramOutcome> actual = subject_.Run(program);
    absl::StatusOr<ProgramOutcome> expected = other.get();
    if (!actual.ok()) return actual.status();
    if (!expected.ok()) return expected.status();
    if (actual->start != expected->start && !looks_at_every_revision_) {
      // Hashes are about absolute revisions. They went apart, or always were.
      LookAtEveryRevision();
      return Run(program);
    }
    answers_ += static_cast<std::int64_t>(actual->answers.size() + actual->final_answers.size());
    return FindDifference(program, *actual, *expected);
  }

  // The difference that is left when as much as possible is taken away.
  std::string Shrink(const Program& program) {
    LookAtEveryRevision();
    const auto differs = [this](const Program& candidate) {
      const auto result = Run(candidate);
      return result.ok() && result->has_value();
    };
    if (!differs(program)) return "only the hash over all revisions differs, or it did once";
    const Program shortest = ShrinkProgram(program, differs, kShrinkAttempts);
    const auto result = Run(shortest);
    if (!result.ok() || !result->has_value()) return "a difference that does not repeat";
    const Difference& difference = **result;
    return absl::StrCat(
        ProgramAsCase(difference.shown, absl::StrCat("random program ", program.seed),
                      difference.expected),
        "# the subject answered: ",
        DescribeProgramAnswer(difference.shown.operations.back(), difference.actual), "\n");
  }

  std::int64_t answers() const { return answers_; }

 private:
  void LookAtEveryRevision() {
    looks_at_every_revision_ = true;
    subject_.LookAtEveryRevision();
    reference_.LookAtEveryRevision();
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

}  // namespace

ComparisonReport CompareRandomPrograms(const std::string& subject, const std::string& reference,
                                       const RandomProgramOptions& options) {
  ComparisonReport report;
  report.part = "random programs";
  const absl::Time begin = absl::Now();
  Comparison comparison(subject, reference);
  int done = 0;
  for (; done < options.programs; ++done) {
    if (std::ssize(report.differences) >= options.most_differences) break;
    const Program program = GenerateProgram(options.first_seed + static_cast<std::uint64_t>(done),
                                            {.operations = options.operations});
    const absl::StatusOr<std::optional<Difference>> result = comparison.Run(program);
    if (!result.ok()) {
      report.differences.push_back(
          absl::StrCat("program ", program.seed, ": ", result.status().message()));
      break;
    }
    if (!result->has_value()) continue;
    std::cerr << "program " << program.seed << " differs; looking for a shorter one\n";
    Comparison again(subject, reference);
    report.differences.push_back(again.Shrink(program));
  }
  report.figures = {absl::StrCat(done, " programs from seed ", options.first_seed),
                    absl::StrCat(std::int64_t{done} * options.operations, " operations"),
                    absl::StrCat(comparison.answers(), " answers compared"),
                    absl::StrCat(absl::FormatDuration(
                        absl::Trunc(absl::Now() - begin, absl::Milliseconds(100))))};
  return report;
}

}  // namespace stele::conformance
