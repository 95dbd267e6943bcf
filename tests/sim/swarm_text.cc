// A swarm as text and back, for reports and schedules.
#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "tests/sim/swarm.h"
#include "tests/sim/text.h"

namespace stele::sim {
namespace {

// Calls `visit(name, field)` for everything but the drifts.
template <class SwarmType, class Visit>
void VisitFields(SwarmType* s, Visit visit) {
  visit("harshness", s->harshness);
  visit("members", s->members);
  visit("tick", s->tick);
  visit("heartbeat", s->heartbeat_ticks);
  visit("election", s->election_ticks);
  visit("wrap", s->start_near_wrap);
  visit("delay_min", s->delay_min);
  visit("delay_mean", s->delay_mean);
  visit("loss", s->loss);
  visit("duplicate", s->duplicate);
  visit("replay", s->replay);
  visit("reorder", s->reorder);
  visit("partition_every", s->partition_every);
  visit("partition_for", s->partition_for);
  visit("clog_every", s->clog_every);
  visit("misroute", s->misroute);
  visit("corrupt", s->corrupt);
  visit("sync_mean", s->sync_mean);
  visit("slow_sync", s->slow_sync);
  visit("very_slow_sync", s->very_slow_sync);
  visit("io_error", s->io_error);
  visit("stall_every", s->stall_every);
  visit("full_every", s->full_every);
  visit("segment_bytes", s->segment_bytes);
  visit("crash_every", s->crash_every);
  visit("cluster_crash_every", s->cluster_crash_every);
  visit("restart_after", s->restart_after);
  visit("quick_restart", s->quick_restart);
  visit("power_cut", s->power_cut);
  visit("recovery_crash", s->recovery_crash);
  visit("pause_every", s->pause_every);
  visit("pause_max", s->pause_max);
  visit("slow_every", s->slow_every);
  visit("transfer_every", s->transfer_every);
  visit("conf_every", s->conf_every);
  visit("hunt", s->hunt);
  visit("hunt_after", s->hunt_after);
  visit("append_bytes", s->append_bytes);
  visit("inflight", s->inflight_appends);
  visit("applying_bytes", s->applying_bytes);
  visit("uncommitted_bytes", s->uncommitted_bytes);
  visit("snapshot_count", s->snapshot_count);
  visit("catch_up", s->catch_up_entries);
  visit("flush_every", s->flush_every);
  visit("apply_mean", s->apply_mean);
  visit("apply_stall", s->apply_stall);
  visit("check_deeply", s->check_deeply);
  visit("operation_every", s->operation_every);
  visit("read_share", s->read_share);
  visit("value_bytes", s->value_bytes_max);
}

template <class T>
bool Parse(std::string_view text, T* value) {
  if constexpr (std::is_same_v<T, bool>) {
    *value = text == "1";
    return text == "0" || text == "1";
  } else {
    return ParseNumber(text, value);
  }
}

bool ParseDrifts(std::string_view text, Swarm* swarm) {
  swarm->drift_ppm.clear();
  for (const std::string_view part : PiecesOf(text, ',')) {
    if (!ParseNumber(part, &swarm->drift_ppm.emplace_back())) return false;
  }
  return true;
}

}  // namespace

std::string Describe(const Swarm& swarm) {
  std::string text;
  VisitFields(&swarm, [&]<class T>(const char* name, const T& value) {
    if (value == T{}) return;  // as it is when left out
    if constexpr (std::is_same_v<T, double>) {
      // With all digits, so that a schedule repeats the run exactly.
      absl::StrAppendFormat(&text, "%s=%.17g ", name, value);
    } else {
      absl::StrAppend(&text, name, "=", value, " ");
    }
  });
  return absl::StrCat(text, "drift=", absl::StrJoin(swarm.drift_ppm, ","));
}

bool SwarmFromText(std::string_view text, Swarm* swarm) {
  *swarm = Swarm{};
  for (const std::string_view word : PiecesOf(text, ' ')) {
    const std::pair<std::string_view, std::string_view> field = SplitOnce(word, '=');
    bool known = field.first == "drift" && ParseDrifts(field.second, swarm);
    VisitFields(swarm, [&]<class T>(const char* name, T& value) {
      if (field.first == name) known = Parse(field.second, &value);
    });
    if (!known) return false;
  }
  return swarm->drift_ppm.size() == kMachinesMax;
}

}  // namespace stele::sim
