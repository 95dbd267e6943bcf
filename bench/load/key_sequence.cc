#include "bench/load/key_sequence.h"

#include <string>

#include "fmt/format.h"

namespace stele::load {

absl::Status KeySequence::Validate(const Options& options) {
  if (options.key_space == 0) return absl::InvalidArgumentError("--key-space must be at least 1");
  const std::size_t digits = std::to_string(options.key_space - 1).size();
  if (options.key_size < digits) {
    return absl::InvalidArgumentError(
        fmt::format("--key-size {} is too small for --key-space {}, which needs {}",
                    options.key_size, options.key_space, digits));
  }
  return absl::OkStatus();
}

std::uint64_t KeySequence::Next() {
  switch (options_.order) {
    case KeyOrder::kOne:
      return 0;
    case KeyOrder::kRandom:
      return random_.Below(options_.key_space);
    case KeyOrder::kSequential:
      break;
  }
  const std::uint64_t number = next_ % options_.key_space;
  next_ += options_.step;
  return number;
}

void KeySequence::Write(std::uint64_t number, std::span<char> out) {
  for (std::size_t i = out.size(); i > 0; --i) {
    out[i - 1] = static_cast<char>('0' + number % 10);
    number /= 10;
  }
}

}  // namespace stele::load
