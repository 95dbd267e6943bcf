// Engines of either kind for tests: with a disk that survives a crash and is removed in the end.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "src/storage/engine/engine.h"
#include "src/storage/engine/mem_engine.h"

namespace stele::storage {

enum class EngineKind : std::uint8_t { kMem, kRocks };

class TestEngine {
 public:
  virtual ~TestEngine() = default;
  virtual Engine& engine() = 0;
  // What was not flushed is lost. No snapshot may be alive.
  virtual void CrashAndReopen() = 0;
  // The same, but batches that were not flushed may have survived: some prefix of them.
  virtual void CrashAnywhere(std::uint64_t /*seed*/) { CrashAndReopen(); }
  // A directory beside the engine's that does not exist.
  virtual std::string SiblingDir(const std::string& name) = 0;
  virtual std::unique_ptr<Engine> OpenDir(const std::string& dir) = 0;
};

std::unique_ptr<TestEngine> MakeTestEngine(EngineKind kind);

}  // namespace stele::storage
