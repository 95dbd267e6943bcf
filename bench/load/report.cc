#include "bench/load/report.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "fmt/format.h"

namespace stele::load {
namespace {

using Json = nlohmann::ordered_json;

double PerSecond(std::uint64_t count, absl::Duration elapsed) {
  const double seconds = absl::ToDoubleSeconds(elapsed);
  return seconds > 0 ? static_cast<double>(count) / seconds : 0;
}

double UsForEach(absl::Duration cpu, std::uint64_t count) {
  return count == 0 ? 0 : absl::ToDoubleMicroseconds(cpu) / static_cast<double>(count);
}

// Failed operations cost CPU too, so they share the bill.
double UsPerOperation(absl::Duration cpu, const RunResult& result) {
  return UsForEach(cpu, result.succeeded() + result.errors.total());
}

double BytesPerOperation(const RunResult& result) {
  const std::uint64_t ok = result.succeeded();
  return ok == 0 ? 0 : static_cast<double>(result.response_bytes) / static_cast<double>(ok);
}

double Microseconds(double nanoseconds) { return nanoseconds / 1000; }

Json LatencyJson(const LatencyHistogram& latency) {
  const auto us = [&latency](double quantile) {
    return Microseconds(static_cast<double>(latency.QuantileNs(quantile)));
  };
  return {{"mean_us", Microseconds(latency.mean_ns())},
          {"p50_us", us(0.5)},
          {"p90_us", us(0.9)},
          {"p99_us", us(0.99)},
          {"p999_us", us(0.999)},
          {"max_us", Microseconds(static_cast<double>(latency.max_ns()))}};
}

// Enough points to draw the distribution, with the tail as detailed as the middle.
Json DistributionJson(const LatencyHistogram& latency) {
  static constexpr std::array<double, 27> kPercents = {
      0,  1,  5,  10, 20, 30, 40,   50,   60,   70,   75,    80,    85, 90,
      92, 94, 95, 96, 97, 98, 98.5, 99.0, 99.5, 99.9, 99.95, 99.99, 100};
  Json points = Json::array();
  for (const double percent : kPercents) {
    points.push_back(
        {percent, Microseconds(static_cast<double>(latency.QuantileNs(percent / 100)))});
  }
  return points;
}

std::string TableRow(const OperationResult& operation, absl::Duration elapsed) {
  const LatencyHistogram& latency = operation.latency;
  const auto quantile = [&latency](double q) {
    return FormatLatency(static_cast<double>(latency.QuantileNs(q)));
  };
  return fmt::format("{:<9} {:10} {:10.0f} {:>12} {:>12} {:>12} {:>12} {:>12}\n", operation.name,
                     latency.count(), PerSecond(latency.count(), elapsed),
                     FormatLatency(latency.mean_ns()), quantile(0.5), quantile(0.99),
                     quantile(0.999), FormatLatency(static_cast<double>(latency.max_ns())));
}

}  // namespace

std::string FormatLatency(double nanoseconds) {
  const double us = Microseconds(nanoseconds);
  return us < 1000 ? fmt::format("{:.0f} us", us) : fmt::format("{:.3f} ms", us / 1000);
}

std::string FormatTable(const Options& options, const RunResult& result) {
  std::string text = fmt::format(
      "{}: {} clients on {} connections, {} thread(s), {}, {:.2f} s\n\n", options.workload,
      options.clients, options.conns, options.threads,
      options.rate > 0 ? fmt::format("open loop at {:.0f}/s", options.rate) : "closed loop",
      absl::ToDoubleSeconds(result.elapsed));
  text += fmt::format("{:<9} {:>10} {:>10} {:>12} {:>12} {:>12} {:>12} {:>12}\n", "", "ok", "ok/s",
                      "mean", "p50", "p99", "p99.9", "max");
  for (const OperationResult& operation : result.operations) {
    text += TableRow(operation, result.elapsed);
  }
  text += fmt::format("\nerrors   {:10}\n", result.errors.total());
  for (const auto& [kind, times] : result.errors.by_kind()) {
    text += fmt::format("  {:10}  {}\n", times, kind);
  }
  text += fmt::format("own CPU  {:.2f} us an operation ({:.2f} s user, {:.2f} s system)\n",
                      UsPerOperation(result.own_cpu.total(), result),
                      absl::ToDoubleSeconds(result.own_cpu.user),
                      absl::ToDoubleSeconds(result.own_cpu.system));
  if (!options.server_pids.empty()) {
    text += fmt::format("servers  {:.2f} us an operation ({:.2f} s)\n",
                        UsPerOperation(result.server_cpu, result),
                        absl::ToDoubleSeconds(result.server_cpu));
  }
  text += fmt::format("answers  {:.0f} bytes an operation\n", BytesPerOperation(result));
  if (result.events > 0) {
    text += fmt::format("events   {:10} {:10.0f}/s, own CPU {:.2f} us an event\n", result.events,
                        PerSecond(result.events, result.elapsed),
                        UsForEach(result.own_cpu.total(), result.events));
  }
  if (result.preparation > absl::ZeroDuration()) {
    text += fmt::format("prepared in {:.2f} s\n", absl::ToDoubleSeconds(result.preparation));
  }
  if (!result.given_up.empty()) text += "GIVEN UP: " + result.given_up + "\n";
  return text;
}

std::string FormatJson(const Options& options, const RunResult& result) {
  Json operations = Json::object();
  for (const OperationResult& operation : result.operations) {
    Json row = {{"ok", operation.latency.count()},
                {"ok_per_s", PerSecond(operation.latency.count(), result.elapsed)}};
    row.update(LatencyJson(operation.latency));
    row["percent_us"] = DistributionJson(operation.latency);
    operations[operation.name] = std::move(row);
  }
  Json errors = Json::object();
  for (const auto& [kind, times] : result.errors.by_kind()) errors[kind] = times;
  const Json json = {
      {"workload", options.workload},
      {"endpoints", result.endpoints},
      {"conns", options.conns},
      {"clients", options.clients},
      {"threads", options.threads},
      {"rate_per_s", options.rate},
      {"key_space", options.key_space},
      {"key_size", options.key_size},
      {"value_size", options.value_size},
      {"preparation_s", absl::ToDoubleSeconds(result.preparation)},
      {"elapsed_s", absl::ToDoubleSeconds(result.elapsed)},
      {"ok", result.succeeded()},
      {"ok_per_s", PerSecond(result.succeeded(), result.elapsed)},
      {"errors", result.errors.total()},
      {"errors_by_kind", std::move(errors)},
      {"response_bytes", result.response_bytes},
      {"events", result.events},
      {"events_per_s", PerSecond(result.events, result.elapsed)},
      {"longest_gap_s", absl::ToDoubleSeconds(result.longest_gap)},
      {"longest_gap_begin_s", static_cast<double>(result.longest_gap_begin_ns) / 1e9},
      {"own_cpu_s", absl::ToDoubleSeconds(result.own_cpu.total())},
      {"own_cpu_user_s", absl::ToDoubleSeconds(result.own_cpu.user)},
      {"own_cpu_us_per_event", UsForEach(result.own_cpu.total(), result.events)},
      {"server_cpu_us_per_event", UsForEach(result.server_cpu, result.events)},
      {"own_cpu_us_per_operation", UsPerOperation(result.own_cpu.total(), result)},
      {"server_cpu_s", absl::ToDoubleSeconds(result.server_cpu)},
      {"server_cpu_us_per_operation", UsPerOperation(result.server_cpu, result)},
      {"given_up", result.given_up},
      {"operations", std::move(operations)},
  };
  // Texts come from a server; what is not UTF-8 in them is replaced.
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

std::string FormatProgress(const Progress& progress) {
  return fmt::format("{}{}{:6.1f} s  {} done  {:.0f}/s  {} errors", progress.phase,
                     progress.phase.empty() ? "" : " ", absl::ToDoubleSeconds(progress.elapsed),
                     progress.completed, PerSecond(progress.completed, progress.elapsed),
                     progress.failed);
}

}  // namespace stele::load
