// What a run against real processes observed: every write, read and watch event with its times.
// Plain values, written by the loads while a run lasts and judged afterwards by history_checks.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace stele::process {

// One key's part of a write. Values are unique over a whole run, so an event can be traced back to
// the write that caused it.
struct Change {
  std::string key;
  std::string value;  // Empty for a deletion.
  bool deletes = false;

  friend bool operator==(const Change&, const Change&) = default;
};

enum class Outcome {
  kAcknowledged,  // The server said yes.
  kRefused,       // It certainly did not and will not happen.
  kUnknown,       // Time-out or broken connection: it happened once or not at all.
};

// One put or transaction. Its changes happen at one revision, in this order; a deletion of an
// absent key leaves no trace.
struct WriteRecord {
  std::vector<Change> changes;
  std::int64_t start_ns = 0;  // Monotonic clock, before the call.
  std::int64_t end_ns = 0;    // Monotonic clock, after the reply.
  Outcome outcome = Outcome::kUnknown;
  std::int64_t revision = 0;  // Of the reply's header; 0 unless acknowledged.
  int member = 0;
};

struct KeyVersion {
  std::string key;
  std::string value;
  std::int64_t create_revision = 0;
  std::int64_t mod_revision = 0;
  std::int64_t version = 0;  // 0 in an event that deletes.

  friend bool operator==(const KeyVersion&, const KeyVersion&) = default;
};

// One range over every key of the load, in ascending order of keys.
struct ReadRecord {
  std::int64_t start_ns = 0;
  std::int64_t end_ns = 0;
  bool linearizable = true;
  std::int64_t revision = 0;  // Of the reply's header.
  std::vector<KeyVersion> kvs;
  int member = 0;
};

struct EventRecord {
  bool deletes = false;
  KeyVersion kv;
  std::optional<KeyVersion> previous =
      {};                  // As sent by the server; absent if the key was not there.
  std::int64_t batch = 0;  // Number of the watch response that carried the event.
};

// All events one watcher received from revision 1 on, through every break and resumption.
struct WatchRecord {
  std::string name;
  bool with_previous = false;
  std::vector<EventRecord> events = {};
};

struct History {
  std::vector<WriteRecord> writes;
  std::vector<ReadRecord> reads;
  std::vector<WatchRecord> watches;
};

}  // namespace stele::process
