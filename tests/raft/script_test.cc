// Runs the scripts in tests/raft/data. A script is a list of blocks: comments, commands, "----" and
// what they print, ended by an empty line. STELE_REWRITE=1 writes what is printed now into the
// scripts; read the difference before you keep it. The commands are those of script_cluster.cc.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "tests/raft/script_cluster.h"

namespace stele::raft {
namespace {

constexpr const char* kSeparator = "----";

bool IsRewriting() { return std::getenv("STELE_REWRITE") != nullptr; }

std::vector<std::string> ReadLines(const std::filesystem::path& path) {
  std::ifstream file(path);
  std::vector<std::string> lines;
  for (std::string line; std::getline(file, line);) lines.push_back(line);
  return lines;
}

class ScriptTest : public ::testing::Test {
 public:
  explicit ScriptTest(std::filesystem::path path) : path_(std::move(path)) {}

  void TestBody() override {
    const std::vector<std::string> lines = ReadLines(path_);
    ASSERT_FALSE(lines.empty()) << path_;
    std::string rewritten;
    std::string printed;
    std::size_t line = 0;
    while (line < lines.size()) {
      const std::string& text = lines[line];
      rewritten += text + "\n";
      ++line;
      if (text == kSeparator) {
        std::string expected;
        for (; line < lines.size() && !lines[line].empty(); ++line) expected += lines[line] + "\n";
        if (!IsRewriting()) {
          EXPECT_EQ(printed, expected) << path_.filename() << ":" << line;
        }
        rewritten += printed;
        printed.clear();
        continue;
      }
      if (!text.empty() && text.front() != '#') printed += cluster_.Run(text);
    }
    EXPECT_EQ(printed, "") << path_.filename() << " ends with output that nothing expects";
    if (IsRewriting()) std::ofstream(path_) << rewritten;
  }

 private:
  std::filesystem::path path_;
  ScriptCluster cluster_;
};

bool RegisterScripts() {
  const std::filesystem::path directory =
      std::filesystem::path(STELE_SOURCE_DIR) / "tests" / "raft" / "data";
  std::vector<std::filesystem::path> paths;
  for (const auto& file : std::filesystem::directory_iterator(directory)) {
    if (file.path().extension() == ".txt") paths.push_back(file.path());
  }
  std::sort(paths.begin(), paths.end());
  for (const std::filesystem::path& path : paths) {
    ::testing::RegisterTest("Script", path.stem().c_str(), nullptr, nullptr, path.c_str(), 1,
                            [path]() -> ::testing::Test* { return new ScriptTest(path); });
  }
  return !paths.empty();
}

[[maybe_unused]] const bool kRegistered = RegisterScripts();

}  // namespace
}  // namespace stele::raft
