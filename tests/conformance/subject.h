// A server the suite looks at.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "tests/conformance/case.h"
#include "tests/conformance/server_group.h"

namespace stele::conformance {

struct Subject {
  std::string name;  // "stele 0.1.0" or "etcd 3.4.23"
  Version version{};
  bool is_stele = false;
  std::string address;
  // Starts more of its kind, for cases that need a server of their own. Empty: they are left out.
  std::filesystem::path binary;
  // The server behind `address` if the suite started it.
  std::unique_ptr<ServerGroup> own;
};

// The addresses of two servers that are asked the same.
struct ServerPair {
  std::string subject;
  std::string reference;
};

// Starts a server, which lives as long as the subject (and the calling thread).
absl::StatusOr<Subject> StartSubject(const std::filesystem::path& binary);

// A server that runs already. `binary` may be empty.
absl::StatusOr<Subject> UseEndpoint(const std::string& address,
                                    const std::filesystem::path& binary);

}  // namespace stele::conformance
