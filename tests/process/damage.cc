#include "tests/process/damage.h"

#include <absl/strings/str_cat.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <optional>
#include <system_error>

namespace stele::process {
namespace {

namespace fs = std::filesystem;

std::string ReadFile(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

void WriteFile(const fs::path& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
}

// In place: the file may be in use.
void Overwrite(const fs::path& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary | std::ios::in) << bytes;
}

// The file or directory whose path begins with `target`; the last one by name, which is the newest
// log segment or table.
std::optional<fs::path> Find(const fs::path& data_dir, const std::string& target) {
  const fs::path prefix = data_dir / target;
  if (fs::is_directory(prefix)) return prefix;
  std::vector<fs::path> found;
  if (!fs::is_directory(prefix.parent_path())) return std::nullopt;
  // Files may go while the member still runs.
  std::error_code gone;
  for (auto it = fs::recursive_directory_iterator(prefix.parent_path(), gone);
       !gone && it != fs::recursive_directory_iterator(); it.increment(gone)) {
    const fs::directory_entry& entry = *it;
    const std::string name = entry.path().filename().string();
    const std::string wanted = prefix.filename().string();
    const bool matches =
        wanted.starts_with("*") ? name.ends_with(wanted.substr(1)) : name.starts_with(wanted);
    if (entry.is_regular_file(gone) && matches && !name.ends_with(".spare")) {
      found.push_back(entry.path());
    }
  }
  if (found.empty()) return std::nullopt;
  return *std::ranges::max_element(found);
}

void CopyBack(const fs::path& old_copy, const fs::path& path) {
  fs::remove_all(path);
  fs::create_directories(path.parent_path());
  fs::copy(old_copy, path, fs::copy_options::recursive);
}

}  // namespace

std::string Describe(const Damage& damage) {
  static constexpr const char* kNames[] = {"one bit of", "512 zeros in", "half of", "no",
                                           "an old copy of"};
  return absl::StrCat(kNames[static_cast<int>(damage.kind)], " ",
                      damage.target.empty() ? "the data directory" : damage.target);
}

std::vector<Damage> Campaign() {
  std::vector<Damage> campaign;
  const auto add = [&](const char* target, std::initializer_list<DamageKind> kinds) {
    for (const DamageKind kind : kinds) campaign.push_back({kind, target});
  };
  using enum DamageKind;
  add("member/wal/*.wal",
      {kFlipBit, kFlipBit, kFlipBit, kFlipBit, kFlipBit, kFlipBit, kFlipBit, kFlipBit, kZeroBlock,
       kZeroBlock, kZeroBlock, kTruncate, kDelete, kOldCopy});
  add("member/wal", {kDelete, kOldCopy});
  add("member/boot", {kFlipBit, kFlipBit, kZeroBlock, kTruncate, kDelete, kOldCopy});
  add("member/store/CURRENT", {kFlipBit, kTruncate, kDelete});
  add("member/store/store", {});
  add("member/store/*.sst",
      {kFlipBit, kFlipBit, kFlipBit, kFlipBit, kZeroBlock, kZeroBlock, kTruncate, kDelete});
  add("member/store/MANIFEST", {kFlipBit, kFlipBit, kZeroBlock, kTruncate, kDelete});
  add("member/store", {kDelete, kOldCopy});
  add("", {kDelete, kOldCopy});
  return campaign;
}

bool IsThere(const Damage& damage, const fs::path& data_dir) {
  return damage.target.empty() || Find(data_dir, damage.target).has_value();
}

bool Inflict(const Damage& damage, const fs::path& data_dir, const fs::path& old_copy,
             std::mt19937_64* random) {
  const std::optional<fs::path> path =
      damage.target.empty() ? std::optional(data_dir) : Find(data_dir, damage.target);
  if (!path) return false;
  if (damage.kind == DamageKind::kDelete) return fs::remove_all(*path) > 0;
  if (damage.kind == DamageKind::kOldCopy) {
    const fs::path source = old_copy / fs::relative(*path, data_dir);
    if (!fs::exists(source)) return false;
    CopyBack(source, *path);
    return true;
  }
  std::string bytes = ReadFile(*path);
  // A log segment is reserved ahead: what lies behind its end means nothing.
  const std::size_t used = bytes.find_last_not_of('\0') + 1;
  if (used < 2) return false;
  const std::size_t at = (*random)() % used;
  switch (damage.kind) {
    case DamageKind::kFlipBit:
      bytes[at] = static_cast<char>(bytes[at] ^ (1 << ((*random)() % 8)));
      break;
    case DamageKind::kZeroBlock:
      std::fill_n(bytes.begin() + static_cast<std::ptrdiff_t>(at / 512 * 512),
                  std::min<std::size_t>(512, bytes.size() - at / 512 * 512), '\0');
      break;
    default:
      WriteFile(*path, bytes.substr(0, used / 2));
      return true;
  }
  Overwrite(*path, bytes);
  return true;
}

}  // namespace stele::process
