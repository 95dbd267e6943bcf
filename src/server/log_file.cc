#include "src/server/log_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <utility>

#include "fmt/format.h"

namespace stele::server {
namespace {

constexpr mode_t kOwnerOnly = 0600;

absl::StatusOr<int> OpenToAppend(const std::string& path) {
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, kOwnerOnly);
  if (fd >= 0) return fd;
  return absl::FailedPreconditionError(
      fmt::format("cannot open {}: {}", path, std::generic_category().message(errno)));
}

}  // namespace

absl::StatusOr<std::shared_ptr<LogFile>> LogFile::Open(const std::string& path) {
  absl::StatusOr<int> fd = OpenToAppend(path);
  if (!fd.ok()) return fd.status();
  return std::shared_ptr<LogFile>(new LogFile(path, *fd));
}

LogFile::~LogFile() { ::close(fd_); }

absl::Status LogFile::Reopen() {
  absl::StatusOr<int> fd = OpenToAppend(path_);
  if (!fd.ok()) return fd.status();
  const std::lock_guard<std::mutex> lock(mutex_);
  ::close(std::exchange(fd_, *fd));
  return absl::OkStatus();
}

// A line is one write, so that several processes can share a file. What a full disk cuts off is
// lost: the daemon does not wait for its log.
void LogFile::sink_it_(const spdlog::details::log_msg& message) {
  spdlog::memory_buf_t line;
  formatter_->format(message, line);
  [[maybe_unused]] const ssize_t written = ::write(fd_, line.data(), line.size());
}

}  // namespace stele::server
