#include "tests/process/loop_disk.h"

#include <absl/cleanup/cleanup.h>
#include <absl/strings/str_cat.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/loop.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <system_error>
#include <utility>

namespace stele::process {
namespace {

// The shutdown call of ext4 and its way without writing the journal; no header of Debian has them.
constexpr unsigned long kShutdown = _IOR('X', 125, std::uint32_t);
constexpr std::uint32_t kWithoutJournal = 2;

absl::Status Failed(const std::string& what) {
  return absl::UnavailableError(
      absl::StrCat("loop disk: ", what, ": ", std::system_category().message(errno)));
}

absl::Status EnterNamespace() {
  if (geteuid() != 0) return absl::UnavailableError("loop disk: needs root");
  if (unshare(CLONE_NEWNS) != 0) return Failed("no mount namespace");
  if (mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) {
    return Failed("mounts cannot be made private");
  }
  return absl::OkStatus();
}

// A loop device over `image` that goes when its last user does.
absl::Status Attach(const std::filesystem::path& image, std::string* device, int* device_fd) {
  const int control = open("/dev/loop-control", O_RDWR | O_CLOEXEC);
  if (control < 0) return Failed("/dev/loop-control");
  const absl::Cleanup close_control = [control] { close(control); };
  const int file = open(image.c_str(), O_RDWR | O_CLOEXEC);
  if (file < 0) return Failed(image.string());
  const absl::Cleanup close_file = [file] { close(file); };
  loop_config config{};
  config.fd = static_cast<std::uint32_t>(file);
  config.info.lo_flags = LO_FLAGS_AUTOCLEAR;
  // Another process may take the number between the two calls.
  for (int attempt = 0; attempt < 20; ++attempt) {
    const int number = ioctl(control, LOOP_CTL_GET_FREE);
    if (number < 0) return Failed("no free loop device");
    *device = absl::StrCat("/dev/loop", number);
    *device_fd = open(device->c_str(), O_RDWR | O_CLOEXEC);
    if (*device_fd < 0) return Failed(*device);
    if (ioctl(*device_fd, LOOP_CONFIGURE, &config) == 0) return absl::OkStatus();
    close(*device_fd);
    if (errno != EBUSY) return Failed(*device);
  }
  return absl::UnavailableError("loop disk: others take every free loop device");
}

}  // namespace

absl::Status LoopDisk::Available() {
  static const absl::Status entered = EnterNamespace();
  if (!entered.ok()) return entered;
  if (access("/dev/loop-control", R_OK | W_OK) != 0) return Failed("/dev/loop-control");
  for (const char* program : {"/sbin/mkfs.ext4", "/usr/sbin/mkfs.ext4"}) {
    if (access(program, X_OK) == 0) return absl::OkStatus();
  }
  return absl::UnavailableError("loop disk: there is no mkfs.ext4 (package e2fsprogs)");
}

LoopDisk::LoopDisk(std::filesystem::path image, std::filesystem::path mount_point,
                   std::uint64_t bytes)
    : image_(std::move(image)), mount_point_(std::move(mount_point)) {
  const int file = open(image_.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  EXPECT_GE(file, 0) << image_;
  EXPECT_EQ(ftruncate(file, static_cast<off_t>(bytes)), 0);
  close(file);
  const std::string make =
      absl::StrCat("PATH=$PATH:/sbin:/usr/sbin mkfs.ext4 -q -F -m 0 '", image_.string(), "'");
  EXPECT_EQ(std::system(make.c_str()), 0) << make;  // NOLINT(concurrency-mt-unsafe)
  std::filesystem::create_directories(mount_point_);
  EXPECT_TRUE(Mount().ok()) << image_;
}

LoopDisk::~LoopDisk() {
  const absl::Status unmounted = Unmount();
  EXPECT_TRUE(unmounted.ok()) << unmounted;
  if (::testing::Test::HasFailure()) return;  // somebody will want to look at it
  std::error_code ignored;
  std::filesystem::remove(image_, ignored);
}

void LoopDisk::CutPower() {
  const int root = open(mount_point_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  EXPECT_GE(root, 0) << mount_point_;
  std::uint32_t how = kWithoutJournal;
  EXPECT_EQ(ioctl(root, kShutdown, &how), 0) << Failed("the power cannot be cut");
  close(root);
}

void LoopDisk::Remount() {
  absl::Status status = Unmount();
  if (status.ok()) status = Mount();
  EXPECT_TRUE(status.ok()) << status;
}

absl::Status LoopDisk::Mount() {
  std::string device;
  int device_fd = -1;
  if (absl::Status attached = Attach(image_, &device, &device_fd); !attached.ok()) return attached;
  const absl::Cleanup close_device = [device_fd] { close(device_fd); };
  if (mount(device.c_str(), mount_point_.c_str(), "ext4", 0, nullptr) != 0) {
    return Failed(absl::StrCat("mount of ", device));
  }
  return absl::OkStatus();
}

absl::Status LoopDisk::Unmount() {
  if (umount(mount_point_.c_str()) != 0) {
    return Failed(absl::StrCat("umount ", mount_point_.c_str()));
  }
  return absl::OkStatus();
}

bool SkippingIsAllowed() {
  const auto is = [](const char* variable, const char* value) {
    const char* text = std::getenv(variable);  // NOLINT(concurrency-mt-unsafe)
    return text != nullptr && std::string(text) == value;
  };
  return is("ALLOW_SKIP", "1") && !is("CI", "true");
}

}  // namespace stele::process
