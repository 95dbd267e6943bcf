// Harm done to the files of a member that is stopped.
#pragma once

#include <cstdint>
#include <filesystem>
#include <random>
#include <string>
#include <vector>

namespace stele::process {

enum class DamageKind : std::uint8_t {
  kFlipBit,    // one bit in the used part of the file
  kZeroBlock,  // 512 bytes of it
  kTruncate,   // to half its used size
  kDelete,
  kOldCopy,  // as it was some time before
};

struct Damage {
  DamageKind kind = DamageKind::kFlipBit;
  std::string target;  // relative to the data directory; a prefix of a file name, or a directory
};

std::string Describe(const Damage& damage);

// The damages that make up a campaign: every class of file, every kind that makes sense for it.
std::vector<Damage> Campaign();

// Does it. `old_copy` is an earlier copy of the whole data directory. Returns false when there is
// no such file yet.
bool Inflict(const Damage& damage, const std::filesystem::path& data_dir,
             const std::filesystem::path& old_copy, std::mt19937_64* random);

}  // namespace stele::process
