#include "tests/conformance/key_universe.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "tests/conformance/expansion.h"

namespace stele::conformance {
namespace {

// At most twelve: Go's sort, which etcd uses, keeps the order of equal elements only that far.
constexpr int kFewestKeys = 3;
constexpr int kMostKeys = 11;

std::vector<std::string> AllKeys() {
  using std::string_literals::operator""s;
  return {"a"s,
          "b"s,
          "c"s,
          "ab"s,
          "abc"s,
          "a\0"s,
          "a\0\0"s,
          "a\0b"s,
          "a\xff"s,
          "a\xff\xff"s,
          "\xff"s,
          "\xff\xff"s,
          "\0"s,
          "\0\0"s,
          "\x01"s,
          "\x7f"s,
          "\x80"s,
          "p/1"s,
          "p/2"s,
          "p/10"s,
          "p/1/x"s,
          "p0"s,
          "q"s,
          std::string(300, 'k'),
          std::string(300, 'k') + "l"};
}

}  // namespace

KeyUniverse::KeyUniverse(Dice* dice, const std::string& prefix) : prefix_(prefix) {
  std::vector<std::string> all = AllKeys();
  const auto count = kFewestKeys + dice->Below(kMostKeys - kFewestKeys + 1);
  for (std::int64_t i = 0; i < count; ++i) {
    const auto chosen = all.begin() + dice->Below(std::ssize(all));
    keys_.push_back(prefix + *chosen);
    all.erase(chosen);
  }
}

std::pair<std::string, std::string> KeyUniverse::Range(Dice* dice) const {
  const std::string& key = Key(dice);
  const std::string& other = Key(dice);
  const std::string everything(1, '\0');
  switch (dice->Weighted({30, 25, 10, 10, 15, 5, 5})) {
    case 0:
      return {key, ""};
    case 1:
      return {std::min(key, other), std::max(key, other)};
    case 2:
      return {key, EndOfPrefix(key)};
    case 3:  // from a key on; within the prefix if there is one
      return {key, prefix_.empty() ? everything : EndOfPrefix(prefix_)};
    case 4:
      return {prefix_.empty() ? everything : prefix_,
              prefix_.empty() ? everything : EndOfPrefix(prefix_)};
    case 5:
      return {key, key + '\0'};
    default:
      return {std::max(key, other), std::min(key, other)};
  }
}

std::string KeyUniverse::Value(Dice* dice) {
  switch (dice->Weighted({10, 70, 10, 10})) {
    case 0:
      return "";
    case 1:
      return absl::StrCat(dice->Below(6));
    case 2:
      return std::string(1, static_cast<char>(dice->Below(256)));
    default:
      return std::string(static_cast<std::size_t>(dice->Below(400)), 'v');
  }
}

}  // namespace stele::conformance
