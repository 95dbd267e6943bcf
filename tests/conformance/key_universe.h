// The few keys a program is about: small, so that operations meet, and hostile.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "tests/conformance/dice.h"

namespace stele::conformance {

class KeyUniverse {
 public:
  // Chooses the keys: each begins with `prefix`.
  KeyUniverse(Dice* dice, const std::string& prefix);

  const std::string& Key(Dice* dice) const { return dice->Pick(keys_); }

  // A key and an end: one key, a range, a prefix, everything from a key on, an empty range.
  std::pair<std::string, std::string> Range(Dice* dice) const;

  // Short values that often repeat.
  static std::string Value(Dice* dice);

 private:
  const std::string prefix_;
  std::vector<std::string> keys_;
};

}  // namespace stele::conformance
