#include "src/storage/alarm/alarm_table.h"

#include <memory>

#include "absl/strings/str_cat.h"
#include "src/storage/mvcc/key_codec.h"
#include "src/storage/mvcc/meta_keys.h"
#include "src/storage/mvcc/record_codec.h"

namespace stele::storage {

namespace {

using etcdserverpb::AlarmMember;

// The table's byte, the kind and the member; the value is the record.
std::string AlarmKey(const AlarmMember& alarm) {
  std::string key(1, kAlarmTable);
  AppendBigEndian32(static_cast<std::uint32_t>(alarm.alarm()), &key);
  AppendBigEndian64(alarm.memberid(), &key);
  return key;
}

std::pair<int, std::uint64_t> IdentityOf(const AlarmMember& alarm) {
  return {static_cast<int>(alarm.alarm()), alarm.memberid()};
}

}  // namespace

absl::Status AlarmTable::Open(const EngineSnapshot& snapshot) {
  absl::StatusOr<std::vector<AlarmMember>> alarms = ReadAlarms(snapshot);
  if (!alarms.ok()) return alarms.status();
  alarms_.clear();
  for (const AlarmMember& alarm : *alarms) alarms_.insert(IdentityOf(alarm));
  return absl::OkStatus();
}

bool AlarmTable::IsRaised(etcdserverpb::AlarmType type) const {
  const auto first = alarms_.lower_bound({static_cast<int>(type), 0});
  return first != alarms_.end() && first->first == static_cast<int>(type);
}

bool AlarmTable::Contains(const AlarmMember& alarm) const {
  return alarms_.contains(IdentityOf(alarm));
}

void AlarmTable::Raise(const AlarmMember& alarm, WriteBatch* batch) {
  if (!alarms_.insert(IdentityOf(alarm)).second) return;
  batch->Put(Family::kMeta, AlarmKey(alarm), alarm.SerializeAsString());
}

bool AlarmTable::Clear(const AlarmMember& alarm, WriteBatch* batch) {
  if (alarms_.erase(IdentityOf(alarm)) == 0) return false;
  batch->Delete(Family::kMeta, AlarmKey(alarm));
  return true;
}

std::string AlarmTable::Serialised() const {
  std::string bytes = "alarms";
  for (const auto& [type, member] : alarms_) absl::StrAppend(&bytes, " ", type, ":", member);
  return bytes;
}

absl::StatusOr<std::vector<AlarmMember>> ReadAlarms(const EngineSnapshot& snapshot) {
  const std::unique_ptr<Iterator> iterator =
      snapshot.NewIterator(Family::kMeta, TableEnd(kAlarmTable));
  std::vector<AlarmMember> alarms;
  for (iterator->Seek(std::string(1, kAlarmTable)); iterator->Valid(); iterator->Next()) {
    const std::string_view bytes = iterator->value();
    if (!alarms.emplace_back().ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
      return DamagedRecord("alarm");
    }
  }
  if (!iterator->status().ok()) return iterator->status();
  return alarms;
}

}  // namespace stele::storage
