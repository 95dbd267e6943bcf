// The state of all keys at every revision, rebuilt from a sequence of events by the rules of the
// API. It is the reference against which replies are judged. Single-threaded.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "tests/process/history.h"

namespace stele::process {

class KeyVersions {
 public:
  // Adds the change of one key at `revision`; revisions must not fall. Returns the version that
  // the change made: version 0 with an empty value for a deletion.
  const KeyVersion& Apply(std::string_view key, std::string_view value, bool deletes,
                          std::int64_t revision);

  // The key as it was at `revision`, or null if it was absent. Valid until the next Apply().
  const KeyVersion* At(std::string_view key, std::int64_t revision) const;

  // Every present key at `revision`, in ascending order.
  std::vector<KeyVersion> AllAt(std::int64_t revision) const;

 private:
  std::map<std::string, std::vector<KeyVersion>, std::less<>> versions_;
};

}  // namespace stele::process
