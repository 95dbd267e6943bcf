#include "src/storage/replace_file.h"

#include <memory>
#include <span>

#include "absl/status/statusor.h"

namespace stele::storage {

absl::Status ReplaceFile(FileSystem* fs, const std::string& dir, const std::string& name,
                         std::string_view bytes) {
  const std::string path = dir + "/" + name;
  const std::string draft_path = path + ".new";
  {
    absl::StatusOr<std::unique_ptr<WritableFile>> draft = fs->OpenForWrite(draft_path);
    if (!draft.ok()) return draft.status();
    absl::Status status = (*draft)->Truncate(0);
    if (status.ok()) status = (*draft)->WriteAt(0, std::as_bytes(std::span(bytes)));
    if (status.ok()) status = (*draft)->Sync();
    if (!status.ok()) return status;
  }
  absl::Status status = fs->Rename(draft_path, path);
  if (status.ok()) status = fs->SyncDir(dir);
  return status;
}

}  // namespace stele::storage
