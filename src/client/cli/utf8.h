// Just enough of Unicode to print a key on a terminal line. Pure.
#pragma once

#include <cstddef>
#include <string_view>

namespace stele::cli {

struct Rune {
  char32_t code_point = 0;
  size_t length = 1;   // bytes it takes
  bool valid = false;  // false: one byte that is not UTF-8
};

// The character at the start of `text`, which must not be empty.
Rune DecodeRune(std::string_view text);

// Letters, marks, numbers, punctuation, symbols and the ordinary blank.
bool IsPrintable(char32_t code_point);

}  // namespace stele::cli
