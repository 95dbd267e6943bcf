// Fixed amounts of work through the hot paths, for instruction counts and for micro benchmarks.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "bench/load/workload.h"
#include "bench/paths/one_member.h"
#include "bench/paths/session_pair.h"

namespace stele::paths {

// Clients of one connection with one unary call each; every round they all ask and are answered
// together.
class UnaryClients {
 public:
  // `pair` outlives this.
  UnaryClients(SessionPair* pair, std::unique_ptr<load::Workload> workload, int clients);
  ~UnaryClients();
  UnaryClients(const UnaryClients&) = delete;
  UnaryClients& operator=(const UnaryClients&) = delete;

  // One operation of every client. All must succeed.
  void Round();
  int clients() const { return static_cast<int>(calls_.size()); }

 private:
  class OneCall;

  SessionPair* const pair_;
  const std::unique_ptr<load::Workload> workload_;
  std::vector<std::unique_ptr<OneCall>> calls_;
};

// Watchers of one key, on streams of the same connection, which end with the object.
class Watchers {
 public:
  // Creates them. `pair` outlives this; `key` is watched alone.
  Watchers(SessionPair* pair, std::string_view key, int streams, int watchers);
  ~Watchers();
  Watchers(const Watchers&) = delete;
  Watchers& operator=(const Watchers&) = delete;

  std::uint64_t events() const;

 private:
  class Stream;

  SessionPair* const pair_;
  std::vector<std::unique_ptr<Stream>> streams_;
};

// A directory below the temporary ones that goes with the object.
class ScratchDir {
 public:
  ScratchDir();
  ~ScratchDir();
  ScratchDir(const ScratchDir&) = delete;
  ScratchDir& operator=(const ScratchDir&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

}  // namespace stele::paths
