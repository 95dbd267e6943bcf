#include "src/server/disk_space.h"

#include <sys/statvfs.h>

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"
#include "spdlog/spdlog.h"

namespace stele::server {
namespace {

constexpr absl::Duration kLookInterval = absl::Milliseconds(100);
// Without a reserve, the same limits as with one of this size.
constexpr std::uint64_t kUsualReserve = std::uint64_t{64} << 20U;
constexpr std::uint64_t kShareOfDisk = 8;

const char* NameOf(DiskSpace::Level level) {
  switch (level) {
    case DiskSpace::Level::kEnough:
      return "there is enough space on the disk again: writes are taken";
    case DiskSpace::Level::kShort:
      return "the disk is nearly full: writes that need space are refused until there is more";
    case DiskSpace::Level::kExhausted:
      return "the disk is full and the reserve used up: no write is taken until there is space";
  }
  return "";
}

}  // namespace

absl::StatusOr<DiskSize> MeasureDisk(const std::string& path) {
  struct statvfs facts {};
  if (statvfs(path.c_str(), &facts) != 0) {
    return absl::InternalError(absl::StrCat("cannot measure the disk of ", path, ": ",
                                            std::system_category().message(errno)));
  }
  return DiskSize{std::uint64_t{facts.f_blocks} * facts.f_frsize,
                  std::uint64_t{facts.f_bavail} * facts.f_frsize};
}

DiskSpace::DiskSpace(Options options, storage::FileSystem* fs, Measure measure)
    : options_(std::move(options)), fs_(fs), measure_(std::move(measure)) {}

bool DiskSpace::RunOnce() {
  // A disk that cannot even be measured shows by other errors.
  if (const absl::StatusOr<DiskSize> size = measure_(); size.ok()) Look(*size);
  return false;
}

absl::Duration DiskSpace::IdleTime() { return kLookInterval; }

void DiskSpace::Look(const DiskSize& size) {
  std::uint64_t available = size.available;
  reserve_bytes_ = std::min(options_.reserve_bytes, size.total / kShareOfDisk);
  const std::uint64_t usual = options_.reserve_bytes > 0
                                  ? reserve_bytes_
                                  : std::min(kUsualReserve, size.total / kShareOfDisk);
  if (!held_ && options_.reserve_bytes > 0) {
    const auto there = fs_->FileSize(options_.reserve_path);
    held_ = there.ok() && *there >= reserve_bytes_;
  }
  if (held_ && available < usual / 8) {
    GiveUpReserve();
    if (const absl::StatusOr<DiskSize> now = measure_(); now.ok()) available = now->available;
  } else if (!held_ && options_.reserve_bytes > 0 && available >= 2 * usual && MakeReserve()) {
    available -= reserve_bytes_;
  }
  const bool whole = held_ || options_.reserve_bytes == 0;
  // More is needed for the way back than for staying, so that the level does not flicker.
  const std::uint64_t enough = level() == Level::kEnough ? usual / 2 : usual / 4 * 3;
  if (whole && available >= enough) return Publish(Level::kEnough, available);
  const std::uint64_t little = whole ? usual / 8 : usual / 2;
  Publish(available >= little ? Level::kShort : Level::kExhausted, available);
}

bool DiskSpace::MakeReserve() {
  auto file = fs_->OpenForWrite(options_.reserve_path);
  absl::Status status = file.status();
  if (status.ok()) status = (*file)->Allocate(reserve_bytes_);
  held_ = status.ok();
  if (!held_) {
    if (file.ok()) file->reset();
    (void)fs_->Remove(options_.reserve_path);  // a part of a reserve is none
  }
  return held_;
}

void DiskSpace::GiveUpReserve() {
  const absl::Status removed = fs_->Remove(options_.reserve_path);
  held_ = false;
  if (removed.ok()) {
    spdlog::warn("the disk is full: giving up the reserve of {} bytes in {}", reserve_bytes_,
                 options_.reserve_path);
  } else {
    spdlog::error("the reserve cannot be given up: {}", std::string(removed.message()));
  }
}

void DiskSpace::Publish(Level level, std::uint64_t available) {
  if (level_.exchange(level) == level) return;
  if (level == Level::kEnough) {
    spdlog::info("{} ({} bytes available)", NameOf(level), available);
  } else {
    spdlog::error("{} ({} bytes available)", NameOf(level), available);
  }
  if (changed_) changed_(level);
}

}  // namespace stele::server
