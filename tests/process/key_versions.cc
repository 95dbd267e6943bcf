#include "tests/process/key_versions.h"

#include <algorithm>

#include "src/raft/check.h"

namespace stele::process {
namespace {

const KeyVersion* Latest(const std::vector<KeyVersion>& versions, std::int64_t revision) {
  auto after = std::ranges::upper_bound(versions, revision, {}, &KeyVersion::mod_revision);
  if (after == versions.begin()) return nullptr;
  const KeyVersion& latest = *std::prev(after);
  return latest.version == 0 ? nullptr : &latest;
}

}  // namespace

const KeyVersion& KeyVersions::Apply(std::string_view key, std::string_view value, bool deletes,
                                     std::int64_t revision) {
  auto [it, inserted] = versions_.try_emplace(std::string(key));
  std::vector<KeyVersion>& versions = it->second;
  STELE_CHECK(versions.empty() || versions.back().mod_revision <= revision);
  KeyVersion next{it->first, std::string(value), 0, revision, 0};
  if (!deletes) {
    const KeyVersion* before = Latest(versions, revision);
    next.create_revision = before != nullptr ? before->create_revision : revision;
    next.version = before != nullptr ? before->version + 1 : 1;
  }
  versions.push_back(std::move(next));
  return versions.back();
}

const KeyVersion* KeyVersions::At(std::string_view key, std::int64_t revision) const {
  auto it = versions_.find(key);
  return it == versions_.end() ? nullptr : Latest(it->second, revision);
}

std::vector<KeyVersion> KeyVersions::AllAt(std::int64_t revision) const {
  std::vector<KeyVersion> present;
  for (const auto& [key, versions] : versions_) {
    if (const KeyVersion* latest = Latest(versions, revision); latest != nullptr) {
      present.push_back(*latest);
    }
  }
  return present;
}

}  // namespace stele::process
