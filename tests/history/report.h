// Violations found, in the order of finding. One fault often shows a thousand times, so the first
// few of each kind are kept and the rest is counted.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace stele::history {

struct Violation {
  std::string check;  // the name of the promise that was broken
  std::string text;
  std::int64_t revision = 0;  // where to look; 0 if nowhere in particular
};

using Violations = std::vector<Violation>;

class Report {
 public:
  void Add(std::string_view check, std::int64_t revision, std::string text) {
    constexpr std::size_t kKeptOfEach = 10;
    ++count_;
    std::string name(check);
    if (++kept_of_[name] > kKeptOfEach) return;
    kept_.push_back({std::move(name), std::move(text), revision});
  }
  std::size_t count() const { return count_; }
  Violations Take() && { return std::move(kept_); }

 private:
  Violations kept_;
  std::map<std::string, std::size_t> kept_of_;
  std::size_t count_ = 0;
};

}  // namespace stele::history
