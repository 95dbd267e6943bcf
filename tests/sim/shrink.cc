#include "tests/sim/shrink.h"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

namespace stele::sim {
namespace {

using Faults = std::vector<Fault>;

class Shrinker {
 public:
  Shrinker(RunOptions options, std::chrono::seconds budget)
      : best_(std::move(options)), deadline_(std::chrono::steady_clock::now() + budget) {
    best_.tells = false;
  }

  Shrunk Run() {
    const RunResult first = RunSeed(best_);
    RunOptions written = best_;
    written.swarm = first.swarm;
    written.faults = first.faults;
    Shrunk shrunk{best_, first.violation, first.faults.size(), 0};
    if (!Fails(written)) return shrunk;
    DropFaults();
    DropNoise();
    DropFaults();
    ShortenTime();
    return {best_, violation_, first.faults.size(), runs_};
  }

 private:
  bool HasTime() const { return std::chrono::steady_clock::now() < deadline_; }

  // Keeps a candidate that still fails.
  bool Fails(const RunOptions& candidate) {
    ++runs_;
    RunResult result = RunSeed(candidate);
    if (result.violation.empty()) return false;
    best_ = candidate;
    violation_ = std::move(result.violation);
    failed_at_ = result.simulated;
    return true;
  }

  void DropFaults() {
    std::size_t pieces = 2;
    while (!best_.faults->empty() && HasTime()) {
      const std::size_t size = best_.faults->size();
      pieces = std::min(pieces, size);
      bool dropped = false;
      for (std::size_t i = 0; i < pieces && !dropped && HasTime(); ++i) {
        RunOptions candidate = best_;
        const auto begin = candidate.faults->begin();
        candidate.faults->erase(begin + static_cast<std::ptrdiff_t>(i * size / pieces),
                                begin + static_cast<std::ptrdiff_t>((i + 1) * size / pieces));
        dropped = Fails(candidate);
      }
      if (dropped) {
        pieces = std::max<std::size_t>(2, pieces - 1);
      } else if (pieces == size) {
        return;
      } else {
        pieces *= 2;
      }
    }
  }

  // What a world without faults would have.
  void DropNoise() {
    static constexpr std::array<double Swarm::*, 12> kChances = {
        &Swarm::loss,           &Swarm::duplicate,     &Swarm::replay,
        &Swarm::misroute,       &Swarm::corrupt,       &Swarm::slow_sync,
        &Swarm::very_slow_sync, &Swarm::io_error,      &Swarm::recovery_crash,
        &Swarm::apply_stall,    &Swarm::quick_restart, &Swarm::start_near_wrap};
    for (double Swarm::*chance : kChances) {
      if (!HasTime() || (*best_.swarm).*chance == 0) continue;
      RunOptions candidate = best_;
      (*candidate.swarm).*chance = 0;
      Fails(candidate);
    }
    RunOptions candidate = best_;
    std::fill(candidate.swarm->drift_ppm.begin(), candidate.swarm->drift_ppm.end(), 0);
    if (HasTime()) Fails(candidate);
    candidate = best_;
    candidate.swarm->reorder = false;
    if (HasTime()) Fails(candidate);
  }

  // Only a violation while faults strike needs no more time than until it shows.
  void ShortenTime() {
    RunOptions candidate = best_;
    candidate.faulty_time = failed_at_ + 1;
    if (candidate.faulty_time < best_.faulty_time) Fails(candidate);
  }

  RunOptions best_;
  const std::chrono::steady_clock::time_point deadline_;
  std::string violation_;
  Micros failed_at_ = 0;
  std::size_t runs_ = 0;
};

}  // namespace

Shrunk Shrink(const RunOptions& options, std::chrono::seconds budget) {
  return Shrinker(options, budget).Run();
}

}  // namespace stele::sim
