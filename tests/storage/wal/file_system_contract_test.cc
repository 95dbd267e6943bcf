// What every file system promises, asked of the real disk and of the simulated one.

#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "src/storage/file_system.h"
#include "src/storage/posix_file_system.h"
#include "tests/sim/sim_file_system.h"

namespace stele::storage {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

enum class Which : std::uint8_t { kPosix, kSimulated };

class FileSystemContractTest : public ::testing::TestWithParam<Which> {
 protected:
  void SetUp() override {
    if (GetParam() == Which::kPosix) {
      fs_ = std::make_unique<PosixFileSystem>();
      std::string pattern = ::testing::TempDir() + "stele_fs_XXXXXX";
      ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
      root_ = pattern;
    } else {
      fs_ = std::make_unique<sim::SimFileSystem>(1);
      root_ = "/root";
      ASSERT_TRUE(fs_->CreateDir(root_).ok());
    }
  }
  void TearDown() override { EXPECT_TRUE(fs_->RemoveTree(root_).ok()); }

  std::string Path(const std::string& name) const { return root_ + "/" + name; }

  std::unique_ptr<WritableFile> Open(const std::string& name) {
    auto file = fs_->OpenForWrite(Path(name));
    EXPECT_TRUE(file.ok()) << file.status();
    return *std::move(file);
  }
  static absl::Status Write(WritableFile* file, std::uint64_t offset, std::string_view bytes) {
    return file->WriteAt(offset, std::as_bytes(std::span(bytes)));
  }
  void Put(const std::string& name, std::string_view bytes) {
    ASSERT_TRUE(Write(Open(name).get(), 0, bytes).ok());
  }
  std::string Get(const std::string& name) {
    const auto bytes = fs_->ReadAll(Path(name));
    return bytes.ok() ? *bytes : bytes.status().ToString();
  }
  std::vector<std::string> Names() { return fs_->List(root_).value(); }

  std::unique_ptr<FileSystem> fs_;
  std::string root_;
};

TEST_P(FileSystemContractTest, OpeningCreatesAndKeeps) {
  EXPECT_FALSE(fs_->Exists(Path("a")));
  Open("a");
  EXPECT_TRUE(fs_->Exists(Path("a")));
  EXPECT_EQ(Get("a"), "");
  Put("a", "text");
  Open("a");
  EXPECT_EQ(Get("a"), "text");
}

TEST_P(FileSystemContractTest, WritesAnywhere) {
  auto file = Open("a");
  EXPECT_TRUE(Write(file.get(), 4, "tail").ok());
  EXPECT_TRUE(Write(file.get(), 0, "h").ok());
  EXPECT_TRUE(Write(file.get(), 8, "").ok());
  EXPECT_TRUE(file->Sync().ok());
  EXPECT_EQ(Get("a"), std::string("h\0\0\0tail", 8));
  EXPECT_EQ(fs_->FileSize(Path("a")).value(), 8U);
}

TEST_P(FileSystemContractTest, WritesMuchAtOnce) {
  std::string bytes(3'000'000, '\0');
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<char>(i * 31 / 7);
  Put("a", bytes);
  EXPECT_EQ(Get("a") == bytes, true);
}

TEST_P(FileSystemContractTest, TruncateSetsTheSizeAndAllocateOnlyExtends) {
  auto file = Open("a");
  ASSERT_TRUE(Write(file.get(), 0, "abcdef").ok());
  EXPECT_TRUE(file->Truncate(3).ok());
  EXPECT_EQ(Get("a"), "abc");
  EXPECT_TRUE(file->Truncate(5).ok());
  EXPECT_EQ(Get("a"), std::string("abc\0\0", 5));
  EXPECT_TRUE(file->Allocate(2).ok());
  EXPECT_EQ(fs_->FileSize(Path("a")).value(), 5U);
  EXPECT_TRUE(file->Allocate(7).ok());
  EXPECT_EQ(Get("a"), std::string("abc\0\0\0\0", 7));
  EXPECT_TRUE(file->Allocate(0).ok());
}

TEST_P(FileSystemContractTest, MissingThingsAreNotFound) {
  EXPECT_TRUE(absl::IsNotFound(fs_->ReadAll(Path("no")).status()));
  EXPECT_TRUE(absl::IsNotFound(fs_->FileSize(Path("no")).status()));
  EXPECT_TRUE(absl::IsNotFound(fs_->Remove(Path("no"))));
  EXPECT_TRUE(absl::IsNotFound(fs_->Rename(Path("no"), Path("other"))));
  EXPECT_TRUE(absl::IsNotFound(fs_->List(Path("no")).status()));
  EXPECT_TRUE(absl::IsNotFound(fs_->SyncDir(Path("no"))));
  EXPECT_TRUE(absl::IsNotFound(fs_->OpenForWrite(Path("no/file")).status()));
  EXPECT_TRUE(fs_->RemoveTree(Path("no")).ok()) << "nothing to do";
}

TEST_P(FileSystemContractTest, ListsNamesInOrder) {
  EXPECT_THAT(Names(), IsEmpty());
  Open("b");
  Open("a");
  ASSERT_TRUE(fs_->CreateDir(Path("c")).ok());
  EXPECT_THAT(Names(), ElementsAre("a", "b", "c"));
}

TEST_P(FileSystemContractTest, MakesADirectoryOnce) {
  EXPECT_TRUE(fs_->CreateDir(Path("d")).ok());
  EXPECT_TRUE(fs_->CreateDir(Path("d")).ok());
  Open("f");
  EXPECT_FALSE(fs_->CreateDir(Path("f")).ok());
  EXPECT_FALSE(fs_->OpenForWrite(Path("d")).ok());
}

TEST_P(FileSystemContractTest, RenameReplacesAFile) {
  Put("a", "new");
  Put("b", "old");
  EXPECT_TRUE(fs_->Rename(Path("a"), Path("b")).ok());
  EXPECT_TRUE(fs_->SyncDir(root_).ok());
  EXPECT_THAT(Names(), ElementsAre("b"));
  EXPECT_EQ(Get("b"), "new");
}

TEST_P(FileSystemContractTest, RenamesADirectoryWithAnOpenFile) {
  ASSERT_TRUE(fs_->CreateDir(Path("d")).ok());
  auto file = Open("d/f");
  EXPECT_TRUE(fs_->Rename(Path("d"), Path("e")).ok());
  EXPECT_TRUE(Write(file.get(), 0, "x").ok());
  EXPECT_EQ(Get("e/f"), "x");
}

TEST_P(FileSystemContractTest, RemovesFilesAndTrees) {
  ASSERT_TRUE(fs_->CreateDir(Path("d")).ok());
  Put("d/f", "x");
  EXPECT_FALSE(fs_->Remove(Path("d")).ok()) << "not empty";
  EXPECT_TRUE(fs_->Remove(Path("d/f")).ok());
  Put("d/g", "x");
  EXPECT_TRUE(fs_->RemoveTree(Path("d")).ok());
  EXPECT_THAT(Names(), IsEmpty());
}

TEST_P(FileSystemContractTest, ALockHasOneHolder) {
  auto lock = fs_->Lock(Path("lock"));
  ASSERT_TRUE(lock.ok()) << lock.status();
  const auto second = fs_->Lock(Path("lock"));
  EXPECT_TRUE(absl::IsFailedPrecondition(second.status()));
  EXPECT_THAT(second.status().ToString(), HasSubstr("data dir is used by"));
  lock->reset();
  EXPECT_TRUE(fs_->Lock(Path("lock")).ok());
}

INSTANTIATE_TEST_SUITE_P(All, FileSystemContractTest,
                         ::testing::Values(Which::kPosix, Which::kSimulated), [](const auto& test) {
                           return test.param == Which::kPosix ? "Posix" : "Simulated";
                         });

class PosixFileSystemTest : public ::testing::Test {
 protected:
  PosixFileSystemTest() {
    std::string pattern = ::testing::TempDir() + "stele_posix_XXXXXX";
    EXPECT_NE(::mkdtemp(pattern.data()), nullptr);
    root_ = pattern;
  }
  ~PosixFileSystemTest() override { std::filesystem::remove_all(root_); }

  static unsigned ModeOf(const std::string& path) {
    return static_cast<unsigned>(std::filesystem::status(path).permissions());
  }

  PosixFileSystem fs_;
  std::string root_;
};

TEST_F(PosixFileSystemTest, WhatItMakesIsForItsOwnerOnly) {
  ASSERT_TRUE(fs_.CreateDir(root_ + "/d").ok());
  ASSERT_TRUE(fs_.OpenForWrite(root_ + "/f").ok());
  EXPECT_EQ(ModeOf(root_ + "/d"), 0700U);
  EXPECT_EQ(ModeOf(root_ + "/f"), 0600U);
}

TEST_F(PosixFileSystemTest, FollowsNoSymbolicLink) {
  ASSERT_TRUE(fs_.OpenForWrite(root_ + "/f").ok());
  std::filesystem::create_symlink(root_ + "/f", root_ + "/link");
  EXPECT_FALSE(fs_.OpenForWrite(root_ + "/link").ok());
  EXPECT_FALSE(fs_.ReadAll(root_ + "/link").ok());
}

TEST_F(PosixFileSystemTest, ARefusedLockNamesItsHolder) {
  const auto lock = fs_.Lock(root_ + "/lock");
  ASSERT_TRUE(lock.ok());
  EXPECT_THAT(fs_.Lock(root_ + "/lock").status().ToString(),
              HasSubstr("data dir is used by pid " + std::to_string(::getpid())));
}

TEST_F(PosixFileSystemTest, ErrorsNameThePathAndTheReason) {
  EXPECT_THAT(fs_.ReadAll(root_ + "/no").status().ToString(),
              HasSubstr("cannot open " + root_ + "/no: No such file or directory"));
}

}  // namespace
}  // namespace stele::storage
