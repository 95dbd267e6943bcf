// All flags of the server.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "src/server/flags/flag_row.h"

namespace stele::server {

// In the order of --help. Made once.
const std::vector<FlagGroup>& FlagGroups();

// By any of its names; nullptr if there is none.
const FlagRow* FindFlag(std::string_view name);

// Whether a name is for --config-file only: it has the dot of a section.
bool IsFileKey(std::string_view name);

// Every name there is: keys of the file, and all but those for the command line.
const std::vector<std::string>& FileKeys();
const std::vector<std::string>& FlagNames();

// The groups, one function a file of rows.
FlagGroup MemberFlags();
FlagGroup TimingFlags();
FlagGroup LimitFlags();
FlagGroup StorageFlags();
FlagGroup ClusterFlags();
FlagGroup DiscoveryFlags();
FlagGroup SecurityFlags();
FlagGroup AuthFlags();
FlagGroup IntegrityFlags();
FlagGroup LoggingFlags();
FlagGroup MonitoringFlags();
FlagGroup UnsafeFlags();
FlagGroup FormerFlags();

}  // namespace stele::server
