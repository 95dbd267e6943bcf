// Runs the scripts of tests/storage/mvcc/data against a store in memory.
//
// A script is a list of commands, one a line, each block followed by ---- and what they printed.
// Arguments are protobuf text. Lines with # are for the reader. STELE_REWRITE=1 in the environment
// rewrites the expectations; the reviewer reads the difference.
//
//   put, delete, txn, compact, grant, revoke,  apply one entry with this command
//   alarm
//   term N                                     entries from here on are of this term
//   together / apart                           apply the entries between as one pass
//   range, read_txn                            ask a view
//   events FROM [prev] key:"" range_end:""     read the history
//   finish                                     physical compaction until nothing is left
//   changes                                    which changes are physically there
//   leases                                     leases and the keys attached to them
//   alarms                                     alarms that are raised
//   hash REVISION                              what HashKV answers
#include <google/protobuf/text_format.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "src/raft/check.h"
#include "src/storage/engine/mem_engine.h"
#include "src/storage/mvcc/key_codec.h"
#include "src/storage/mvcc/record_codec.h"
#include "src/storage/state_machine/state_machine.h"

namespace stele::storage {
namespace {

template <class Message>
Message ParseText(const std::string& text) {
  Message message;
  const bool parsed = google::protobuf::TextFormat::ParseFromString(text, &message);
  EXPECT_TRUE(parsed) << text;
  return message;
}

class ScriptStore {
 public:
  ScriptStore() {
    auto opened = StateMachine::Open(&engine_, {.compaction_batch = 2});
    STELE_CHECK(opened.ok());
    store_ = *std::move(opened);
  }

  std::string Run(const std::string& line) {
    std::istringstream words(line);
    std::string verb;
    words >> verb;
    std::string rest;
    std::getline(words, rest);
    stelepb::Command command;
    if (MakeCommand(verb, rest, &command)) return Propose(std::move(command));
    if (verb == "term") return SetTerm(rest);
    if (verb == "together") return together_ = true, "";
    if (verb == "apart") return together_ = false, ApplyPending();
    if (verb == "range") return Range(rest);
    if (verb == "read_txn") return ReadTxn(rest);
    if (verb == "events") return Events(rest);
    if (verb == "finish") return Finish();
    if (verb == "changes") return Changes();
    if (verb == "leases") return Leases();
    if (verb == "alarms") return Alarms();
    if (verb == "hash") return Hash(rest);
    ADD_FAILURE() << "unknown command: " << line;
    return "";
  }

 private:
  static bool MakeCommand(const std::string& verb, const std::string& rest,
                          stelepb::Command* command) {
    if (verb == "put") {
      *command->mutable_put() = ParseText<etcdserverpb::PutRequest>(rest);
    } else if (verb == "delete") {
      *command->mutable_delete_range() = ParseText<etcdserverpb::DeleteRangeRequest>(rest);
    } else if (verb == "txn") {
      *command->mutable_txn() = ParseText<etcdserverpb::TxnRequest>(rest);
    } else if (verb == "compact") {
      *command->mutable_compact() = ParseText<etcdserverpb::CompactionRequest>(rest);
    } else if (verb == "grant") {
      *command->mutable_lease_grant() = ParseText<stelepb::LeaseGrant>(rest);
    } else if (verb == "revoke") {
      *command->mutable_lease_revoke() = ParseText<stelepb::LeaseRevoke>(rest);
    } else if (verb == "alarm") {
      *command->mutable_alarm() = ParseText<etcdserverpb::AlarmRequest>(rest);
    }
    return command->operation_case() != stelepb::Command::OPERATION_NOT_SET;
  }

  std::string Propose(stelepb::Command command) {
    const std::uint64_t index = store_->applied_index().value + pending_.size() + 1;
    command.set_request_id(index);
    pending_.push_back(
        {{raft::Index{index}, term_}, raft::EntryType::kNormal, command.SerializeAsString()});
    return together_ ? "" : ApplyPending();
  }

  std::string ApplyPending() {
    ApplyOutput output;
    EXPECT_TRUE(store_->Apply(pending_, &output).ok());
    EXPECT_EQ(output.results.size(), pending_.size());
    pending_.clear();
    std::string text;
    for (const CommandResult& result : output.results) text += DescribeResult(result) + "\n";
    for (EventBatch& batch : output.events) {
      for (Event& event : batch.events) event.prev_kv = *store_->View()->Previous(event);
      text += DescribeBatch(batch);
    }
    for (const LeaseChange& lease : output.lease_changes) {
      text += lease.kind == LeaseChange::Kind::kGranted
                  ? "  granted " + std::to_string(lease.id) + " for " +
                        std::to_string(lease.ttl_seconds) + "s\n"
                  : "  revoked " + std::to_string(lease.id) + "\n";
    }
    return text;
  }

  static std::string DescribeStatus(const absl::Status& status) {
    return absl::StatusCodeToString(status.code()) + ": " + std::string(status.message());
  }

  static std::string DescribeResult(const CommandResult& result) {
    if (!result.status.ok()) {
      return DescribeStatus(result.status) + " (at " + std::to_string(result.revision) + ")";
    }
    std::string text;
    std::visit(
        [&](const auto& response) {
          if constexpr (!std::is_same_v<std::decay_t<decltype(response)>, std::monostate>) {
            text = response.ShortDebugString();
          }
        },
        result.response);
    return text;
  }

  static std::string DescribeBatch(const EventBatch& batch) {
    std::string text;
    for (const Event& event : batch.events) {
      text += "  " + std::to_string(batch.revision) + " " +
              mvccpb::Event::EventType_Name(event.type) + " {" + event.kv->ShortDebugString() + "}";
      if (event.prev_kv) text += " was {" + event.prev_kv->ShortDebugString() + "}";
      text += "\n";
    }
    return text;
  }

  std::string SetTerm(const std::string& rest) {
    term_.value = std::stoull(rest);
    return "";
  }

  std::string Range(const std::string& rest) {
    etcdserverpb::RangeResponse response;
    const absl::Status status =
        store_->View()->Range(ParseText<etcdserverpb::RangeRequest>(rest), &response);
    if (!status.ok()) return DescribeStatus(status) + "\n";
    std::string text = "revision " + std::to_string(response.header().revision()) + " count " +
                       std::to_string(response.count()) + (response.more() ? " more" : "") + "\n";
    for (const mvccpb::KeyValue& kv : response.kvs()) text += "  {" + kv.ShortDebugString() + "}\n";
    return text;
  }

  std::string ReadTxn(const std::string& rest) {
    etcdserverpb::TxnResponse response;
    const absl::Status status =
        store_->View()->ReadOnlyTxn(ParseText<etcdserverpb::TxnRequest>(rest), &response);
    return (status.ok() ? response.ShortDebugString() : DescribeStatus(status)) + "\n";
  }

  std::string Events(const std::string& rest) {
    std::istringstream words(rest);
    std::int64_t from = 0;
    words >> from;
    std::string interval;
    std::getline(words, interval);
    const bool with_prev_kv = interval.find("prev") != std::string::npos;
    if (with_prev_kv) interval.erase(interval.find("prev"), 4);
    const auto request = ParseText<etcdserverpb::RangeRequest>(interval);
    std::vector<EventBatch> batches;
    std::int64_t next = 0;
    const absl::Status status = store_->View()->ReadEvents(
        request.key(), request.range_end(), from, with_prev_kv, 1 << 20, 1000, &batches, &next);
    if (!status.ok()) return DescribeStatus(status) + "\n";
    std::string text;
    for (const EventBatch& batch : batches) text += DescribeBatch(batch);
    return text + "  next " + std::to_string(next) + "\n";
  }

  std::string Finish() {
    for (;;) {
      const absl::StatusOr<bool> more = store_->CompactStep();
      EXPECT_TRUE(more.ok());
      if (!more.ok() || !*more) break;
    }
    EXPECT_TRUE(store_->CompactionFinished(store_->View()->compact_revision()));
    return "";
  }

  // Read from the engine itself: what a reader must not see the absence of.
  std::string Changes() {
    const std::shared_ptr<const EngineSnapshot> snapshot = engine_.Snapshot();
    const std::unique_ptr<Iterator> iterator = snapshot->NewIterator(Family::kRev, "");
    std::string text;
    for (iterator->Seek(""); iterator->Valid(); iterator->Next()) {
      Revision revision;
      ChangeRecord change;
      EXPECT_TRUE(DecodeRevisionKey(iterator->key(), &revision));
      EXPECT_TRUE(DecodeChange(iterator->value(), revision, &change));
      text += " " + std::string(change.key) + "@" + std::to_string(revision.main) + "." +
              std::to_string(revision.sub) + (change.tombstone ? "t" : "");
    }
    return text + "\n";
  }

  std::string Alarms() {
    std::string text;
    for (const etcdserverpb::AlarmMember& alarm : store_->View()->Alarms()) {
      text += "  " + alarm.ShortDebugString() + "\n";
    }
    return text;
  }

  std::string Hash(const std::string& rest) {
    const absl::StatusOr<KvHash> hash = store_->View()->HashKv(std::stoll(rest));
    if (!hash.ok()) return DescribeStatus(hash.status()) + "\n";
    return "  " + std::to_string(hash->hash) + " up to " + std::to_string(hash->revision) +
           " compacted " + std::to_string(hash->compact_revision) + "\n";
  }

  std::string Leases() {
    std::string text;
    for (const LeaseChange& lease : store_->View()->Leases()) {
      text += "  " + std::to_string(lease.id) + " for " + std::to_string(lease.ttl_seconds) + "s:";
      for (const std::string& key : store_->View()->LeaseKeys(lease.id)) text += " " + key;
      text += "\n";
    }
    return text;
  }

  MemEngine engine_;
  std::unique_ptr<StateMachine> store_;
  raft::Term term_{1};
  bool together_ = false;
  std::vector<raft::Entry> pending_;
};

std::filesystem::path ScriptDir() {
  return std::filesystem::path(STELE_SOURCE_DIR) / "tests/storage/mvcc/data";
}

std::vector<std::string> ScriptNames() {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(ScriptDir())) {
    if (entry.path().extension() == ".txt") names.push_back(entry.path().stem().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

// The script as it would read if every expectation were what the store did.
std::string Rerun(const std::string& script) {
  ScriptStore store;
  std::istringstream lines(script);
  std::string result;
  std::string printed;
  std::string line;
  while (std::getline(lines, line)) {
    result += line + "\n";
    if (line == "----") {
      result += printed;
      printed.clear();
      // The old expectation ends at an empty line.
      while (std::getline(lines, line) && !line.empty()) {
      }
      if (lines) result += "\n";
    } else if (!line.empty() && line[0] != '#') {
      printed += store.Run(line);
    }
  }
  return result;
}

class StoreScriptTest : public ::testing::TestWithParam<std::string> {};

TEST_P(StoreScriptTest, PrintsWhatItSays) {
  const std::filesystem::path path = ScriptDir() / (GetParam() + ".txt");
  std::ifstream file(path);
  std::stringstream script;
  script << file.rdbuf();
  ASSERT_FALSE(script.str().empty());
  const std::string result = Rerun(script.str());
  if (std::getenv("STELE_REWRITE") != nullptr) {
    std::ofstream(path) << result;
    return;
  }
  EXPECT_EQ(result, script.str());
}

INSTANTIATE_TEST_SUITE_P(Scripts, StoreScriptTest, ::testing::ValuesIn(ScriptNames()),
                         [](const auto& tested) { return tested.param; });

}  // namespace
}  // namespace stele::storage
