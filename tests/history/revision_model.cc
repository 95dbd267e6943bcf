#include "tests/history/revision_model.h"

#include <algorithm>
#include <iterator>

#include "absl/strings/str_cat.h"

namespace stele::history {

RevisionModel::RevisionModel(const std::vector<RevisionRecord>& revisions, Report* report)
    : revisions_(revisions) {
  if (!revisions.empty()) first_ = revisions.front().revision;
  IndexKeys(revisions);
  offsets_.reserve(revisions.size() + 1);
  std::int64_t expected = first_;
  for (const RevisionRecord& record : revisions) {
    offsets_.push_back(events_.size());
    if (record.revision != expected || record.changes.empty()) {
      report->Add("dense-revisions", record.revision,
                  absl::StrCat("revision ", record.revision, " with ", record.changes.size(),
                               " changes where ", expected, " is due"));
    }
    ++expected;
    Replay(record, report);
  }
  offsets_.push_back(events_.size());
}

void RevisionModel::IndexKeys(const std::vector<RevisionRecord>& revisions) {
  std::size_t changes = 0;
  for (const RevisionRecord& record : revisions) {
    changes += record.changes.size();
    for (const Change& change : record.changes) {
      if (ranks_.try_emplace(change.key, kNoKey).second) keys_.push_back(&change.key);
    }
  }
  std::ranges::sort(keys_, {}, [](const std::string* key) -> const std::string& { return *key; });
  for (std::size_t i = 0; i < keys_.size(); ++i) ranks_[*keys_[i]] = static_cast<KeyRank>(i);
  versions_.resize(keys_.size());
  events_.reserve(changes);
  revision_of_value_.reserve(changes);
}

void RevisionModel::Replay(const RevisionRecord& record, Report* report) {
  for (const Change& change : record.changes) {
    const KeyRank key = ranks_.find(change.key)->second;
    std::vector<Version>& versions = versions_[key];
    const Version* before =
        versions.empty() || versions.back().version == 0 ? nullptr : &versions.back();
    Version next{.mod = record.revision};
    if (change.deletes) {
      if (before == nullptr) {
        report->Add(
            "delete-of-absent-key", record.revision,
            absl::StrCat("deletion of the absent key ", change.key, " at ", record.revision));
      }
    } else {
      next.create = before != nullptr ? before->create : record.revision;
      next.version = before != nullptr ? before->version + 1 : 1;
      next.lease = change.lease;
      next.value = change.value;
      if (!revision_of_value_.try_emplace(change.value, record.revision).second &&
          (before == nullptr || before->value != change.value)) {
        report->Add("value-written-twice", record.revision,
                    absl::StrCat("value ", change.value, " is written at ", record.revision,
                                 " and at ", revision_of_value_[change.value]));
      }
    }
    events_.push_back({record.revision, key, static_cast<std::uint32_t>(versions.size())});
    versions.push_back(next);
  }
}

const RevisionRecord* RevisionModel::At(std::int64_t revision) const {
  if (revision < first_ || revision > current()) return nullptr;
  return &revisions_[static_cast<std::size_t>(revision - first_)];
}

RevisionModel::KeyRank RevisionModel::RankOf(std::string_view key) const {
  const auto found = ranks_.find(key);
  return found == ranks_.end() ? kNoKey : found->second;
}

RevisionModel::KeyRange RevisionModel::RangeOf(std::string_view key,
                                               std::string_view range_end) const {
  if (range_end.empty()) {
    const KeyRank rank = RankOf(key);
    return rank == kNoKey ? KeyRange{} : KeyRange{rank, rank + 1};
  }
  const auto rank_from = [this](std::string_view bound) {
    const auto at = std::ranges::lower_bound(
        keys_, bound, {}, [](const std::string* each) { return std::string_view(*each); });
    return static_cast<KeyRank>(at - keys_.begin());
  };
  const bool unbounded = range_end.size() == 1 && range_end[0] == '\0';
  KeyRange range{rank_from(key),
                 unbounded ? static_cast<KeyRank>(keys_.size()) : rank_from(range_end)};
  range.end = std::max(range.begin, range.end);
  return range;
}

const RevisionModel::Version* RevisionModel::Find(KeyRank key, std::int64_t revision) const {
  if (key == kNoKey) return nullptr;
  const std::vector<Version>& versions = versions_[key];
  const auto after = std::ranges::upper_bound(versions, revision, {}, &Version::mod);
  if (after == versions.begin()) return nullptr;
  const Version& found = *std::prev(after);
  return found.version == 0 ? nullptr : &found;
}

std::int64_t RevisionModel::RevisionOfValue(std::string_view value) const {
  const auto found = revision_of_value_.find(value);
  return found == revision_of_value_.end() ? 0 : found->second;
}

std::span<const RevisionModel::Event> RevisionModel::EventsFrom(std::int64_t revision) const {
  if (revision > current()) return {};
  const std::int64_t index = std::max<std::int64_t>(revision - first_, 0);
  return std::span(events_).subspan(offsets_[static_cast<std::size_t>(index)]);
}

const RevisionModel::Version* RevisionModel::VersionBefore(const Event& event) const {
  if (event.version == 0) return nullptr;
  const Version& before = versions_[event.key][event.version - 1];
  return before.version == 0 ? nullptr : &before;
}

KeyVersion RevisionModel::Describe(KeyRank key, const Version& version) const {
  return {KeyOf(key),   std::string(version.value), version.create, version.mod, version.version,
          version.lease};
}

bool RevisionModel::Equals(const KeyVersion& kv, KeyRank key, const Version& version) const {
  return kv.mod_revision == version.mod && kv.create_revision == version.create &&
         kv.version == version.version && kv.lease == version.lease && kv.value == version.value &&
         kv.key == KeyOf(key);
}

}  // namespace stele::history
