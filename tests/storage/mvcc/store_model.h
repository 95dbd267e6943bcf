// A dumb model of the store to compare with: it keeps a full copy of all keys for every revision
// and undoes a failed transaction by throwing its copy away.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "proto/command.pb.h"
#include "src/storage/state_machine/state_machine.h"

namespace stele::storage {

using KeySpace = std::map<std::string, mvccpb::KeyValue>;

// One event as text: kind, key/value and previous key/value, all of their fields.
using EventText = std::string;

std::string DescribeKeyValue(const mvccpb::KeyValue* kv);
EventText DescribeEvent(std::int64_t revision, const Event& event, bool with_prev_kv);
std::string DescribeResult(const CommandResult& result);

class StoreModel {
 public:
  struct ModelEvent {
    mvccpb::Event::EventType type = mvccpb::Event::PUT;
    mvccpb::KeyValue kv;
    bool has_prev = false;
    mvccpb::KeyValue prev;
  };

  CommandResult Apply(std::uint64_t term, const stelepb::Command& command);

  absl::Status Range(const etcdserverpb::RangeRequest& request,
                     etcdserverpb::RangeResponse* response) const;
  // All events of the interval with from <= revision, in order; prev_kv only where `compact` (the
  // compact revision the reader knows) allows it. `to` is the last revision that the reader knows.
  std::vector<EventText> Events(const std::string& key, const std::string& range_end,
                                std::int64_t from, std::int64_t to, std::int64_t compact,
                                bool with_prev_kv) const;
  std::vector<std::string> LeaseKeys(std::int64_t id) const;

  std::int64_t current() const { return current_; }
  std::int64_t compacted() const { return compacted_; }
  const std::map<std::int64_t, std::int64_t>& leases() const { return leases_; }
  // Events of one revision as text.
  std::vector<EventText> EventsOf(std::int64_t revision) const;

 private:
  absl::Status LeaseExists(std::int64_t lease) const;
  absl::Status Put(const etcdserverpb::PutRequest& request, etcdserverpb::PutResponse* response);
  absl::Status DeleteRange(const etcdserverpb::DeleteRangeRequest& request,
                           etcdserverpb::DeleteRangeResponse* response);
  absl::Status Txn(const etcdserverpb::TxnRequest& request, const KeySpace& before,
                   etcdserverpb::TxnResponse* response);
  absl::Status RangeInTxn(const etcdserverpb::RangeRequest& request,
                          etcdserverpb::RangeResponse* response) const;
  void Delete(const std::string& key);
  std::int64_t RevisionNow() const { return current_ + (draft_.empty() ? 0 : 1); }

  std::int64_t current_ = 1;
  std::int64_t compacted_ = -1;
  KeySpace keys_;
  std::map<std::int64_t, KeySpace> states_ = {{1, {}}};
  std::map<std::int64_t, std::vector<ModelEvent>> events_;
  std::map<std::int64_t, std::int64_t> leases_;
  std::vector<ModelEvent> draft_;
};

}  // namespace stele::storage
