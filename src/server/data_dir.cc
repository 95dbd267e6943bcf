#include "src/server/data_dir.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "fmt/format.h"

namespace stele::server {
namespace {

absl::Status CheckPath(const std::string& path) {
  struct stat facts {};
  if (lstat(path.c_str(), &facts) != 0) {
    if (errno == ENOENT) return absl::OkStatus();
    return absl::InvalidArgumentError(
        fmt::format("data directory {}: {}", path, std::strerror(errno)));
  }
  if (S_ISLNK(facts.st_mode)) {
    return absl::InvalidArgumentError(
        fmt::format("data directory {}: is a symbolic link; name its target", path));
  }
  if (!S_ISDIR(facts.st_mode)) {
    return absl::InvalidArgumentError(fmt::format("data directory {}: is not a directory", path));
  }
  if (facts.st_uid != geteuid()) {
    return absl::InvalidArgumentError(
        fmt::format("data directory {}: belongs to user {}, not to {}, who runs this process", path,
                    facts.st_uid, geteuid()));
  }
  if ((facts.st_mode & 077) != 0 && chmod(path.c_str(), 0700) != 0) {
    return absl::InvalidArgumentError(
        fmt::format("data directory {}: is open to others and cannot be closed: {}", path,
                    std::strerror(errno)));
  }
  return absl::OkStatus();
}

absl::Status Explain(const std::string& path, const absl::Status& status) {
  return absl::Status(status.code(),
                      fmt::format("data directory {}: {}", path, std::string(status.message())));
}

}  // namespace

absl::StatusOr<std::unique_ptr<DataDir>> DataDir::Open(storage::FileSystem* fs,
                                                       const std::string& path) {
  if (absl::Status status = CheckPath(path); !status.ok()) return status;
  std::unique_ptr<DataDir> data_dir(new DataDir(fs, path));
  if (absl::Status status = fs->CreateDir(path); !status.ok()) return Explain(path, status);
  if (fs->Exists(path + "/member/snap")) {
    return absl::FailedPreconditionError(fmt::format(
        "data directory {}: holds the data of an etcd server, which steled cannot read; "
        "choose another --data-dir",
        path));
  }
  absl::StatusOr<std::unique_ptr<storage::FileLock>> lock = fs->Lock(path + "/LOCK");
  if (!lock.ok()) return Explain(path, lock.status());
  data_dir->lock_ = *std::move(lock);
  absl::Status status = fs->CreateDir(path + "/member");
  if (status.ok()) status = fs->SyncDir(path);
  if (!status.ok()) return Explain(path, status);
  return data_dir;
}

bool DataDir::HasLog() const { return fs_->Exists(wal()); }

}  // namespace stele::server
