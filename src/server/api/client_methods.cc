#include "src/server/api/client_methods.h"

#include <utility>

#include "proto/election.pb.h"
#include "proto/lock.pb.h"
#include "proto/rpc.pb.h"
#include "src/server/api/cluster.h"
#include "src/server/api/election.h"
#include "src/server/api/health.h"
#include "src/server/api/lock.h"
#include "src/server/api/maintenance.h"

namespace stele::server {

void AddClientMethods(const ClientPorts& ports, const ClientLimits& limits, Method watch,
                      MethodRows* rows) {
  const auto quota =
      std::make_shared<const Quota>(limits.quota_bytes, ports.facts, ports.proposer, ports.reader);
  AddKvMethods(limits.kv, ports, quota, rows);
  AddRangeStreamMethod(limits.range_stream, ports, rows);
  AddLeaseMethods(limits.lease, ports, quota, rows);
  AddLockMethods({ports, quota}, rows);
  AddElectionMethods({ports, quota}, rows);
  AddClusterMethods(ports.facts, ports.reader, ports.members, ports.random, rows);
  AddMaintenanceMethods(limits.quota_bytes, ports, rows);
  AddHealthMethods(ports.facts, rows);
  rows->Add(std::move(watch));
  for (const google::protobuf::FileDescriptor* file :
       {etcdserverpb::RangeRequest::descriptor()->file(),
        v3lockpb::LockRequest::descriptor()->file(),
        v3electionpb::CampaignRequest::descriptor()->file()}) {
    for (int i = 0; i < file->service_count(); ++i) rows->FillUnimplemented(*file->service(i));
  }
}

}  // namespace stele::server
