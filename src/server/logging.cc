#include "src/server/logging.h"

#include <unistd.h>

#include <memory>

#include "spdlog/async.h"
#include "spdlog/pattern_formatter.h"
#include "spdlog/sinks/stdout_sinks.h"
#include "spdlog/spdlog.h"

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

}  // namespace

void StartLogging(const std::string& level) {
  spdlog::init_thread_pool(kQueuedLines, 1);
  auto logger = std::make_shared<spdlog::async_logger>(
      "stele", std::make_shared<spdlog::sinks::stderr_sink_mt>(), spdlog::thread_pool(),
      spdlog::async_overflow_policy::overrun_oldest);
  auto formatter = std::make_unique<spdlog::pattern_formatter>();
  if (isatty(STDERR_FILENO) != 0) {
    formatter->set_pattern("%H:%M:%S.%e %^%-5l%$ %v");
  } else {
    formatter->add_flag<JsonMessageFlag>('*').set_pattern(
        R"({"level":"%l","ts":"%Y-%m-%dT%H:%M:%S.%e%z","msg":"%*"})");
  }
  logger->set_formatter(std::move(formatter));
  logger->set_level(ToLevel(level));
  logger->flush_on(spdlog::level::info);
  spdlog::set_default_logger(std::move(logger));
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
