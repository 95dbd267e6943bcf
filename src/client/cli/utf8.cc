#include "src/client/cli/utf8.h"

#include <algorithm>
#include <array>
#include <clocale>
#include <cstdint>
#include <cwctype>

namespace stele::cli {
namespace {

struct Range {
  char32_t first;
  char32_t last;
};

// What the C library calls printable although nothing can be seen of it: blanks other than the
// ordinary one, format characters and private use.
constexpr std::array<Range, 27> kInvisible = {{
    {0xa0, 0xa0},       {0xad, 0xad},       {0x600, 0x605},       {0x61c, 0x61c},
    {0x6dd, 0x6dd},     {0x70f, 0x70f},     {0x890, 0x891},       {0x8e2, 0x8e2},
    {0x1680, 0x1680},   {0x180e, 0x180e},   {0x2000, 0x200f},     {0x202a, 0x202f},
    {0x205f, 0x2064},   {0x2066, 0x206f},   {0x3000, 0x3000},     {0xe000, 0xf8ff},
    {0xfeff, 0xfeff},   {0xfff9, 0xfffb},   {0x110bd, 0x110bd},   {0x110cd, 0x110cd},
    {0x13430, 0x13438}, {0x1bca0, 0x1bca3}, {0x1d173, 0x1d17a},   {0xe0001, 0xe0001},
    {0xe0020, 0xe007f}, {0xf0000, 0xffffd}, {0x100000, 0x10fffd},
}};

constexpr char32_t kSurrogateFirst = 0xd800;
constexpr char32_t kSurrogateLast = 0xdfff;
constexpr char32_t kCodePointMax = 0x10ffff;

// The length a lead byte announces, 0 when it is none.
size_t AnnouncedLength(uint8_t lead) {
  if (lead < 0x80) return 1;
  if (lead >= 0xc2 && lead < 0xe0) return 2;
  if (lead >= 0xe0 && lead < 0xf0) return 3;
  if (lead >= 0xf0 && lead < 0xf5) return 4;
  return 0;
}

// The smallest code point that needs this many bytes; smaller ones are overlong and not valid.
char32_t LengthMin(size_t length) {
  constexpr std::array<char32_t, 5> kMin = {0, 0, 0x80, 0x800, 0x10000};
  return kMin.at(length);
}

}  // namespace

Rune DecodeRune(std::string_view text) {
  const auto lead = static_cast<uint8_t>(text[0]);
  const size_t length = AnnouncedLength(lead);
  const Rune invalid{lead, 1, false};
  if (length == 0 || length > text.size()) return invalid;
  if (length == 1) return {lead, 1, true};
  char32_t code_point = lead & (0xffU >> (length + 1));
  for (size_t i = 1; i < length; ++i) {
    const auto byte = static_cast<uint8_t>(text[i]);
    if ((byte & 0xc0U) != 0x80U) return invalid;
    code_point = (code_point << 6U) | (byte & 0x3fU);
  }
  const bool surrogate = code_point >= kSurrogateFirst && code_point <= kSurrogateLast;
  if (code_point < LengthMin(length) || surrogate || code_point > kCodePointMax) return invalid;
  return {code_point, length, true};
}

bool IsPrintable(char32_t code_point) {
  if (code_point < 0x7f) return code_point >= ' ';
  const bool invisible = std::ranges::any_of(kInvisible, [code_point](const Range& range) {
    return code_point >= range.first && code_point <= range.last;
  });
  if (invisible) return false;
  // Independent of the user's own locale, so that output does not change with it.
  static const locale_t locale = newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr);
  return locale != nullptr && iswprint_l(static_cast<wint_t>(code_point), locale) != 0;
}

}  // namespace stele::cli
