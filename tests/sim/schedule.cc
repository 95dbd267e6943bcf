#include "tests/sim/schedule.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "tests/sim/text.h"

namespace stele::sim {
namespace {

bool ParseLine(std::string_view line, RunOptions* options) {
  const std::pair<std::string_view, std::string_view> words = SplitOnce(line, ' ');
  if (words.first == "seed") return ParseNumber(words.second, &options->seed);
  if (words.first == "seconds") {
    const std::optional<Micros> time = MicrosFromText(words.second);
    options->faulty_time = time.value_or(0);
    return time.has_value();
  }
  if (words.first == "bug") {
    const PlantedBug* bug = FindPlantedBug(words.second);
    if (bug != nullptr) options->bug = *bug;
    return bug != nullptr;
  }
  if (words.first == "swarm") return SwarmFromText(words.second, &options->swarm.emplace());
  std::optional<Fault> fault = FaultFromText(line);
  if (!fault) return false;
  options->faults->push_back(*std::move(fault));
  return true;
}

}  // namespace

std::string ScheduleText(const RunOptions& options, const RunResult& result,
                         std::string_view comment) {
  std::string text;
  for (const std::string_view line : PiecesOf(comment, '\n')) {
    absl::StrAppend(&text, "# ", std::string(line), "\n");
  }
  absl::StrAppend(&text, "seed ", options.seed, "\nseconds ", SecondsText(options.faulty_time),
                  "\nbug ", std::string(options.bug.name), "\nswarm ", Describe(result.swarm),
                  "\n");
  for (const Fault& fault : result.faults) absl::StrAppend(&text, ToText(fault), "\n");
  return text;
}

std::optional<RunOptions> ScheduleFromText(std::string_view text, std::string* error) {
  RunOptions options;
  options.faults.emplace();
  for (const std::string_view line : PiecesOf(text, '\n')) {
    if (line.starts_with('#')) continue;
    if (ParseLine(line, &options)) continue;
    *error = absl::StrCat("cannot read the line: ", std::string(line));
    return std::nullopt;
  }
  if (!options.swarm) {
    *error = "there is no line with the swarm";
    return std::nullopt;
  }
  return options;
}

}  // namespace stele::sim
