// A small disk of its own for a member: ext4 on a loop device over an image file, that can lose its
// power (what was not synced is gone, every later operation fails) and be mounted again.
//
// Mounts live in a mount namespace of the test process, and a loop device goes with its mount, so
// nothing is left behind however the test ends. Use from the thread of the test only, and make the
// first one before any other thread is started: threads and children inherit the namespace.
#pragma once

#include <absl/status/status.h>

#include <cstdint>
#include <filesystem>
#include <string>

namespace stele::process {

class LoopDisk {
 public:
  // Why there can be no loop disks here (not root, no loop devices, no mkfs.ext4), or ok. Enters
  // the namespace.
  static absl::Status Available();

  // Makes `image`, a file of `bytes`, with an empty ext4, and mounts it at `mount_point`.
  LoopDisk(std::filesystem::path image, std::filesystem::path mount_point, std::uint64_t bytes);
  // REQUIRES: nobody uses it any more.
  ~LoopDisk();
  LoopDisk(const LoopDisk&) = delete;
  LoopDisk& operator=(const LoopDisk&) = delete;

  // The power fails: the journal is not written, what was not synced is lost.
  void CutPower();
  // Takes the disk away and mounts what it holds; runs the recovery of ext4.
  // REQUIRES: nobody uses it any more.
  void Remount();

  const std::filesystem::path& path() const { return mount_point_; }

 private:
  absl::Status Mount();
  absl::Status Unmount();

  const std::filesystem::path image_;
  const std::filesystem::path mount_point_;
};

// Ends a test that needs loop disks where there are none: a failure, or a skip if ALLOW_SKIP=1 says
// that this is a developer's machine. CI=true never skips.
#define STELE_REQUIRE_LOOP_DISKS()                                                       \
  do {                                                                                   \
    const absl::Status available = ::stele::process::LoopDisk::Available();              \
    if (!available.ok()) {                                                               \
      if (::stele::process::SkippingIsAllowed()) GTEST_SKIP() << available.message();    \
      FAIL() << available.message() << " (ALLOW_SKIP=1 allows to go without this test)"; \
    }                                                                                    \
  } while (false)

bool SkippingIsAllowed();

}  // namespace stele::process
