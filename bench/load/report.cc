#include "bench/load/report.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "fmt/format.h"

namespace stele::load {
namespace {

using Json = nlohmann::ordered_json;

double PerSecond(std::uint64_t count, absl::Duration elapsed) {
  const double seconds = absl::ToDoubleSeconds(elapsed);
  return seconds > 0 ? static_cast<double>(count) / seconds : 0;
}

// Failed operations cost CPU too, so they share the bill.
double CpuUsPerOperation(const RunResult& result) {
  const std::uint64_t all = result.succeeded() + result.errors.total();
  return all == 0 ? 0 : absl::ToDoubleMicroseconds(result.own_cpu) / static_cast<double>(all);
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

std::string TableRow(const OperationResult& operation, absl::Duration elapsed) {
  const LatencyHistogram& latency = operation.latency;
  const auto quantile = [&latency](double q) {
    return FormatLatency(static_cast<double>(latency.QuantileNs(q)));
  };
  return fmt::format("{:<8} {:10} {:10.0f} {:>12} {:>12} {:>12} {:>12} {:>12}\n", operation.name,
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
  text += fmt::format("{:<8} {:>10} {:>10} {:>12} {:>12} {:>12} {:>12} {:>12}\n", "", "ok", "ok/s",
                      "mean", "p50", "p99", "p99.9", "max");
  for (const OperationResult& operation : result.operations) {
    text += TableRow(operation, result.elapsed);
  }
  text += fmt::format("\nerrors   {:10}\n", result.errors.total());
  for (const auto& [kind, times] : result.errors.by_kind()) {
    text += fmt::format("  {:10}  {}\n", times, kind);
  }
  text += fmt::format("own CPU  {:.2f} us an operation\n", CpuUsPerOperation(result));
  if (!result.given_up.empty()) text += "GIVEN UP: " + result.given_up + "\n";
  return text;
}

std::string FormatJson(const Options& options, const RunResult& result) {
  Json operations = Json::object();
  for (const OperationResult& operation : result.operations) {
    Json row = {{"ok", operation.latency.count()},
                {"ok_per_s", PerSecond(operation.latency.count(), result.elapsed)}};
    row.update(LatencyJson(operation.latency));
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
      {"elapsed_s", absl::ToDoubleSeconds(result.elapsed)},
      {"ok", result.succeeded()},
      {"ok_per_s", PerSecond(result.succeeded(), result.elapsed)},
      {"errors", result.errors.total()},
      {"errors_by_kind", std::move(errors)},
      {"response_bytes", result.response_bytes},
      {"own_cpu_s", absl::ToDoubleSeconds(result.own_cpu)},
      {"own_cpu_us_per_operation", CpuUsPerOperation(result)},
      {"given_up", result.given_up},
      {"operations", std::move(operations)},
  };
  // Texts come from a server; what is not UTF-8 in them is replaced.
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

std::string FormatProgress(const Progress& progress) {
  return fmt::format("{:6.1f} s  {} done  {:.0f}/s  {} errors",
                     absl::ToDoubleSeconds(progress.elapsed), progress.completed,
                     PerSecond(progress.completed, progress.elapsed), progress.failed);
}

}  // namespace stele::load
