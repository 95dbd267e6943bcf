#include "src/server/boot_record.h"

#include <cstdint>
#include <string_view>

#include "fmt/format.h"
#include "src/storage/replace_file.h"
#include "src/storage/wal/crc32c.h"

namespace stele::server {
namespace {

constexpr char kName[] = "boot";
// The file: one line that names the format, the checksum of the rest in hex, the record.
constexpr std::string_view kFormatLine = "stele boot record 1\n";
constexpr std::size_t kChecksumChars = 8;

std::string ChecksumText(std::string_view bytes) {
  return fmt::format("{:08x}", storage::wal::Crc32c(bytes));
}

}  // namespace

absl::StatusOr<std::optional<stelepb::BootRecord>> ReadBootRecord(storage::FileSystem* fs,
                                                                  const std::string& member_dir) {
  const std::string path = member_dir + "/" + kName;
  const absl::StatusOr<std::string> bytes = fs->ReadAll(path);
  if (absl::IsNotFound(bytes.status())) return std::optional<stelepb::BootRecord>();
  if (!bytes.ok()) return bytes.status();
  std::string_view rest = *bytes;
  stelepb::BootRecord record;
  if (rest.starts_with(kFormatLine)) {
    rest.remove_prefix(kFormatLine.size());
    const std::string_view checksum = rest.substr(0, kChecksumChars);
    rest.remove_prefix(checksum.size());
    if (checksum == ChecksumText(rest) &&
        record.ParseFromArray(rest.data(), static_cast<int>(rest.size()))) {
      return std::optional(std::move(record));
    }
  }
  return absl::DataLossError(fmt::format("{}: is damaged", path));
}

absl::Status WriteBootRecord(storage::FileSystem* fs, const std::string& member_dir,
                             const stelepb::BootRecord& record) {
  const std::string bytes = record.SerializeAsString();
  return storage::ReplaceFile(fs, member_dir, kName,
                              std::string(kFormatLine) + ChecksumText(bytes) + bytes);
}

}  // namespace stele::server
