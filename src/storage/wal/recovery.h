// Reads the segments of a log and decides where it ends and what its crash left to be put right.
// Decides only: nothing is written, so a refused log is left as it was found.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "src/storage/wal/log_contents.h"
#include "src/storage/wal/record.h"

namespace stele::storage::wal {

// A segment that was followed by another one before it got its last record.
struct UnfinishedRoll {
  std::uint32_t sequence = 0;
  SegmentPosition position;  // where the roll record belongs
};

// The segment in which the log ends.
struct TailSegment {
  std::uint32_t sequence = 0;
  SegmentPosition position;      // the end of the log
  std::uint64_t file_bytes = 0;  // size that its head promises
  std::string last_batch;        // may be in the page cache only: to be written again
  std::uint64_t last_batch_begin = 0;
  std::uint64_t dirty_end = 0;  // bytes from the end to here are of a torn write: to be zeroed
  bool sealed = false;          // the last batch holds nothing that could be lost
};

struct RecoveredLog {
  LogContents contents;
  TailSegment tail;
  std::vector<std::uint32_t> closed;    // segments before the tail, ascending
  std::optional<std::uint32_t> unborn;  // a segment whose creation a crash cut short: to be removed
  std::vector<UnfinishedRoll> unfinished_rolls;
};

// Gives the whole file of a segment. The text lives until the next call.
using SegmentSource = absl::FunctionRef<absl::StatusOr<std::string_view>(std::uint32_t sequence)>;

inline constexpr std::uint32_t kFirstSequence = 1;
std::string SegmentName(std::uint32_t sequence);
// nullopt for a file that is no segment.
std::optional<std::uint32_t> SequenceFromName(std::string_view name);

// `sequences` is ascending. kDataLoss names file and offset, kUnimplemented the format versions,
// kFailedPrecondition the identities.
absl::StatusOr<RecoveredLog> RecoverLog(const std::string& dir,
                                        const std::vector<std::uint32_t>& sequences,
                                        const std::optional<LogIdentity>& expected_identity,
                                        SegmentSource source);

}  // namespace stele::storage::wal
