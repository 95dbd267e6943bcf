// check perf and check datascale.
#include <array>
#include <cstdio>
#include <memory>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "src/client/cli/command.h"
#include "src/client/cli/exit_status.h"
#include "src/client/cli/go_text.h"
#include "src/client/cli/http_get.h"
#include "src/client/cli/kv_requests.h"
#include "src/client/cli/load_check.h"
#include "src/client/endpoints.h"

namespace stele::cli {
namespace {

// The loads by name, with etcd's figures, so that results can be compared.
struct NamedLoad {
  std::array<const char*, 4> names;
  int64_t puts_per_second;  // check perf
  int64_t puts;             // check datascale
  int clients;
};
constexpr std::array<NamedLoad, 4> kLoads = {{
    {{"s", "small", "S", "Small"}, 150, 10'000, 50},
    {{"m", "medium", "M", "Medium"}, 1'000, 100'000, 200},
    {{"l", "large", "L", "Large"}, 8'000, 1'000'000, 500},
    {{"xl", "xLarge", "XL", "XLarge"}, 15'000, 3'000'000, 1'000},
}};

constexpr int64_t kValueBytes = 1024;
// What still passes.
constexpr double kThroughputShareMin = 0.9;
constexpr double kSlowestSecondsMax = 0.5;
constexpr double kStddevSecondsMax = 0.1;

struct CheckFlags {
  std::string load = "s";
  std::string prefix;
  bool auto_compact = false;
  bool auto_defrag = false;
  absl::Duration duration = absl::Seconds(60);

  void Register(FlagSet& set) {
    set.Add("auto-compact", &auto_compact, "Compact the history afterwards");
    set.Add("auto-defrag", &auto_defrag, "Defragment the endpoints afterwards");
    set.Add("load", &load, "s(mall), m(edium), l(arge) or xl");
    set.Add("prefix", &prefix, "Of the keys that are written; there must be none before");
  }
};

absl::StatusOr<NamedLoad> LoadNamed(const std::string& name) {
  for (const NamedLoad& load : kLoads) {
    for (const char* known : load.names) {
      if (name == known) return load;
    }
  }
  return Failure(kExitBadFeature, absl::StrCat("unknown load option ", name));
}

absl::Status CheckNoKeys(Session& session, client::Client& client, const std::string& prefix) {
  auto found = client.Get(KeyRange::Prefix(prefix), {.limit = 1});
  if (!found.ok()) return CallFailure(session, found.status());
  if (found->kvs().empty()) return absl::OkStatus();
  return Failure(kExitInvalidInput,
                 absl::StrCat("prefix ", Quote(prefix),
                              " has keys. Delete with stele del --prefix ", prefix, " first"));
}

// Takes away what was written and, as far as asked for, its traces.
absl::Status CleanUp(const CheckFlags& flags, Session& session, client::Client& client) {
  auto deleted = client.Delete(KeyRange::Prefix(flags.prefix));
  if (!deleted.ok()) return CallFailure(session, deleted.status());
  if (flags.auto_compact) {
    etcdserverpb::CompactionRequest request;
    request.set_revision(deleted->header().revision());
    request.set_physical(true);
    Session::Write(absl::StrCat("Compacting with revision ", request.revision(), "\n"));
    auto compacted = client.Compact(request);
    if (!compacted.ok()) return CallFailure(session, compacted.status());
    Session::Write(absl::StrCat("Compacted with revision ", request.revision(), "\n"));
  }
  if (!flags.auto_defrag) return absl::OkStatus();
  for (const std::string& endpoint : session.flags().endpoints) {
    auto one = session.ClientOf(endpoint);
    if (!one.ok()) return one.status();
    Session::Write(absl::StrCat("Defragmenting ", Quote(endpoint), "\n"));
    auto defragmented = (*one)->Defragment();
    if (!defragmented.ok()) return CallFailure(session, defragmented.status());
    Session::Write(absl::StrCat("Defragmented ", Quote(endpoint), "\n"));
  }
  return absl::OkStatus();
}

// Prints one finding; answers whether it is a good one.
bool Report(bool good, const std::string& text) {
  Session::Write(absl::StrCat(good ? "PASS: " : "FAIL: ", text, "\n"));
  return good;
}

bool ReportErrors(const LoadResult& result) {
  for (const auto& [text, count] : result.errors) {
    Report(false, absl::StrCat(count, " puts failed: ", text));
  }
  return result.errors.empty();
}

absl::Status Perf(const CheckFlags& flags, Session& session, const Arguments& /*arguments*/) {
  auto load = LoadNamed(flags.load);
  if (!load.ok()) return load.status();
  auto client = session.client();
  if (!client.ok()) return client.status();
  absl::Status ready = CheckNoKeys(session, **client, flags.prefix);
  if (!ready.ok()) return ready;
  LoadPlan plan;
  plan.prefix = flags.prefix;
  plan.clients = load->clients;
  plan.value_bytes = kValueBytes;
  plan.puts_per_second = static_cast<double>(load->puts_per_second);
  plan.duration = flags.duration;
  LoadResult result;
  {
    Progress progress("writing", static_cast<int64_t>(plan.puts_per_second *
                                                      absl::ToDoubleSeconds(flags.duration)));
    result = RunLoad(**client, plan, progress);
  }
  absl::Status cleaned = CleanUp(flags, session, **client);
  if (!cleaned.ok()) return cleaned;
  bool good = ReportErrors(result);
  const auto throughput = static_cast<int64_t>(result.puts_per_second()) + 1;
  good &= result.puts_per_second() >= plan.puts_per_second * kThroughputShareMin
              ? Report(true, absl::StrCat("Throughput is ", throughput, " writes/s"))
              : Report(false, absl::StrCat("Throughput too low: ", throughput, " writes/s"));
  const bool fast = result.slowest_seconds <= kSlowestSecondsMax;
  good &= Report(fast, absl::StrFormat("Slowest request took %s%fs",
                                       fast ? "" : "too long: ", result.slowest_seconds));
  const bool even = result.stddev_seconds <= kStddevSecondsMax;
  good &= Report(
      even, absl::StrFormat("Stddev %s%fs", even ? "is " : "too high: ", result.stddev_seconds));
  Session::Write(good ? "PASS\n" : "FAIL\n");
  return good ? absl::OkStatus() : Failure(kExitError, "");
}

// The memory of the server's process in bytes, from its metrics.
absl::StatusOr<double> ServerMemory(const Session& session) {
  constexpr char kName[] = "process_resident_memory_bytes ";
  auto endpoint = client::ParseEndpoint(session.flags().endpoints[0]);
  if (!endpoint.ok()) return Failure(kExitBadArguments, std::string(endpoint.status().message()));
  auto metrics = HttpGet(endpoint->authority, "/metrics", session.flags().command_timeout);
  if (!metrics.ok()) return Failure(kExitError, std::string(metrics.status().message()));
  for (absl::string_view line : absl::StrSplit(*metrics, '\n')) {
    double bytes = 0;
    if (absl::ConsumePrefix(&line, kName) && absl::SimpleAtod(line, &bytes)) return bytes;
  }
  return Failure(kExitError,
                 absl::StrCat("the metrics of ", endpoint->text, " do not tell its memory"));
}

absl::Status DataScale(const CheckFlags& flags, Session& session, const Arguments& /*arguments*/) {
  auto load = LoadNamed(flags.load);
  if (!load.ok()) return load.status();
  // Memory is one process's: only the first endpoint counts.
  auto client = session.ClientOf(session.flags().endpoints[0]);
  if (!client.ok()) return Failure(kExitBadArguments, std::string(client.status().message()));
  absl::Status ready = CheckNoKeys(session, **client, flags.prefix);
  if (!ready.ok()) return ready;
  const auto before = ServerMemory(session);
  if (!before.ok()) return before.status();
  Session::Write(absl::StrFormat(
      "Start data scale check for work load [%d key-value pairs, %d bytes per key-value, %d "
      "concurrent clients].\n",
      load->puts, kValueBytes, load->clients));
  LoadPlan plan;
  plan.prefix = flags.prefix;
  plan.clients = load->clients;
  plan.value_bytes = kValueBytes;
  plan.puts_max = load->puts;
  LoadResult result;
  {
    Progress progress("writing", plan.puts_max);
    result = RunLoad(**client, plan, progress);
  }
  const auto after = ServerMemory(session);
  if (!after.ok()) return after.status();
  absl::Status cleaned = CleanUp(flags, session, **client);
  if (!cleaned.ok()) return cleaned;
  if (!ReportErrors(result)) return Failure(kExitError, "");
  constexpr double kMegabyte = 1024 * 1024;
  Report(true, absl::StrFormat("Approximate system memory used : %.2f MB.",
                               std::max(*after - *before, 0.0) / kMegabyte));
  return absl::OkStatus();
}

Runner Prepare(FlagSet& set, const char* prefix, bool has_duration,
               absl::Status (*run)(const CheckFlags&, Session&, const Arguments&)) {
  auto flags = std::make_shared<CheckFlags>();
  flags->prefix = prefix;
  flags->Register(set);
  if (has_duration) set.Add("duration", &flags->duration, "For how long to write");
  return [flags, run](Session& session, const Arguments& arguments) {
    return run(*flags, session, arguments);
  };
}

}  // namespace

std::vector<Command> CheckCommands() {
  return {
      {"check perf", "", "Writes for a minute and says whether the cluster is fast enough",
       "  stele check perf --load=m           1000 writes a second from 200 clients\n"
       "  stele check perf --duration=10s     a quick look\n"
       "\n"
       "Fails with exit code 1 below 90% of the load's writes (s 150, m 1000, l 8000, xl 15000 a\n"
       "second), or when a write takes more than 0.5 s or they differ by more than 0.1 s.\n",
       [](FlagSet& set) { return Prepare(set, "/etcdctl-check-perf/", true, Perf); }},
      {"check datascale", "", "Writes many keys and says how much memory the server took for them",
       "  stele check datascale --load=m      100,000 keys of 1 KiB; the first endpoint counts\n",
       [](FlagSet& set) { return Prepare(set, "/etcdctl-check-datascale/", false, DataScale); }},
  };
}

}  // namespace stele::cli
