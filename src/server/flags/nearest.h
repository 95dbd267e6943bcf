// The word that was probably meant.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace stele::server {

// How many letters must be inserted, removed, changed or swapped with their neighbour to make one
// word of the other.
std::size_t EditDistance(std::string_view a, std::string_view b);

// The nearest of `words`; empty when none is near enough to be meant.
std::string NearestWord(std::string_view word, const std::vector<std::string>& words);

// " (did you mean PREFIXword?)" for the nearest word, or nothing.
std::string DidYouMean(std::string_view word, const std::vector<std::string>& words,
                       std::string_view prefix = "");

}  // namespace stele::server
