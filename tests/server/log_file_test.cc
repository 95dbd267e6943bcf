#include "src/server/log_file.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "spdlog/logger.h"

namespace stele::server {
namespace {

class LogFileTest : public ::testing::Test {
 protected:
  LogFileTest()
      : directory_(::testing::TempDir() + "stele_log_" +
                   ::testing::UnitTest::GetInstance()->current_test_info()->name()) {
    std::filesystem::remove_all(directory_);
    std::filesystem::create_directory(directory_);
  }
  ~LogFileTest() override { std::filesystem::remove_all(directory_); }

  std::string Path(const std::string& name) const { return directory_ / name; }
  std::string Content(const std::string& name) const {
    std::ifstream file(Path(name));
    return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  }

  const std::filesystem::path directory_;
};

TEST_F(LogFileTest, AppendsAndFollowsItsNameAfterReopen) {
  std::ofstream(Path("log")) << "before\n";
  auto file = LogFile::Open(Path("log"));
  ASSERT_TRUE(file.ok()) << file.status();
  spdlog::logger logger("test", *file);
  logger.set_pattern("%v");
  logger.info("one");
  std::filesystem::rename(Path("log"), Path("log.1"));
  logger.info("two");
  ASSERT_TRUE((*file)->Reopen().ok());
  logger.info("three");
  EXPECT_EQ(Content("log.1"), "before\none\ntwo\n");
  EXPECT_EQ(Content("log"), "three\n");
}

TEST_F(LogFileTest, IsForTheOwnerAlone) {
  ASSERT_TRUE(LogFile::Open(Path("log")).ok());
  struct stat facts {};
  ASSERT_EQ(stat(Path("log").c_str(), &facts), 0);
  EXPECT_EQ(facts.st_mode & 0777, 0600u);
}

TEST_F(LogFileTest, AFileThatCannotBeOpenedIsNamedAndTheOldOneStays) {
  EXPECT_EQ(LogFile::Open(Path("none/log")).status().message(),
            "cannot open " + Path("none/log") + ": No such file or directory");
  std::filesystem::create_directory(Path("sub"));
  auto file = LogFile::Open(Path("sub/log"));
  ASSERT_TRUE(file.ok());
  spdlog::logger logger("test", *file);
  logger.set_pattern("%v");
  std::filesystem::rename(Path("sub"), Path("moved"));
  EXPECT_FALSE((*file)->Reopen().ok());
  logger.info("still here");
  EXPECT_EQ(Content("moved/log"), "still here\n");
}

}  // namespace
}  // namespace stele::server
