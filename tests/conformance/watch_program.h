// Generated programs of writes and watches, for two servers.
//
// etcd catches watches up that begin in the past every 100 ms. So that many small programs do not
// wait for that one by one, a bundle of them runs at once: their steps take turns, always in the
// same order, and whoever has to wait until everything is told does so together with all others.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "proto/rpc.pb.h"
#include "tests/conformance/program.h"

namespace stele::conformance {

struct WatchStep {
  enum class Kind : std::uint8_t {
    kWrite,     // `operation`
    kCompact,   // `operation`, when everything so far has been told
    kCreate,    // a watch on `stream`; `watch` is its name
    kCancel,    // the watch of that name, when everything so far has been told
    kProgress,  // asked for on `stream`, when everything so far has been told
    kReopen,    // likewise `stream` is closed and opened again; its watches end
  };
  Kind kind = Kind::kWrite;
  Operation operation;
  int stream = 0;
  int watch = 0;
  etcdserverpb::WatchCreateRequest create;  // start_revision relative, see program.h
};

inline constexpr int kWatchStreams = 6;

struct WatchBundle {
  std::uint64_t seed = 0;
  std::string prefix;  // of all its keys
  std::vector<WatchStep> steps;
};

WatchBundle GenerateWatchBundle(std::uint64_t seed, int programs);

// In the language of cases, as far as it goes: what is sent, without what is expected.
std::string DescribeWatchBundle(const WatchBundle& bundle);

}  // namespace stele::conformance
