// A file that log lines are appended to, and that can be renamed under way.
#pragma once

#include <memory>
#include <mutex>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "spdlog/sinks/base_sink.h"

namespace stele::server {

class LogFile final : public spdlog::sinks::base_sink<std::mutex> {
 public:
  // Makes the file if there is none. The error is one line that names it.
  static absl::StatusOr<std::shared_ptr<LogFile>> Open(const std::string& path);
  ~LogFile() override;

  // Goes on in the file that has the name now. On an error, in the one from before.
  absl::Status Reopen();

 protected:
  void sink_it_(const spdlog::details::log_msg& message) override;
  void flush_() override {}

 private:
  LogFile(std::string path, int fd) : path_(std::move(path)), fd_(fd) {}

  const std::string path_;
  int fd_;  // guarded by the sink's mutex
};

}  // namespace stele::server
