#include "src/server/auto_compaction.h"

#include <algorithm>

#include "absl/strings/numbers.h"
#include "fmt/format.h"
#include "src/raft/check.h"

namespace stele::server {
namespace {

constexpr absl::Duration kRevisionInterval = absl::Minutes(5);
constexpr int kNotesPerPeriod = 10;

class PeriodicCompaction final : public AutoCompaction {
 public:
  PeriodicCompaction(absl::Duration period, absl::Duration now, std::int64_t current_revision)
      : period_(period),
        compact_interval_(std::min(period, absl::Hours(1))),
        wait_(period),
        last_success_(now) {
    Note(current_revision);
  }

  absl::Duration Interval() const override {
    return std::max(compact_interval_ / kNotesPerPeriod, absl::Milliseconds(1));
  }

  std::optional<std::int64_t> Tick(absl::Duration now, std::int64_t current_revision,
                                   bool is_leader) override {
    const std::int64_t revision = revisions_.front();
    Note(current_revision);
    if (!is_leader || now - last_success_ < wait_ || revision == last_revision_) {
      return std::nullopt;
    }
    wait_ = compact_interval_;  // only the first compaction waits for a whole period
    return revision;
  }

  void OnCompacted(absl::Duration now, std::int64_t revision) override {
    last_success_ = now;
    last_revision_ = revision;
  }

 private:
  // The first note is always that of a period ago, or the oldest there is.
  void Note(std::int64_t revision) {
    revisions_.push_back(revision);
    const auto notes_max = static_cast<std::size_t>(period_ / Interval()) + 1;
    if (revisions_.size() > notes_max) revisions_.pop_front();
  }

  const absl::Duration period_;
  const absl::Duration compact_interval_;
  absl::Duration wait_;
  absl::Duration last_success_;
  std::int64_t last_revision_ = 0;
  std::deque<std::int64_t> revisions_;
};

class RevisionCompaction final : public AutoCompaction {
 public:
  explicit RevisionCompaction(std::int64_t revisions) : revisions_(revisions) {}

  absl::Duration Interval() const override { return kRevisionInterval; }

  std::optional<std::int64_t> Tick(absl::Duration /*now*/, std::int64_t current_revision,
                                   bool is_leader) override {
    const std::int64_t revision = current_revision - revisions_;
    if (!is_leader || revision <= 0 || revision == last_revision_) return std::nullopt;
    return revision;
  }

  void OnCompacted(absl::Duration /*now*/, std::int64_t revision) override {
    last_revision_ = revision;
  }

 private:
  const std::int64_t revisions_;
  std::int64_t last_revision_ = 0;
};

absl::Status Invalid(const std::string& message) { return absl::InvalidArgumentError(message); }

}  // namespace

absl::StatusOr<AutoCompactionPolicy> ParseAutoCompaction(std::string_view mode,
                                                         std::string_view retention) {
  using Mode = AutoCompactionPolicy::Mode;
  AutoCompactionPolicy policy;
  if (mode == "periodic") {
    policy.mode = Mode::kPeriodic;
  } else if (mode == "revision") {
    policy.mode = Mode::kRevision;
  } else {
    return Invalid(
        fmt::format("--auto-compaction-mode: '{}' is neither 'periodic' nor 'revision'", mode));
  }
  constexpr char kFlag[] = "--auto-compaction-retention";
  const absl::string_view text(retention.data(), retention.size());
  std::int64_t number = 0;
  const bool is_number = absl::SimpleAtoi(text, &number);
  if (is_number && number == 0) return AutoCompactionPolicy{};
  if (policy.mode == Mode::kRevision) {
    if (!is_number || number < 0) {
      return Invalid(fmt::format("{}: '{}' is not a number of revisions", kFlag, retention));
    }
    policy.revisions = number;
    return policy;
  }
  constexpr std::int64_t kHoursMax = 1'000'000;  // a century; more does not fit Go's durations
  if (is_number && number > 0 && number <= kHoursMax) {
    policy.period = absl::Hours(number);
  } else if (is_number || !absl::ParseDuration(text, &policy.period) ||
             policy.period < absl::ZeroDuration() || policy.period > absl::Hours(kHoursMax)) {
    return Invalid(
        fmt::format("{}: '{}' is neither hours nor a duration such as 90m", kFlag, retention));
  }
  if (policy.period == absl::ZeroDuration()) return AutoCompactionPolicy{};
  return policy;
}

std::unique_ptr<AutoCompaction> MakeAutoCompaction(const AutoCompactionPolicy& policy,
                                                   absl::Duration now,
                                                   std::int64_t current_revision) {
  using Mode = AutoCompactionPolicy::Mode;
  switch (policy.mode) {
    case Mode::kOff:
      return nullptr;
    case Mode::kPeriodic:
      return std::make_unique<PeriodicCompaction>(policy.period, now, current_revision);
    case Mode::kRevision:
      return std::make_unique<RevisionCompaction>(policy.revisions);
  }
  STELE_CHECK(false);
}

}  // namespace stele::server
