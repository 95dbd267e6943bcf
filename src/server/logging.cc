#include "src/server/logging.h"

#include <unistd.h>

#include <memory>

#include "spdlog/async.h"
#include "spdlog/pattern_formatter.h"
#include "spdlog/sinks/stdout_sinks.h"
#include "spdlog/spdlog.h"
#include "src/server/log_file.h"

namespace stele::server {
namespace {

constexpr std::size_t kQueuedLines = 8192;

spdlog::level::level_enum ToLevel(const std::string& level) {
  if (level == "debug") return spdlog::level::debug;
  if (level == "warn") return spdlog::level::warn;
  if (level == "error") return spdlog::level::err;
  if (level == "panic" || level == "fatal") return spdlog::level::critical;
  return spdlog::level::info;
}

// Escapes what would break out of a JSON string.
class JsonMessageFlag final : public spdlog::custom_flag_formatter {
 public:
  void format(const spdlog::details::log_msg& message, const std::tm&,
              spdlog::memory_buf_t& out) override {
    for (const char c : message.payload) {
      if (c == '"' || c == '\\') {
        out.push_back('\\');
        out.push_back(c);
      } else if (static_cast<unsigned char>(c) < 0x20) {
        fmt::format_to(std::back_inserter(out), "\\u{:04x}", static_cast<unsigned>(c));
      } else {
        out.push_back(c);
      }
    }
  }
  std::unique_ptr<custom_flag_formatter> clone() const override {
    return std::make_unique<JsonMessageFlag>();
  }
};

std::unique_ptr<spdlog::formatter> MakeFormatter(bool plain) {
  auto formatter = std::make_unique<spdlog::pattern_formatter>();
  if (plain) {
    formatter->set_pattern("%H:%M:%S.%e %^%-5l%$ %v");
  } else {
    formatter->add_flag<JsonMessageFlag>('*').set_pattern(
        R"({"level":"%l","ts":"%Y-%m-%dT%H:%M:%S.%e%z","msg":"%*"})");
  }
  return formatter;
}

bool IsStandardError(const std::string& output) {
  return output == "default" || output == "stderr" || output == "systemd/journal";
}

// The files among the outputs, for ReopenLogs. Written once, before other threads log.
std::vector<std::shared_ptr<LogFile>>& Files() {
  static std::vector<std::shared_ptr<LogFile>> files;
  return files;
}

absl::StatusOr<spdlog::sink_ptr> MakeSink(const std::string& output) {
  if (IsStandardError(output)) return std::make_shared<spdlog::sinks::stderr_sink_mt>();
  if (output == "stdout") return std::make_shared<spdlog::sinks::stdout_sink_mt>();
  absl::StatusOr<std::shared_ptr<LogFile>> file = LogFile::Open(output);
  if (!file.ok()) return file.status();
  Files().push_back(*file);
  return *std::move(file);
}

bool IsPlain(const LogOptions& options, const std::string& output) {
  if (options.format_given) return options.format == "console";
  const int fd = output == "stdout" ? STDOUT_FILENO : STDERR_FILENO;
  return (IsStandardError(output) || output == "stdout") && isatty(fd) != 0;
}

}  // namespace

absl::Status StartLogging(const LogOptions& options) {
  std::vector<spdlog::sink_ptr> sinks;
  for (const std::string& output : options.outputs) {
    absl::StatusOr<spdlog::sink_ptr> sink = MakeSink(output);
    if (!sink.ok()) return sink.status();
    (*sink)->set_formatter(MakeFormatter(IsPlain(options, output)));
    sinks.push_back(*std::move(sink));
  }
  spdlog::init_thread_pool(kQueuedLines, 1);
  auto logger = std::make_shared<spdlog::async_logger>(
      "stele", sinks.begin(), sinks.end(), spdlog::thread_pool(),
      spdlog::async_overflow_policy::overrun_oldest);
  logger->set_level(ToLevel(options.level));
  logger->flush_on(spdlog::level::info);
  spdlog::set_default_logger(std::move(logger));
  return absl::OkStatus();
}

void ReopenLogs() {
  for (const std::shared_ptr<LogFile>& file : Files()) {
    const absl::Status status = file->Reopen();
    if (!status.ok()) spdlog::error("the log goes on as before: {}", std::string(status.message()));
  }
  spdlog::info("log files are open anew");
}

void StopLogging() {
  // Other threads may be about to use the logger, so it must stay; what it says is dropped. The
  // thread pool writes what is queued before it goes.
  static std::shared_ptr<spdlog::logger> kept;
  kept = spdlog::default_logger();
  kept->set_level(spdlog::level::off);
  spdlog::details::registry::instance().set_tp(nullptr);
}

}  // namespace stele::server
