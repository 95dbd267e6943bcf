#include "src/storage/posix_file_system.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <filesystem>
#include <limits>
#include <span>
#include <string_view>
#include <system_error>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

namespace stele::storage {
namespace {

constexpr mode_t kFileMode = 0600;
constexpr mode_t kDirMode = 0700;

absl::Status ErrorFor(int error, const char* action, const std::string& path) {
  const std::string message =
      absl::StrCat("cannot ", action, " ", path, ": ", std::system_category().message(error));
  switch (error) {
    case ENOENT:
      return absl::NotFoundError(message);
    case ENOSPC:
    case EDQUOT:
    case EMFILE:
    case ENFILE:
      return absl::ResourceExhaustedError(message);
    case EACCES:
    case EPERM:
      return absl::PermissionDeniedError(message);
    case EROFS:
    case ELOOP:
    case ENOTDIR:
    case EISDIR:
    case ENOTEMPTY:
      return absl::FailedPreconditionError(message);
    case EIO:
      return absl::DataLossError(message);
    default:
      return absl::InternalError(message);
  }
}

absl::Status LastError(const char* action, const std::string& path) {
  return ErrorFor(errno, action, path);
}

// Repeats a system call that a signal interrupted.
template <class Call>
auto Uninterrupted(Call call) {
  auto result = call();
  while (result == -1 && errno == EINTR) result = call();
  return result;
}

absl::StatusOr<off_t> ToOffset(std::uint64_t offset, const std::string& path) {
  if (offset > static_cast<std::uint64_t>(std::numeric_limits<off_t>::max())) {
    return absl::InvalidArgumentError(absl::StrCat("offset ", offset, " is too large for ", path));
  }
  return static_cast<off_t>(offset);
}

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  Descriptor& operator=(Descriptor&&) = delete;
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);  // on Linux the descriptor is gone whatever close returns
  }

  int get() const { return fd_; }

 private:
  int fd_;
};

absl::StatusOr<Descriptor> OpenDescriptor(const std::string& path, int flags, const char* action) {
  const int fd = Uninterrupted(
      [&] { return ::open(path.c_str(), flags | O_CLOEXEC | O_NOFOLLOW, kFileMode); });
  if (fd < 0) return LastError(action, path);
  return Descriptor(fd);
}

absl::StatusOr<std::string> ReadDescriptor(const Descriptor& fd, const std::string& path,
                                           off_t offset, std::size_t size) {
  std::string bytes(size, '\0');
  std::size_t filled = 0;
  while (filled < bytes.size()) {
    const ssize_t count = Uninterrupted([&] {
      return ::pread(fd.get(), bytes.data() + filled, bytes.size() - filled,
                     offset + static_cast<off_t>(filled));
    });
    if (count < 0) return LastError("read", path);
    if (count == 0) break;  // the end, or somebody shortened the file meanwhile
    filled += static_cast<std::size_t>(count);
  }
  bytes.resize(filled);
  return bytes;
}

class PosixWritableFile final : public WritableFile {
 public:
  PosixWritableFile(Descriptor fd, std::string path) : fd_(std::move(fd)), path_(std::move(path)) {}

  absl::Status WriteAt(std::uint64_t offset, std::span<const std::byte> bytes) override {
    while (!bytes.empty()) {
      absl::StatusOr<off_t> at = ToOffset(offset, path_);
      if (!at.ok()) return at.status();
      const ssize_t written =
          Uninterrupted([&] { return ::pwrite(fd_.get(), bytes.data(), bytes.size(), *at); });
      if (written < 0) return LastError("write", path_);
      // POSIX lets a write make no progress; repeating it for ever would hide a sick disk.
      if (written == 0) return ErrorFor(EIO, "write", path_);
      offset += static_cast<std::uint64_t>(written);
      bytes = bytes.subspan(static_cast<std::size_t>(written));
    }
    return absl::OkStatus();
  }

  absl::Status Sync() override {
    // Not repeated on any error but EINTR: after a failed fdatasync the kernel has dropped the
    // pages and a second call would succeed without writing them.
    if (Uninterrupted([&] { return ::fdatasync(fd_.get()); }) != 0) return LastError("sync", path_);
    return absl::OkStatus();
  }

  absl::Status Truncate(std::uint64_t size) override {
    absl::StatusOr<off_t> length = ToOffset(size, path_);
    if (!length.ok()) return length.status();
    if (Uninterrupted([&] { return ::ftruncate(fd_.get(), *length); }) != 0) {
      return LastError("resize", path_);
    }
    return absl::OkStatus();
  }

  absl::Status Allocate(std::uint64_t size) override {
    absl::StatusOr<off_t> length = ToOffset(size, path_);
    if (!length.ok()) return length.status();
    if (*length == 0) return absl::OkStatus();
    if (Uninterrupted([&] { return ::fallocate(fd_.get(), 0, 0, *length); }) == 0) {
      return absl::OkStatus();
    }
    if (errno != EOPNOTSUPP) return LastError("allocate space for", path_);
    // The file system cannot reserve space; the size alone must do.
    struct stat state {};
    if (::fstat(fd_.get(), &state) != 0) return LastError("inspect", path_);
    return state.st_size >= *length ? absl::OkStatus() : Truncate(size);
  }

 private:
  Descriptor fd_;
  const std::string path_;
};

// The lock goes with the descriptor. The file stays: removing it would let two processes lock two
// different files of the same name.
class PosixFileLock final : public FileLock {
 public:
  explicit PosixFileLock(Descriptor fd) : fd_(std::move(fd)) {}

 private:
  Descriptor fd_;
};

std::string HolderOf(int fd) {
  char text[32];
  const ssize_t length = Uninterrupted([&] { return ::pread(fd, text, sizeof(text), 0); });
  int pid = 0;
  if (length <= 0 || !absl::SimpleAtoi({text, static_cast<std::size_t>(length)}, &pid)) return "";
  return absl::StrCat("pid ", pid);
}

}  // namespace

absl::StatusOr<std::unique_ptr<WritableFile>> PosixFileSystem::OpenForWrite(
    const std::string& path) {
  absl::StatusOr<Descriptor> fd = OpenDescriptor(path, O_WRONLY | O_CREAT, "open");
  if (!fd.ok()) return fd.status();
  return std::make_unique<PosixWritableFile>(*std::move(fd), path);
}

absl::StatusOr<std::string> PosixFileSystem::ReadAll(const std::string& path) {
  absl::StatusOr<Descriptor> fd = OpenDescriptor(path, O_RDONLY, "open");
  if (!fd.ok()) return fd.status();
  struct stat state {};
  if (::fstat(fd->get(), &state) != 0) return LastError("inspect", path);
  return ReadDescriptor(*fd, path, 0, static_cast<std::size_t>(state.st_size));
}

absl::StatusOr<std::string> PosixFileSystem::ReadAt(const std::string& path, std::uint64_t offset,
                                                    std::uint64_t size) {
  absl::StatusOr<Descriptor> fd = OpenDescriptor(path, O_RDONLY, "open");
  if (!fd.ok()) return fd.status();
  absl::StatusOr<off_t> at = ToOffset(offset, path);
  if (!at.ok()) return at.status();
  return ReadDescriptor(*fd, path, *at, static_cast<std::size_t>(size));
}

absl::StatusOr<std::string> PosixFileSystem::ReadFromDisk(const std::string& path,
                                                          std::uint64_t offset,
                                                          std::uint64_t size) {
  absl::StatusOr<Descriptor> fd = OpenDescriptor(path, O_RDONLY, "open");
  if (!fd.ok()) return fd.status();
  absl::StatusOr<off_t> at = ToOffset(offset, path);
  if (!at.ok()) return at.status();
  // Only a wish: pages that are dirty or mapped stay.
  (void)::posix_fadvise(fd->get(), *at, static_cast<off_t>(size), POSIX_FADV_DONTNEED);
  return ReadDescriptor(*fd, path, *at, static_cast<std::size_t>(size));
}

absl::StatusOr<std::uint64_t> PosixFileSystem::FileSize(const std::string& path) {
  struct stat state {};
  if (::lstat(path.c_str(), &state) != 0) return LastError("inspect", path);
  return static_cast<std::uint64_t>(state.st_size);
}

bool PosixFileSystem::Exists(const std::string& path) {
  struct stat state {};
  // Anything but a clear "no" counts as there, so that an unreadable log is never made anew.
  return ::lstat(path.c_str(), &state) == 0 || (errno != ENOENT && errno != ENOTDIR);
}

absl::StatusOr<std::vector<std::string>> PosixFileSystem::List(const std::string& dir) {
  const std::unique_ptr<DIR, int (*)(DIR*)> handle(::opendir(dir.c_str()), &::closedir);
  if (handle == nullptr) return LastError("list", dir);
  std::vector<std::string> names;
  for (;;) {
    errno = 0;
    const dirent* entry = ::readdir(handle.get());  // NOLINT(concurrency-mt-unsafe): own handle
    if (entry == nullptr) break;
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") names.emplace_back(name);
  }
  if (errno != 0) return LastError("list", dir);
  std::sort(names.begin(), names.end());
  return names;
}

absl::Status PosixFileSystem::CreateDir(const std::string& dir) {
  if (::mkdir(dir.c_str(), kDirMode) == 0) return absl::OkStatus();
  if (errno != EEXIST) return LastError("create directory", dir);
  struct stat state {};
  if (::stat(dir.c_str(), &state) != 0) return LastError("inspect", dir);
  return S_ISDIR(state.st_mode) ? absl::OkStatus() : ErrorFor(ENOTDIR, "create directory", dir);
}

absl::Status PosixFileSystem::Rename(const std::string& from, const std::string& to) {
  if (::rename(from.c_str(), to.c_str()) != 0) return LastError("rename", from);
  return absl::OkStatus();
}

absl::Status PosixFileSystem::Remove(const std::string& path) {
  if (::remove(path.c_str()) != 0) return LastError("remove", path);
  return absl::OkStatus();
}

absl::Status PosixFileSystem::RemoveTree(const std::string& dir) {
  std::error_code error;
  std::filesystem::remove_all(dir, error);
  return error ? ErrorFor(error.value(), "remove", dir) : absl::OkStatus();
}

absl::Status PosixFileSystem::SyncDir(const std::string& dir) {
  absl::StatusOr<Descriptor> fd = OpenDescriptor(dir, O_RDONLY | O_DIRECTORY, "open");
  if (!fd.ok()) return fd.status();
  if (Uninterrupted([&] { return ::fsync(fd->get()); }) != 0) return LastError("sync", dir);
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<FileLock>> PosixFileSystem::Lock(const std::string& path) {
  absl::StatusOr<Descriptor> fd = OpenDescriptor(path, O_RDWR | O_CREAT, "open");
  if (!fd.ok()) return fd.status();
  if (Uninterrupted([&] { return ::flock(fd->get(), LOCK_EX | LOCK_NB); }) != 0) {
    if (errno != EWOULDBLOCK) return LastError("lock", path);
    const std::string holder = HolderOf(fd->get());
    return absl::FailedPreconditionError(absl::StrCat("data dir is used by ",
                                                      holder.empty() ? "another process" : holder,
                                                      " (", path, " is locked)"));
  }
  // The pid is for people; the lock itself is the kernel's. A full disk must not stop a start.
  const std::string pid = absl::StrCat(::getpid(), "\n");
  if (::ftruncate(fd->get(), 0) == 0) {
    [[maybe_unused]] const ssize_t written = ::pwrite(fd->get(), pid.data(), pid.size(), 0);
  }
  return std::make_unique<PosixFileLock>(*std::move(fd));
}

}  // namespace stele::storage
